#include "bindings/call.h"
#include "ops/elementwise/elementwise.h"

void bind_elementwise(py::module_& m) {
  def(m, "add_fwd", &dl::add_fwd, 1);
  def(m, "sub_fwd", &dl::sub_fwd, 1);
  def(m, "add_relu_fwd", &dl::add_relu_fwd);
  def(m, "mul_fwd", &dl::mul_fwd);
  def(m, "div_fwd", &dl::div_fwd);
  def(m, "pow_fwd", &dl::pow_fwd);
  def(m, "maximum_fwd", &dl::maximum_fwd);
  def(m, "minimum_fwd", &dl::minimum_fwd);
  def(m, "remainder_fwd", &dl::remainder_fwd);
  def(m, "fmod_fwd", &dl::fmod_fwd);
  def(m, "floor_divide_fwd", &dl::floor_divide_fwd);
  def(m, "atan2_fwd", &dl::atan2_fwd);
  def(m, "bitwise_and_fwd", &dl::bitwise_and_fwd);
  def(m, "bitwise_or_fwd", &dl::bitwise_or_fwd);
  def(m, "bitwise_xor_fwd", &dl::bitwise_xor_fwd);
  def(m, "eq_fwd", &dl::eq_fwd);
  def(m, "ne_fwd", &dl::ne_fwd);
  def(m, "lt_fwd", &dl::lt_fwd);
  def(m, "le_fwd", &dl::le_fwd);
  def(m, "gt_fwd", &dl::gt_fwd);
  def(m, "ge_fwd", &dl::ge_fwd);
  def(m, "logical_and_fwd", &dl::logical_and_fwd);
  def(m, "logical_or_fwd", &dl::logical_or_fwd);
  def(m, "logical_xor_fwd", &dl::logical_xor_fwd);
  def(m, "logical_not_fwd", &dl::logical_not_fwd);
  def(m, "where_fwd", &dl::where_fwd);
  def(m, "exp_fwd", &dl::exp_fwd);
  def(m, "log_fwd", &dl::log_fwd);
  def(m, "sqrt_fwd", &dl::sqrt_fwd);
  def(m, "abs_fwd", &dl::abs_fwd);
  def(m, "neg_fwd", &dl::neg_fwd);
  def(m, "sign_fwd", &dl::sign_fwd);
  def(m, "square_fwd", &dl::square_fwd);
  def(m, "reciprocal_fwd", &dl::reciprocal_fwd);
  def(m, "clamp_fwd", &dl::clamp_fwd);

  def(m, "add_into", &dl::add_into, 1);
  def(m, "add_relu_into", &dl::add_relu_into);
  def(m, "mul_into", &dl::mul_into);
  def(m, "div_into", &dl::div_into);

  def(m, "square_bwd", &dl::square_bwd);
  def(m, "sqrt_bwd", &dl::sqrt_bwd);
  def(m, "abs_bwd", &dl::abs_bwd);
  def(m, "reciprocal_bwd", &dl::reciprocal_bwd);
  def(m, "div_bwd_b", &dl::div_bwd_b);
  def(m, "pow_bwd_a", &dl::pow_bwd_a);
  def(m, "pow_bwd_b", &dl::pow_bwd_b);
  def(m, "maximum_bwd", &dl::maximum_bwd);
  def(m, "minimum_bwd", &dl::minimum_bwd);
  def(m, "clamp_bwd", &dl::clamp_bwd);
}
