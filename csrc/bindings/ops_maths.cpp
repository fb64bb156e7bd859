#include "bindings/call.h"
#include "ops/maths/maths.h"

void bind_maths(py::module_& m) {
  def(m, "sin_fwd", &dl::sin_fwd);
  def(m, "cos_fwd", &dl::cos_fwd);
  def(m, "tan_fwd", &dl::tan_fwd);
  def(m, "asin_fwd", &dl::asin_fwd);
  def(m, "acos_fwd", &dl::acos_fwd);
  def(m, "atan_fwd", &dl::atan_fwd);
  def(m, "sinh_fwd", &dl::sinh_fwd);
  def(m, "cosh_fwd", &dl::cosh_fwd);
  def(m, "log2_fwd", &dl::log2_fwd);
  def(m, "log10_fwd", &dl::log10_fwd);
  def(m, "exp2_fwd", &dl::exp2_fwd);
  def(m, "erf_fwd", &dl::erf_fwd);
  def(m, "expm1_fwd", &dl::expm1_fwd);
  def(m, "log1p_fwd", &dl::log1p_fwd);
  def(m, "rsqrt_fwd", &dl::rsqrt_fwd);
  def(m, "floor_fwd", &dl::floor_fwd);
  def(m, "ceil_fwd", &dl::ceil_fwd);
  def(m, "round_fwd", &dl::round_fwd);
  def(m, "trunc_fwd", &dl::trunc_fwd);
}
