#include "bindings/convert.h"
#include "ops/loss/loss.h"

void bind_loss(py::module_& m) {
  m.def("mse_fwd", &dl::mse_fwd);
  m.def("mse_bwd", &dl::mse_bwd);
  m.def("l1_fwd", &dl::l1_fwd);
  m.def("l1_bwd", &dl::l1_bwd);
  m.def("smooth_l1_fwd", &dl::smooth_l1_fwd);
  m.def("smooth_l1_bwd", &dl::smooth_l1_bwd);
  m.def("huber_fwd", &dl::huber_fwd);
  m.def("huber_bwd", &dl::huber_bwd);
  m.def("bce_fwd", &dl::bce_fwd);
  m.def("bce_bwd", &dl::bce_bwd);
  m.def("bce_bwd_t", &dl::bce_bwd_t);
  m.def("bce_prob_fwd", &dl::bce_prob_fwd);
  m.def("bce_prob_bwd", &dl::bce_prob_bwd);
  m.def("bce_prob_bwd_t", &dl::bce_prob_bwd_t);
}
