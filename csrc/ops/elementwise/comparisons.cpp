// Comparisons, logic, and the choice by a condition: what gives or takes bools.
#include "ops/elementwise/run.h"

namespace dl {
namespace {

using Table = Kernels<ElementwiseArgs>;
using elementwise::array, elementwise::common_dtype, elementwise::common_dtype_that_fits, elementwise::run;

Table eq_("eq_fwd"), ne_("ne_fwd"), lt_("lt_fwd"), le_("le_fwd"), and_("minimum_fwd"), or_("maximum_fwd"),
    where_("where_fwd");

Operand number(const Number& n) { return {nullptr, n}; }

Array comparison(const char* op, Table& table, const Operand& a, const Operand& b) {
  DType t = common_dtype(op, {a, b});
  for (const Operand* o : {&a, &b})
    if (!o->array && !fits(t, o->number)) t = DType::i64;
  return run(op, table, t, DType::b8, {a, b});
}

Array logical(const char* op, Table& table, const Operand& a, const Operand& b) {
  const auto truth = [](const Operand& o) {
    const Number& n = o.number;
    return o.array ? o : number({Number::boolean, n.kind == Number::real ? n.f != 0 : n.i != 0, 0});
  };
  return run(op, table, DType::b8, DType::b8, {truth(a), truth(b)});
}

}  // namespace

Array eq_fwd(const Operand& a, const Operand& b) { return comparison("eq", eq_, a, b); }
Array ne_fwd(const Operand& a, const Operand& b) { return comparison("ne", ne_, a, b); }
Array lt_fwd(const Operand& a, const Operand& b) { return comparison("lt", lt_, a, b); }
Array le_fwd(const Operand& a, const Operand& b) { return comparison("le", le_, a, b); }
Array gt_fwd(const Operand& a, const Operand& b) { return comparison("gt", lt_, b, a); }
Array ge_fwd(const Operand& a, const Operand& b) { return comparison("ge", le_, b, a); }
Array logical_and_fwd(const Operand& a, const Operand& b) { return logical("logical_and", and_, a, b); }
Array logical_or_fwd(const Operand& a, const Operand& b) { return logical("logical_or", or_, a, b); }
Array logical_xor_fwd(const Operand& a, const Operand& b) { return logical("logical_xor", ne_, a, b); }
Array logical_not_fwd(const Array& a) {
  return comparison("logical_not", eq_, array(a), number({Number::integer, 0, 0.0}));
}

Array where_fwd(const Array& condition, const Operand& a, const Operand& b) {
  DL_CHECK(condition.dtype() == DType::b8, DTypeError, "where: the condition must be a bool tensor, got ",
           condition.dtype(), "; compare, or convert with .bool()");
  const DType t = common_dtype_that_fits("where", {a, b});
  return run("where", where_, t, t, {array(condition), a, b}, 1);
}

}  // namespace dl
