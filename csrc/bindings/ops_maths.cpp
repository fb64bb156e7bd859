#include "bindings/convert.h"
#include "ops/maths/maths.h"

void bind_maths(py::module_& m) {
  m.def("sin_fwd", &dl::sin_fwd);
  m.def("cos_fwd", &dl::cos_fwd);
  m.def("tan_fwd", &dl::tan_fwd);
  m.def("asin_fwd", &dl::asin_fwd);
  m.def("acos_fwd", &dl::acos_fwd);
  m.def("atan_fwd", &dl::atan_fwd);
  m.def("sinh_fwd", &dl::sinh_fwd);
  m.def("cosh_fwd", &dl::cosh_fwd);
  m.def("log2_fwd", &dl::log2_fwd);
  m.def("log10_fwd", &dl::log10_fwd);
  m.def("exp2_fwd", &dl::exp2_fwd);
  m.def("erf_fwd", &dl::erf_fwd);
  m.def("expm1_fwd", &dl::expm1_fwd);
  m.def("log1p_fwd", &dl::log1p_fwd);
  m.def("rsqrt_fwd", &dl::rsqrt_fwd);
  m.def("floor_fwd", &dl::floor_fwd);
  m.def("ceil_fwd", &dl::ceil_fwd);
  m.def("round_fwd", &dl::round_fwd);
  m.def("trunc_fwd", &dl::trunc_fwd);
}
