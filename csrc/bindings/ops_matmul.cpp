#include "bindings/convert.h"
#include "blocks/gemm/gemm.h"
#include "ops/matmul/matmul.h"

namespace {

// The block itself, for its tests: two-dimensional float arrays of fitting shapes.
void gemm_into(const dl::Array& c, const dl::Array& a, const dl::Array& b, const dl::Array* bias_n,
               const dl::Array* bias_m, bool accumulate, bool relu) {
  dl::Gemm g = dl::gemm_of(a, b, c);
  g.bias_n = bias_n ? bias_n->raw() : nullptr;
  g.bias_m = bias_m ? bias_m->raw() : nullptr;
  g.accumulate = accumulate;
  g.relu = relu;
  dl::gemm(g);
  c.bump_version();
}

}  // namespace

void bind_matmul(py::module_& m) {
  m.def("gemm_into", &gemm_into);
  m.def("set_product_precision", &dl::set_product_precision);
  m.def("set_tiles_always", &dl::set_tiles_always);
  m.def("product_precision", &dl::product_precision);
  m.def("matmul_fwd", &dl::matmul_fwd);
  m.def("matmul_bwd_a", &dl::matmul_bwd_a);
  m.def("matmul_bwd_b", &dl::matmul_bwd_b);
  m.def("linear_fwd", &dl::linear_fwd);
  m.def("linear_bwd_x", &dl::linear_bwd_x);
  m.def("linear_bwd_w", &dl::linear_bwd_w);
  m.def("linear_bwd_b", &dl::linear_bwd_b);
}
