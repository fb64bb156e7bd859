#include "bindings/convert.h"
#include "ops/pool2d/pool2d.h"

using dl::Array;
using dl::Dims;

void bind_pool2d(py::module_& m) {
  m.def("max_pool2d_fwd", [](const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                             const Dims& dilation, bool ceil_mode, bool want_taps) {
    Array taps;
    Array y = dl::max_pool2d_fwd(x, kernel, stride, padding, dilation, ceil_mode, want_taps ? &taps : nullptr);
    return py::make_tuple(std::move(y), want_taps ? py::cast(std::move(taps)) : py::none());
  });
  m.def("max_pool2d_bwd", &dl::max_pool2d_bwd);
  m.def("max_pool2d_indices", &dl::max_pool2d_indices);
  m.def("adaptive_max_pool2d_fwd", [](const Array& x, int64_t height, int64_t width, bool want_taps) {
    Array taps;
    Array y = dl::adaptive_max_pool2d_fwd(x, height, width, want_taps ? &taps : nullptr);
    return py::make_tuple(std::move(y), want_taps ? py::cast(std::move(taps)) : py::none());
  });
  m.def("adaptive_max_pool2d_bwd", &dl::adaptive_max_pool2d_bwd);
  m.def("adaptive_max_pool2d_indices", &dl::adaptive_max_pool2d_indices);
  m.def("avg_pool2d_fwd", &dl::avg_pool2d_fwd);
  m.def("avg_pool2d_bwd", &dl::avg_pool2d_bwd);
  m.def("adaptive_avg_pool2d_fwd", &dl::adaptive_avg_pool2d_fwd);
  m.def("adaptive_avg_pool2d_bwd", &dl::adaptive_avg_pool2d_bwd);
}
