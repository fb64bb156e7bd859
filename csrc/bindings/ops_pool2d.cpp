#include "bindings/call.h"
#include "ops/pool2d/pool2d.h"

using dl::Array;
using dl::Dims;

void bind_pool2d(py::module_& m) {
  def(m, "max_pool2d_fwd",
      [](const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation,
         bool ceil_mode, bool want_taps) {
        Array taps;
        Array y = dl::max_pool2d_fwd(x, kernel, stride, padding, dilation, ceil_mode, want_taps ? &taps : nullptr);
        return py::make_tuple(std::move(y), want_taps ? py::cast(std::move(taps)) : py::none());
      });
  def(m, "max_pool2d_bwd", &dl::max_pool2d_bwd);
  def(m, "max_pool2d_indices", &dl::max_pool2d_indices);
  def(m, "adaptive_max_pool2d_fwd", [](const Array& x, int64_t height, int64_t width, bool want_taps) {
    Array taps;
    Array y = dl::adaptive_max_pool2d_fwd(x, height, width, want_taps ? &taps : nullptr);
    return py::make_tuple(std::move(y), want_taps ? py::cast(std::move(taps)) : py::none());
  });
  def(m, "adaptive_max_pool2d_bwd", &dl::adaptive_max_pool2d_bwd);
  def(m, "adaptive_max_pool2d_indices", &dl::adaptive_max_pool2d_indices);
  def(m, "avg_pool2d_fwd", &dl::avg_pool2d_fwd);
  def(m, "avg_pool2d_bwd", &dl::avg_pool2d_bwd);
  def(m, "adaptive_avg_pool2d_fwd", &dl::adaptive_avg_pool2d_fwd);
  def(m, "adaptive_avg_pool2d_bwd", &dl::adaptive_avg_pool2d_bwd);
}
