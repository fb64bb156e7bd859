// Arrays from arrays and from numbers.
#include "bindings/convert.h"
#include "blocks/copy/copy.h"
#include "blocks/copy/join.h"
#include "blocks/copy/rearrange.h"

namespace {

using dl::Array;
using dl::Device;
using dl::Dims;
using dl::DType;
using dl::Number;

constexpr Number kZero{Number::integer, 0, 0.0}, kOne{Number::integer, 1, 1.0};

Device device_of(const std::string& name) {
  DL_CHECK(name == "cpu" || name == "cuda", dl::ValueError, "device must be \"cpu\" or \"cuda\", got \"", name, "\"");
  return name == "cpu" ? Device::cpu : Device::cuda;
}

}  // namespace

void bind_copy(py::module_& m) {
  m.def("copy_into", [](const Array& dst, const Array& src) {
    dl::copy_into(dst, src);
    dst.bump_version();
  });
  m.def("fill_", [](const Array& dst, const Number& value) {
    dl::fill(dst, value);
    dst.bump_version();
  });
  m.def("convert", &dl::convert);
  m.def("contiguous", &dl::contiguous);
  m.def("reshape", &dl::reshape);
  m.def("clone", &dl::clone);
  m.def("cat", &dl::cat);
  m.def("stack", &dl::stack);
  m.def("channels_last", [](const Array& a) {
    DL_CHECK(a.ndim() == 4, dl::ShapeError, "channels_last: needs 4 dimensions (N, C, H, W), got ", a.shape());
    const Array out = Array::empty_strided(a.shape(), dl::channels_last(a.shape()), a.dtype(), a.device());
    dl::copy_into(out, a);
    return out;
  });
  m.def("full", [](const Dims& shape, const Number& value, DType t, const std::string& device) {
    return dl::full(shape, value, t, device_of(device));
  });
  m.def("zeros", [](const Dims& shape, DType t, const std::string& device) {
    return dl::full(shape, kZero, t, device_of(device), "zeros");
  });
  m.def("ones", [](const Dims& shape, DType t, const std::string& device) {
    return dl::full(shape, kOne, t, device_of(device), "ones");
  });
  // Uncleared, in the dense layout nearest to `strides`.
  m.def("empty_dense", [](const Dims& shape, const Dims& strides, DType t, const std::string& device) {
    return Array::empty_strided(shape, dl::dense_like(shape, strides), t, device_of(device));
  });
  // Zeros in the dense layout nearest to `strides`: where the gradient of a view is scattered.
  m.def("zeros_strided", [](const Dims& shape, const Dims& strides, DType t, const std::string& device) {
    const Array out = Array::empty_strided(shape, dl::dense_like(shape, strides), t, device_of(device));
    dl::fill(out, kZero);
    return out;
  });
  m.def("diagonal", &dl::diagonal);
  m.def("windows", &dl::windows);
  m.def("flip", &dl::flip);
  m.def("arange", &dl::arange);
  m.def("to_device", [](const Array& a, const std::string& device) { return dl::to_device(a, device_of(device)); });
  m.def("layout_copies", &dl::layout_copies);
}
