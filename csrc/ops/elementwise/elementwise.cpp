#include "ops/elementwise/elementwise.h"

#include <cstring>

#include "blocks/copy/copy.h"
#include "blocks/copy/rearrange.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/past_caches.h"
#include "ops/elementwise/run.h"

namespace dl {
namespace {

using Table = Kernels<ElementwiseArgs>;
constexpr int64_t kGrain = 32768;  // some 15–30 µs at memory speed
constexpr Number kOne{Number::integer, 1, 1.0}, kMinusOne{Number::integer, -1, -1.0};

int kind(DType t) { return is_floating(t) || is_half(t) ? 2 : t == DType::b8 ? 0 : 1; }
Operand number(const Number& n) { return {nullptr, n}; }

}  // namespace

DType elementwise::common_dtype(const char* op, std::initializer_list<Operand> operands) {
  DType t = DType::b8;
  for (const Operand& o : operands)
    if (o.array) t = promote(t, o.array->dtype());
  DL_CHECK(t != DType::f16, DTypeError, op, ": a ", t, " tensor is for storage; convert with .float() to compute");
  for (const Operand& o : operands)
    if (!o.array && o.number.kind > kind(t)) t = o.number.kind == Number::real ? DType::f32 : DType::i64;
  return t;
}

DType elementwise::common_dtype_that_fits(const char* op, std::initializer_list<Operand> operands, bool wraps) {
  const DType t = common_dtype(op, operands);
  for (const Operand& o : operands) {
    const bool negative = o.number.kind == Number::integer && o.number.i < 0;
    if (!o.array && !(wraps && negative && fits(t, {Number::integer, ~o.number.i, 0}))) check_fits(op, t, o.number);
  }
  return t;
}

namespace {

using elementwise::array, elementwise::common_dtype, elementwise::common_dtype_that_fits, elementwise::run;

// The number, or where it lies outside an integer dtype on the side on which it bounds nothing, that side's end.
Operand bound(DType t, const Operand& o, bool least) {
  if (o.array || fits(t, o.number) || least != (o.number.i < 0)) return o;
  return number({Number::integer, t == DType::u8 ? (least ? 0 : UINT8_MAX) : (least ? INT32_MIN : INT32_MAX), 0});
}

DType float_dtype(DType t) { return computes(t) ? t : DType::f32; }

Dims common_shape(const char* op, std::initializer_list<Operand> operands) {
  const Array* first = nullptr;
  Dims shape;
  for (const Operand& o : operands) {
    if (!o.array) continue;
    shape = first ? broadcast_shapes(op, shape, o.array->shape()) : o.array->shape();
    if (!first) first = o.array;
    DL_CHECK(o.array->device() == first->device(), DeviceError, op, ": operands are on ", name(first->device()),
             " and ", name(o.array->device()), "; move one with .to()");
  }
  DL_CHECK(first, ValueError, op, ": needs at least one tensor, got numbers only");
  return shape;
}

// A number beside bfloat16 is a float32, in which kernels compute, but where they only move bits.
void store_operand(void* to, DType t, const Number& n, bool moves) {
  store_number(to, t == DType::bf16 ? DType::f32 : t, n);
  if (t != DType::bf16 || !moves) return;
  uint32_t bits;
  std::memcpy(&bits, to, sizeof bits);
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  const auto rounded = static_cast<uint16_t>(nan ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  std::memcpy(to, &rounded, sizeof rounded);
}

// out[i] = f(operands[i]…). Operands convert to `t`, except `kept` leading ones: where's condition.
void run_into(Table& table, const Array& out, DType t, std::initializer_list<Operand> operands,
              OnInterrupt on_interrupt, int kept = 0) {
  if (out.size() == 0) return;
  const bool fresh = on_interrupt == OnInterrupt::stop;  // in place, the line written was read before
  ElementwiseArgs args{.out = out.raw(), .in = {}, .scalar = {}, .nest = {}, .past_caches = fresh && past_caches(out)};
  Array held[4];
  const Array* nested[kNestOperands] = {&out};
  int k = 0;
  for (const Operand& o : operands) {
    if (o.array) {
      held[k] = k < kept ? *o.array : convert(*o.array, t);
      if (held[k].shape() != out.shape()) held[k] = held[k].expand(out.shape());
      args.in[k] = held[k].raw();
      nested[k + 1] = &held[k];
    } else {
      store_operand(args.scalar[k], t, o.number, kept > 0);
      nested[k + 1] = &out;
    }
    ++k;
  }
  args.nest = make_nest(nested, k + 1);
  for (int i = 0; i < k; ++i)
    if (!args.in[i])
      for (int64_t& s : args.nest.stride[i + 1]) s = 0;
  launch(table.choose(out.device(), t, args), args, out.size(), kGrain, on_interrupt);
}

}  // namespace

Array elementwise::run(const char* op, Table& table, DType t, DType result, std::initializer_list<Operand> operands,
                       int kept) {
  const Dims shape = common_shape(op, operands);
  const Array* arrays[4] = {};
  int n = 0;
  for (const Operand& o : operands)
    if (o.array) arrays[n++] = o.array;
  for (int i = n; i < 4; ++i) arrays[i] = arrays[0];
  const Dims strides = result_layout(shape, {arrays[0], arrays[1], arrays[2], arrays[3]});
  const Array out = Array::empty_strided(shape, strides, result, arrays[0]->device());
  run_into(table, out, t, operands, OnInterrupt::stop, kept);
  return out;
}

namespace {

Array same(const char* op, Table& table, std::initializer_list<Operand> operands) {
  const DType t = common_dtype_that_fits(op, operands);
  return run(op, table, t, t, operands);
}

Array extreme(const char* op, Table& table, const Operand& a, const Operand& b, bool least) {
  const DType t = common_dtype(op, {a, b});
  return same(op, table, {bound(t, a, least), bound(t, b, least)});
}

Array floating(const char* op, Table& table, std::initializer_list<Operand> operands) {
  const DType t = float_dtype(common_dtype(op, operands));
  return run(op, table, t, t, operands);
}

Table add_("add_fwd"), add_relu_("add_relu_fwd"), mul_("mul_fwd"), div_("div_fwd"), pow_("pow_fwd"),
    maximum_("maximum_fwd"), minimum_("minimum_fwd"), exp_("exp_fwd"), log_("log_fwd"), sqrt_("sqrt_fwd"),
    abs_("abs_fwd"), sign_("sign_fwd"), clamp_("clamp_fwd");

void check_alpha(const char* op, DType t, const Number& alpha) {
  DL_CHECK(t == DType::b8 ? alpha.i == 1 : kind(t) >= alpha.kind, DTypeError, op, ": alpha must be ",
           t == DType::b8 ? "1" : "an integer", " for ", t, " tensors");
}

void check_no_bool(const char* op, DType t, const char* hint) {
  DL_CHECK(t != DType::b8, DTypeError, op, ": is not defined for bool tensors; ", hint);
}

Number negative(Number n) { return {n.kind == Number::boolean ? Number::integer : n.kind, -n.i, -n.f}; }

bool overlaps(const Array& dst, const Array& src) {
  if (dst.storage() != src.storage()) return false;
  return dst.offset() != src.offset() || !(dst.shape() == src.shape()) || !(dst.strides() == src.strides());
}

void in_place(const char* op, Table& table, const Array& dst, std::initializer_list<Operand> with) {
  const Operand src = *with.begin();
  const DType t = common_dtype_that_fits(op, {array(dst), src}, true);
  DL_CHECK(kind(t) <= kind(dst.dtype()), DTypeError, op, ": a ", t, " result does not fit into a tensor of ",
           dst.dtype(), " in place; write x = x op y instead");
  if (src.array) {
    const Dims shape = common_shape(op, {array(dst), src});
    DL_CHECK(shape == dst.shape(), ShapeError, op, ": the right-hand side does not broadcast to the tensor written; ",
             dst.shape(), ' ', dst.dtype(), ", ", src.array->shape(), ' ', src.array->dtype());
  }
  DL_CHECK(!overlaps_itself(dst), ValueError, op,
           ": a tensor with many elements in one place (expanded, or windows that overlap) cannot be written to; use "
           ".clone() first");
  // A source that shares memory in any other arrangement would be read after it is written.
  const Array copy = src.array && overlaps(dst, *src.array) ? Array::empty_like(*src.array) : Array();
  if (copy.storage()) copy_into(copy, *src.array);
  const Operand b = copy.storage() ? array(copy) : src;
  if (with.size() == 1)
    run_into(table, dst, dst.dtype(), {array(dst), b}, OnInterrupt::finish);
  else
    run_into(table, dst, dst.dtype(), {array(dst), b, with.begin()[1]}, OnInterrupt::finish);
  dst.bump_version();
}

}  // namespace

Array add_fwd(const Operand& a, const Operand& b, const Number& alpha) {
  const DType t = common_dtype_that_fits("add", {a, b}, true);
  check_alpha("add", t, alpha);
  return run("add", add_, t, t, {a, b, number(alpha)});
}
Array sub_fwd(const Operand& a, const Operand& b, const Number& alpha) {
  const DType t = common_dtype_that_fits("sub", {a, b}, true);
  check_no_bool("sub", t, "use logical_xor or ^");
  check_alpha("sub", t, alpha);
  return run("sub", add_, t, t, {a, b, number(negative(alpha))});
}
static void check_relu(const char* op, DType t) {
  DL_CHECK(computes(t), DTypeError, op, ": needs a float32 or float64 sum, got ", t, "; convert with .float()");
}
Array add_relu_fwd(const Array& a, const Array& b) {
  const DType t = common_dtype("add_relu", {array(a), array(b)});
  check_relu("add_relu", t);
  return run("add_relu", add_relu_, t, t, {array(a), array(b)});
}
Array mul_fwd(const Operand& a, const Operand& b) {
  const DType t = common_dtype_that_fits("mul", {a, b}, true);
  return run("mul", mul_, t, t, {a, b});
}
Array div_fwd(const Operand& a, const Operand& b) { return floating("div", div_, {a, b}); }
Array maximum_fwd(const Operand& a, const Operand& b) { return extreme("maximum", maximum_, a, b, true); }
Array minimum_fwd(const Operand& a, const Operand& b) { return extreme("minimum", minimum_, a, b, false); }

Array pow_fwd(const Operand& a, const Operand& b) {
  const DType t = common_dtype_that_fits("pow", {a, b});
  check_no_bool("pow", t, "convert with .float() or .long()");
  if (a.array && !b.array && a.array->dtype() == t) {
    const double exponent = b.number.kind == Number::real ? b.number.f : static_cast<double>(b.number.i);
    DL_CHECK(computes(t) || exponent >= 0, ValueError, "pow: an integer tensor to the power of ", exponent,
             " is not an integer; convert with .float()");
    if (exponent == 2) return square_fwd(*a.array);
    if (exponent == 3 && t != DType::bf16) return mul_fwd(array(square_fwd(*a.array)), a);
    if (exponent == 0.5) return sqrt_fwd(*a.array);
    if (exponent == -1) return reciprocal_fwd(*a.array);
  }
  return run("pow", pow_, t, t, {a, b});
}

Array exp_fwd(const Array& x) { return floating("exp", exp_, {array(x)}); }
Array log_fwd(const Array& x) { return floating("log", log_, {array(x)}); }
Array sqrt_fwd(const Array& x) { return floating("sqrt", sqrt_, {array(x)}); }
Array square_fwd(const Array& x) {
  const Array y = x.dtype() == DType::b8 ? convert(x, DType::i64) : x;
  return mul_fwd(array(y), array(y));
}
Array reciprocal_fwd(const Array& x) { return div_fwd(number(kOne), array(x)); }
Array abs_fwd(const Array& x) {
  check_no_bool("abs", x.dtype(), "it is x itself");
  return same("abs", abs_, {array(x)});
}
Array sign_fwd(const Array& x) {
  check_no_bool("sign", x.dtype(), "it is x itself");
  return same("sign", sign_, {array(x)});
}
Array neg_fwd(const Array& x) {
  check_no_bool("neg", x.dtype(), "use logical_not or ~");
  return mul_fwd(array(x), number(kMinusOne));
}
Array clamp_fwd(const Array& x, const Operand& low, const Operand& high) {
  check_no_bool("clamp", x.dtype(), "convert with .float() or .long()");
  const DType t = common_dtype("clamp", {array(x), low, high});
  return same("clamp", clamp_, {array(x), bound(t, low, true), bound(t, high, false)});
}

void add_into(const Array& dst, const Operand& src, const Number& alpha) {
  check_alpha("add_", dst.dtype(), alpha);
  in_place("add_", add_, dst, {src, number(alpha)});
}
void add_relu_into(const Array& dst, const Array& src) {
  check_relu("add_relu", dst.dtype());
  in_place("add_relu", add_relu_, dst, {array(src)});
}
void mul_into(const Array& dst, const Operand& src) { in_place("mul_", mul_, dst, {src}); }
void div_into(const Array& dst, const Operand& src) {
  DL_CHECK(computes(dst.dtype()), DTypeError, "div_: a float32 result does not fit into a tensor of ", dst.dtype(),
           " in place; write x = x / y instead");
  in_place("div_", div_, dst, {src});
}

}  // namespace dl
