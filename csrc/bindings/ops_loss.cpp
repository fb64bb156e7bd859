#include "bindings/convert.h"
#include "ops/loss/loss.h"

void bind_loss(py::module_& m) {
  m.def("mse_fwd", &dl::mse_fwd);
  m.def("mse_bwd", &dl::mse_bwd);
  m.def("bce_fwd", &dl::bce_fwd);
  m.def("bce_bwd", &dl::bce_bwd);
  m.def("bce_bwd_t", &dl::bce_bwd_t);
}
