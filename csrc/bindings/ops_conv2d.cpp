#include "bindings/convert.h"
#include "ops/conv2d/conv2d.h"

void bind_conv2d(py::module_& m) {
  m.def("conv2d_fwd", &dl::conv2d_fwd);
  m.def("conv2d_bwd_x", &dl::conv2d_bwd_x);
  m.def("conv2d_bwd_w", &dl::conv2d_bwd_w);
  m.def("conv2d_bwd_b", &dl::conv2d_bwd_b);
}
