#include "bindings/call.h"
#include "ops/conv2d/conv2d.h"

void bind_conv2d(py::module_& m) {
  def(m, "conv2d_fwd", &dl::conv2d_fwd, false);
  def(m, "conv2d_bwd_x", &dl::conv2d_bwd_x);
  def(m, "conv2d_bwd_w", &dl::conv2d_bwd_w);
  def(m, "conv2d_bwd_b", &dl::conv2d_bwd_b);
}
