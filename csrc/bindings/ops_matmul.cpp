#include "bindings/call.h"
#include "blocks/gemm16/gemm16.h"
#include "blocks/winograd/winograd.h"
#include "ops/matmul/matmul.h"

namespace {

// The block itself, for its tests: two-dimensional float arrays of fitting shapes.
void gemm_into(const dl::Array& c, const dl::Array& a, const dl::Array& b, const dl::Array* bias_n,
               const dl::Array* bias_m, bool accumulate, bool relu) {
  dl::Gemm g = dl::product_of(a, b, c);
  g.bias_n = bias_n ? bias_n->raw() : nullptr;
  g.bias_m = bias_m ? bias_m->raw() : nullptr;
  g.accumulate = accumulate;
  g.relu = relu;
  dl::product(g, c.dtype());
  c.bump_version();
}

}  // namespace

void bind_matmul(py::module_& m) {
  def(m, "gemm_into", &gemm_into);
  def(m, "set_product_precision", &dl::set_product_precision);
  def(m, "set_tiles_always", &dl::set_tiles_always);
  def(m, "set_winograd_always", &dl::set_winograd_always);
  def(m, "product_precision", &dl::product_precision);
  def(m, "matmul_fwd", &dl::matmul_fwd);
  def(m, "matmul_bwd_a", &dl::matmul_bwd_a);
  def(m, "matmul_bwd_b", &dl::matmul_bwd_b);
  def(m, "linear_fwd", &dl::linear_fwd, false);
  def(m, "linear_bwd_x", &dl::linear_bwd_x);
  def(m, "linear_bwd_w", &dl::linear_bwd_w);
  def(m, "linear_bwd_b", &dl::linear_bwd_b);
}
