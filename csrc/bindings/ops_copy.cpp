// Arrays from arrays and from numbers.
#include "bindings/call.h"
#include "bindings/device_name.h"
#include "blocks/copy/across.h"
#include "blocks/copy/copy.h"
#include "blocks/copy/join.h"
#include "blocks/copy/rearrange.h"

namespace {

using dl::Array;
using dl::Dims;
using dl::DType;
using dl::Number;

constexpr Number kZero{Number::integer, 0, 0.0}, kOne{Number::integer, 1, 1.0};

}  // namespace

void bind_copy(py::module_& m) {
  def(m, "copy_into", [](const Array& dst, const Array& src) {
    dl::copy_into(dst, src);
    dst.bump_version();
  });
  def(m, "fill_", [](const Array& dst, const Number& value) {
    dl::fill(dst, value);
    dst.bump_version();
  });
  def(m, "convert", &dl::convert);
  def(m, "contiguous", &dl::contiguous);
  def(m, "reshape", &dl::reshape);
  def(m, "clone", &dl::clone);
  def(m, "cat", &dl::cat);
  def(m, "stack", &dl::stack);
  def(m, "channels_last", [](const Array& a) {
    DL_CHECK(a.ndim() == 4, dl::ShapeError, "channels_last: needs 4 dimensions (N, C, H, W), got ", a.shape());
    const Array out = Array::empty_strided(a.shape(), dl::channels_last(a.shape()), a.dtype(), a.device());
    dl::copy_into(out, a);
    return out;
  });
  def(m, "full", [](const Dims& shape, const Number& value, DType t, const std::string& device) {
    return dl::full(shape, value, t, device_of(device));
  });
  def(m, "zeros", [](const Dims& shape, DType t, const std::string& device) {
    return dl::full(shape, kZero, t, device_of(device), "zeros");
  });
  def(m, "ones", [](const Dims& shape, DType t, const std::string& device) {
    return dl::full(shape, kOne, t, device_of(device), "ones");
  });
  // Uncleared, in the dense layout nearest to `strides`.
  def(m, "empty_dense", [](const Dims& shape, const Dims& strides, DType t, const std::string& device) {
    return Array::empty_strided(shape, dl::dense_like(shape, strides), t, device_of(device));
  });
  // Zeros in the dense layout nearest to `strides`: where the gradient of a view is scattered.
  def(m, "zeros_strided", [](const Dims& shape, const Dims& strides, DType t, const std::string& device) {
    const Array out = Array::empty_strided(shape, dl::dense_like(shape, strides), t, device_of(device));
    dl::fill(out, kZero);
    return out;
  });
  def(m, "diagonal", &dl::diagonal);
  def(m, "windows", &dl::windows);
  def(m, "flip", &dl::flip);
  def(m, "arange", &dl::arange);
  def(m, "to_device", [](const Array& a, const std::string& device) { return dl::to_device(a, device_of(device)); });
  def(m, "to_device_later",
      [](const Array& a, const std::string& device) { return dl::to_device(a, device_of(device), true); });
  def(m, "pin_memory", &dl::pin);
  def(m, "is_pinned", &dl::is_pinned);
  def(m, "layout_copies", &dl::layout_copies);
}
