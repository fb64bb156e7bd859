// The gradient formulas: they take floats only, and do not sum over dimensions that were broadcast.
#include "ops/elementwise/run.h"

namespace dl {
namespace {

using Table = Kernels<ElementwiseArgs>;
using elementwise::array, elementwise::run;

Array gradient(const char* op, Table& table, const Array& g, std::initializer_list<Operand> operands) {
  DL_CHECK(computes(g.dtype()), DTypeError, op, ": gradients are float32 or float64, got ", g.dtype());
  return run(op, table, g.dtype(), g.dtype(), operands);
}

Table square_b("square_bwd"), sqrt_b("sqrt_bwd"), abs_b("abs_bwd"), reciprocal_b("reciprocal_bwd"), div_b("div_bwd_b"),
    pow_a("pow_bwd_a"), pow_b("pow_bwd_b"), maximum_b("maximum_bwd"), minimum_b("minimum_bwd"), clamp_b("clamp_bwd");

}  // namespace

Array square_bwd(const Array& g, const Array& x) { return gradient("square", square_b, g, {array(g), array(x)}); }
Array sqrt_bwd(const Array& g, const Array& y) { return gradient("sqrt", sqrt_b, g, {array(g), array(y)}); }
Array abs_bwd(const Array& g, const Array& x) { return gradient("abs", abs_b, g, {array(g), array(x)}); }
Array reciprocal_bwd(const Array& g, const Array& y) {
  return gradient("reciprocal", reciprocal_b, g, {array(g), array(y)});
}
Array div_bwd_b(const Array& g, const Array& y, const Array& b) {
  return gradient("div", div_b, g, {array(g), array(y), array(b)});
}
Array pow_bwd_a(const Array& g, const Operand& a, const Operand& b) {
  return gradient("pow", pow_a, g, {array(g), a, b});
}
Array pow_bwd_b(const Array& g, const Operand& a, const Array& y) {
  return gradient("pow", pow_b, g, {array(g), a, array(y)});
}
Array maximum_bwd(const Array& g, const Operand& a, const Operand& b) {
  return gradient("maximum", maximum_b, g, {array(g), a, b});
}
Array minimum_bwd(const Array& g, const Operand& a, const Operand& b) {
  return gradient("minimum", minimum_b, g, {array(g), a, b});
}
Array clamp_bwd(const Array& g, const Array& x, const Operand& low, const Operand& high) {
  return gradient("clamp", clamp_b, g, {array(g), array(x), low, high});
}

}  // namespace dl
