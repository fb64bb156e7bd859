#include "bindings/convert.h"
#include "ops/elementwise/elementwise.h"

void bind_elementwise(py::module_& m) {
  m.def("add_fwd", &dl::add_fwd, py::arg("a"), py::arg("b"), py::arg("alpha") = 1);
  m.def("sub_fwd", &dl::sub_fwd, py::arg("a"), py::arg("b"), py::arg("alpha") = 1);
  m.def("mul_fwd", &dl::mul_fwd);
  m.def("div_fwd", &dl::div_fwd);
  m.def("pow_fwd", &dl::pow_fwd);
  m.def("maximum_fwd", &dl::maximum_fwd);
  m.def("minimum_fwd", &dl::minimum_fwd);
  m.def("remainder_fwd", &dl::remainder_fwd);
  m.def("fmod_fwd", &dl::fmod_fwd);
  m.def("floor_divide_fwd", &dl::floor_divide_fwd);
  m.def("atan2_fwd", &dl::atan2_fwd);
  m.def("bitwise_and_fwd", &dl::bitwise_and_fwd);
  m.def("bitwise_or_fwd", &dl::bitwise_or_fwd);
  m.def("bitwise_xor_fwd", &dl::bitwise_xor_fwd);
  m.def("eq_fwd", &dl::eq_fwd);
  m.def("ne_fwd", &dl::ne_fwd);
  m.def("lt_fwd", &dl::lt_fwd);
  m.def("le_fwd", &dl::le_fwd);
  m.def("gt_fwd", &dl::gt_fwd);
  m.def("ge_fwd", &dl::ge_fwd);
  m.def("logical_and_fwd", &dl::logical_and_fwd);
  m.def("logical_or_fwd", &dl::logical_or_fwd);
  m.def("logical_xor_fwd", &dl::logical_xor_fwd);
  m.def("logical_not_fwd", &dl::logical_not_fwd);
  m.def("where_fwd", &dl::where_fwd);
  m.def("exp_fwd", &dl::exp_fwd);
  m.def("log_fwd", &dl::log_fwd);
  m.def("sqrt_fwd", &dl::sqrt_fwd);
  m.def("abs_fwd", &dl::abs_fwd);
  m.def("neg_fwd", &dl::neg_fwd);
  m.def("sign_fwd", &dl::sign_fwd);
  m.def("square_fwd", &dl::square_fwd);
  m.def("reciprocal_fwd", &dl::reciprocal_fwd);
  m.def("clamp_fwd", &dl::clamp_fwd);

  m.def("add_into", &dl::add_into, py::arg("dst"), py::arg("src"), py::arg("alpha") = 1);
  m.def("mul_into", &dl::mul_into);
  m.def("div_into", &dl::div_into);

  m.def("square_bwd", &dl::square_bwd);
  m.def("sqrt_bwd", &dl::sqrt_bwd);
  m.def("abs_bwd", &dl::abs_bwd);
  m.def("reciprocal_bwd", &dl::reciprocal_bwd);
  m.def("div_bwd_b", &dl::div_bwd_b);
  m.def("pow_bwd_a", &dl::pow_bwd_a);
  m.def("pow_bwd_b", &dl::pow_bwd_b);
  m.def("maximum_bwd", &dl::maximum_bwd);
  m.def("minimum_bwd", &dl::minimum_bwd);
  m.def("clamp_bwd", &dl::clamp_bwd);
}
