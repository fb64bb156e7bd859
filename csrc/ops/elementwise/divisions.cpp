// Remainders and whole quotients, the angle of a point, and the bits of integers.
#include "blocks/copy/copy.h"
#include "ops/elementwise/run.h"

namespace dl {
namespace {

using elementwise::common_dtype, elementwise::common_dtype_that_fits, elementwise::run;

Kernels<ElementwiseArgs> remainder_("remainder_fwd"), fmod_("fmod_fwd"), floor_divide_("floor_divide_fwd"),
    atan2_("atan2_fwd"), and_("bitwise_and_fwd"), or_("bitwise_or_fwd"), xor_("bitwise_xor_fwd");

bool has_zero(const Operand& b) {
  if (!b.array) return b.number.kind == Number::real ? b.number.f == 0 : b.number.i == 0;
  const Array dense = to_device(contiguous(convert(*b.array, DType::i64)), Device::cpu);
  const int64_t* p = dense.data<int64_t>();
  for (int64_t i = 0; i < dense.size(); ++i)
    if (p[i] == 0) return true;
  return false;
}

Array divided(const char* op, Kernels<ElementwiseArgs>& table, const Operand& a, const Operand& b) {
  const DType t = common_dtype_that_fits(op, {a, b});
  DL_CHECK(t != DType::b8, DTypeError, op, ": is not defined for bool tensors; convert with .long()");
  DL_CHECK(computes(t) || !has_zero(b), ValueError, op, ": an integer divided by zero; convert with .float() for inf");
  return run(op, table, t, t, {a, b});
}

Array bits(const char* op, Kernels<ElementwiseArgs>& table, const Operand& a, const Operand& b) {
  const DType t = common_dtype_that_fits(op, {a, b});
  DL_CHECK(!computes(t), DTypeError, op, ": is defined for integers and bools, got ", t,
           "; compare, or convert with .long()");
  return run(op, table, t, t, {a, b});
}

}  // namespace

Array remainder_fwd(const Operand& a, const Operand& b) { return divided("remainder", remainder_, a, b); }
Array fmod_fwd(const Operand& a, const Operand& b) { return divided("fmod", fmod_, a, b); }
Array floor_divide_fwd(const Operand& a, const Operand& b) { return divided("floor_divide", floor_divide_, a, b); }
Array atan2_fwd(const Operand& a, const Operand& b) {
  const DType c = common_dtype("atan2", {a, b}), t = computes(c) ? c : DType::f32;
  return run("atan2", atan2_, t, t, {a, b});
}
Array bitwise_and_fwd(const Operand& a, const Operand& b) { return bits("bitwise_and", and_, a, b); }
Array bitwise_or_fwd(const Operand& a, const Operand& b) { return bits("bitwise_or", or_, a, b); }
Array bitwise_xor_fwd(const Operand& a, const Operand& b) { return bits("bitwise_xor", xor_, a, b); }

}  // namespace dl
