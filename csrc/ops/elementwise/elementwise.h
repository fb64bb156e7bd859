// Elementwise arithmetic with broadcasting.
//   add       a + alpha b (sub: alpha = -1)   mul  a b        div   a / b, true division: integers give float32
//   pow       a^b                             maximum, minimum: NaN if either is NaN
//   eq ne lt le gt ge, logical_and or xor not: bool      where  a where the condition holds, else b
//   remainder (the divisor's sign), fmod (the dividend's), floor_divide: by 0 integers raise, floats give NaN or inf
//   atan2  the angle of (b, a)     bitwise_and or xor: integers and bools
//   exp log sqrt: integers give float32       abs  sign (of NaN: 0)       clamp  min(max(x, low), high), NaN stays
// bfloat16 is computed in float32 and rounded once. An operand is an Array or a Number. Arrays promote among
// themselves; a Number only lifts the kind (bool < integer < float): float32 + 2.5 is float32, int64 + 2.5 float32,
// bool + 1 int64. Integers wrap around. Shapes broadcast; the result's layout is result_layout()'s. The gradient
// formulas (_bwd) take floats only and do not sum over broadcast dimensions. Operands may be the same memory. Accuracy
// in units in the last place: + - * / sqrt 0.5, exp 1.0, log 0.9, pow 0.51 (float32), libm's (float64).
#pragma once
#include "core/nest.h"

namespace dl {

struct Operand {
  const Array* array;  // null: the number
  Number number;
};

struct ElementwiseArgs {
  void* out;
  const void* in[4];                      // null: scalar[k]
  alignas(8) unsigned char scalar[4][8];  // a Number in the kernel's type
  Nest nest;                              // operand 0: out, 1…: in (all strides 0 for a scalar)
  bool past_caches;                       // out is new, dense and large (core/past_caches.h)
};
// A kernel's range is elements of the nest. Rows are keyed by the type computed in; where's by its result's.

DL_API Array add_fwd(const Operand& a, const Operand& b, const Number& alpha);
DL_API Array sub_fwd(const Operand& a, const Operand& b, const Number& alpha);
DL_API Array add_relu_fwd(const Array& a, const Array& b);  // max(a + b, 0), NaN stays NaN: floats only
DL_API Array mul_fwd(const Operand& a, const Operand& b);
DL_API Array div_fwd(const Operand& a, const Operand& b);
DL_API Array pow_fwd(const Operand& a, const Operand& b);
DL_API Array remainder_fwd(const Operand& a, const Operand& b);
DL_API Array fmod_fwd(const Operand& a, const Operand& b);
DL_API Array floor_divide_fwd(const Operand& a, const Operand& b);
DL_API Array atan2_fwd(const Operand& a, const Operand& b);
DL_API Array bitwise_and_fwd(const Operand& a, const Operand& b);
DL_API Array bitwise_or_fwd(const Operand& a, const Operand& b);
DL_API Array bitwise_xor_fwd(const Operand& a, const Operand& b);
DL_API Array maximum_fwd(const Operand& a, const Operand& b);
DL_API Array minimum_fwd(const Operand& a, const Operand& b);
DL_API Array eq_fwd(const Operand& a, const Operand& b);
DL_API Array ne_fwd(const Operand& a, const Operand& b);
DL_API Array lt_fwd(const Operand& a, const Operand& b);
DL_API Array le_fwd(const Operand& a, const Operand& b);
DL_API Array gt_fwd(const Operand& a, const Operand& b);
DL_API Array ge_fwd(const Operand& a, const Operand& b);
DL_API Array logical_and_fwd(const Operand& a, const Operand& b);
DL_API Array logical_or_fwd(const Operand& a, const Operand& b);
DL_API Array logical_xor_fwd(const Operand& a, const Operand& b);
DL_API Array logical_not_fwd(const Array& a);
DL_API Array where_fwd(const Array& condition, const Operand& a, const Operand& b);
DL_API Array exp_fwd(const Array& x);
DL_API Array log_fwd(const Array& x);
DL_API Array sqrt_fwd(const Array& x);
DL_API Array abs_fwd(const Array& x);
DL_API Array neg_fwd(const Array& x);
DL_API Array sign_fwd(const Array& x);
DL_API Array square_fwd(const Array& x);
DL_API Array reciprocal_fwd(const Array& x);
DL_API Array clamp_fwd(const Array& x, const Operand& low, const Operand& high);

// dst += alpha src, dst = max(dst + src, 0), dst *= src, dst /= src. src broadcasts to dst; its kind must not exceed
// dst's.
DL_API void add_into(const Array& dst, const Operand& src, const Number& alpha);
DL_API void add_relu_into(const Array& dst, const Array& src);
DL_API void mul_into(const Array& dst, const Operand& src);
DL_API void div_into(const Array& dst, const Operand& src);

DL_API Array square_bwd(const Array& g, const Array& x);                       // 2 g x
DL_API Array sqrt_bwd(const Array& g, const Array& y);                         // g / 2y
DL_API Array abs_bwd(const Array& g, const Array& x);                          // g sign(x)
DL_API Array reciprocal_bwd(const Array& g, const Array& y);                   // -g y²
DL_API Array div_bwd_b(const Array& g, const Array& y, const Array& b);        // -g y / b
DL_API Array pow_bwd_a(const Array& g, const Operand& a, const Operand& b);    // g b a^(b-1); 0 where b = 0
DL_API Array pow_bwd_b(const Array& g, const Operand& a, const Array& y);      // g y log a; 0 where 0^b is finite
DL_API Array maximum_bwd(const Array& g, const Operand& a, const Operand& b);  // of a; half each at a tie
DL_API Array minimum_bwd(const Array& g, const Operand& a, const Operand& b);
DL_API Array clamp_bwd(const Array& g, const Array& x, const Operand& low, const Operand& high);  // 1 at the bounds

}  // namespace dl
