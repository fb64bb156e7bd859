#include "bindings/call.h"
#include "ops/loss/loss.h"

void bind_loss(py::module_& m) {
  def(m, "mse_fwd", &dl::mse_fwd);
  def(m, "mse_bwd", &dl::mse_bwd);
  def(m, "l1_fwd", &dl::l1_fwd);
  def(m, "l1_bwd", &dl::l1_bwd);
  def(m, "smooth_l1_fwd", &dl::smooth_l1_fwd);
  def(m, "smooth_l1_bwd", &dl::smooth_l1_bwd);
  def(m, "huber_fwd", &dl::huber_fwd);
  def(m, "huber_bwd", &dl::huber_bwd);
  def(m, "bce_fwd", &dl::bce_fwd);
  def(m, "bce_bwd", &dl::bce_bwd);
  def(m, "bce_bwd_t", &dl::bce_bwd_t);
  def(m, "bce_prob_fwd", &dl::bce_prob_fwd);
  def(m, "bce_prob_bwd", &dl::bce_prob_bwd);
  def(m, "bce_prob_bwd_t", &dl::bce_prob_bwd_t);
}
