// exp, expm1, log, log1p, tanh, sigmoid, sin and cos of turns, for V = Vec<float>, Vec<double>, float, double: one
// formula each, no fused multiply-add, so that every ISA and the CUDA kernels give the same bits. Subnormals are zero.
// Largest error seen over a dense sweep against long double, in units in the last place (tests/core/test_math.py):
// exp 1.1, log 0.9, tanh 2.5, sigmoid 2.4, sin and cos 1.9 (f32 and f64).
#pragma once
#include "simd/pieces.h"

namespace dl::DL_ISA_NS {

template <class T>
struct MathConstants;
template <>
struct MathConstants<float> {
  static constexpr int mantissa = 23, bias = 127;
  static constexpr int32_t root_half = 0x3f3504f3;  // the bits of sqrt(1/2)
  static constexpr int exp_terms = 6;
  // Of (e^r - 1 - r) / r² = 1/2 + r/6 …, fitted on |r| <= ln2/2: largest error of e^r 3e-9, the Taylor series' at one
  // term more is 5e-9.
  static DL_HD constexpr float exp_term(int k) {  // a function: device code has no such array of a host's
    constexpr float of[] = {0.49999994f, 0.16666521f, 0.04166839f, 0.0083687175f, 0.0013814596f};
    return of[k - 2];
  }
  static constexpr int log_terms = 4;                      // s <= 0.1716: s^10 / 11 = 2e-9
  static constexpr int turn_terms = 11;                    // (π/4)^12 / 12! = 1e-10, (π/4)^13 / 13! = 7e-12
  static constexpr float exp_over = 89, exp_under = -104;  // e^x is above the largest number, below half the least one
  static constexpr float ln2_hi = 0.693359375f, ln2_lo = -2.12194440e-4f;  // ln2_hi * n is exact for |n| < 2^12
};
template <>
struct MathConstants<double> {
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr int64_t root_half = 0x3fe6a09e667f3bcd;
  static constexpr int exp_terms = 13;  // (ln2/2)^14 / 14! = 4e-18
  static DL_HD constexpr double exp_term(int k) {
    double factorial = 1;
    for (int i = 2; i <= k; ++i) factorial *= i;
    return 1 / factorial;
  }
  static constexpr int log_terms = 10;   // s^22 / 23 = 6e-19
  static constexpr int turn_terms = 19;  // (π/4)^20 / 20! = 3e-21
  static constexpr double exp_over = 710, exp_under = -746;
  static constexpr double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
};

// 2^n for integral n in the normal range of exponents.
template <class V>
DL_HD inline V pow2(V n) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  return from_bits<T>(shift_left(to_int(n + V(T(C::bias))), C::mantissa));
}

// y 2^n for integral n, in two factors: n may reach bias + 1 at the top, and twice -bias at the bottom.
template <class V>
DL_HD inline V times_pow2(V y, V n) {
  const V half = round_even(n * V(typename ScalarOf<V>::type(0.5)));
  return y * pow2(half) * pow2(n - half);
}

// e^r - 1 on |r| <= ln2/2, smallest term first.
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::exp_terms>
DL_HD inline V expm1_reduced(V r) {
  using C = MathConstants<typename ScalarOf<V>::type>;
  V p = V(C::exp_term(terms));
  for (int k = terms - 1; k >= 2; --k) p = p * r + V(C::exp_term(k));
  return p * r * r + r;
}

template <class V>
struct Reduced {
  V n, r;  // x = n ln2 + r
};
template <class V>
DL_HD inline Reduced<V> reduce_by_ln2(V x) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  const V n = round_even(x * V(T(1.44269504088896340736)));
  return {n, (x - n * V(C::ln2_hi)) - n * V(C::ln2_lo)};
}

// For x between exp_under and exp_over, where overflow and underflow make inf and 0 themselves, or NaN. Fewer terms
// than the type's own serve a caller who keeps fewer digits.
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::exp_terms>
DL_HD inline V exp_inside(V x) {
  const Reduced<V> a = reduce_by_ln2(x);
  return times_pow2(expm1_reduced<V, terms>(a.r) + V(typename ScalarOf<V>::type(1)), a.n);
}
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::exp_terms>
DL_HD inline V exp(V x) {
  using C = MathConstants<typename ScalarOf<V>::type>;
  return exp_inside<V, terms>(at_most(at_least(x, V(C::exp_under)), V(C::exp_over)));
}

// e^x - 1 for x >= 0 (what tanh needs); overflows to inf only past the largest number.
template <class V>
DL_HD inline V expm1_positive(V x) {
  using T = typename ScalarOf<V>::type;
  const Reduced<V> a = reduce_by_ln2(x);
  const V scale = pow2(a.n);
  return expm1_reduced(a.r) * scale + (scale - V(T(1)));
}

// x = 2^e m, m in [sqrt(1/2), sqrt(2)], f = m - 1: log m = f - rest, where rest = f²/2 - s (f²/2 + R), s = f/(2+f), R
// the tail of 2 atanh(s) (the arrangement of fdlibm's e_log.c, with the series' own coefficients), of a normal x > 0.
template <class V>
struct Logarithm {
  V e, f, half, product;  // rest = half - product
};
template <class V, int terms>
DL_HD inline Logarithm<V> log_parts(V e, V f) {
  using T = typename ScalarOf<V>::type;
  const V s = f / (f + V(T(2))), z = s * s;
  V r = V(T(2) / T(2 * terms + 1));
  for (int k = terms - 1; k >= 1; --k) r = r * z + V(T(2) / T(2 * k + 1));
  r = r * z;
  const V half = f * f * V(T(0.5));
  return {e, f, half, s * (half + r)};
}
template <class V>
struct Split {
  V e, m;
};
template <class V>
DL_HD inline Split<V> split_exponent(V x) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  using I = decltype(bits_of(x));
  const I bits = bits_of(x), e = shift_right(bits - I(C::root_half), C::mantissa);  // rounds the exponent at sqrt(1/2)
  return {to_float<T>(e), from_bits<T>(bits - shift_left(e, C::mantissa))};
}
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::log_terms>
DL_HD inline Logarithm<V> log_parts(V x) {
  const Split<V> a = split_exponent(x);
  return log_parts<V, terms>(a.e, a.m - V(typename ScalarOf<V>::type(1)));
}
// log(w + c) where w + c was rounded to w: c, scaled as w's mantissa is, joins f.
template <class V>
DL_HD inline Logarithm<V> log_parts_of_sum(V w, V c) {
  using T = typename ScalarOf<V>::type;
  const Split<V> a = split_exponent(w);
  return log_parts<V, MathConstants<T>::log_terms>(a.e, (a.m - V(T(1))) + times_pow2(c, -a.e));
}
template <class V>
DL_HD inline V total(const Logarithm<V>& l) {
  using C = MathConstants<typename ScalarOf<V>::type>;
  return l.e * V(C::ln2_hi) - ((l.half - (l.product + l.e * V(C::ln2_lo))) - l.f);
}
// A logarithm y of a normal x > 0, or what stands for it where x is 0, negative, infinite or NaN.
template <class V>
DL_HD inline V log_or_special(V x, V y) {
  using T = typename ScalarOf<V>::type;
  const T inf = T(__builtin_inf());
  if (all_between(x, V(T(0)), V(inf))) return y;
  y = select(x == V(T(0)), V(-inf), y);
  y = select(x < V(T(0)), V(T(__builtin_nan(""))), y);
  return select((x == V(inf)) | (x != x), x, y);
}
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::log_terms>
DL_HD inline V log(V x) {
  return log_or_special(x, total(log_parts<V, terms>(x)));
}

// log(1 + u) for 0 <= u <= 1, or NaN.
template <class V>
DL_HD inline V log1p_unit(V u) {
  const V one(typename ScalarOf<V>::type(1)), w = u + one;
  return select(u != u, u, total(log_parts_of_sum(w, u - (w - one))));
}

template <class V>
DL_HD inline V tanh(V x) {
  using T = typename ScalarOf<V>::type;
  if constexpr (sizeof(T) == sizeof(float)) {
    return tanh_single(x);
  } else {
    const V a = abs(x);
    const V t = expm1_positive(at_most(a + a, V(T(44))));  // tanh(22) rounds to 1 in float64
    return copysign(t / (t + V(T(2))), x);
  }
}

template <class V>
DL_HD inline V sigmoid(V x) {
  using T = typename ScalarOf<V>::type;
  return V(T(1)) / (V(T(1)) + exp(-x));
}

// sin and cos of 2πu for 0 <= u <= 1. The nearest quarter turn is taken off exactly; the rest, at most π/4, goes
// through both Taylor series, and the quarter says which is which, and its sign.
template <class V>
struct SinCos {
  V sin, cos;
};
template <class V>
DL_HD inline SinCos<V> sincos_turns(V u) {
  using T = typename ScalarOf<V>::type;
  constexpr int terms = MathConstants<T>::turn_terms;
  T factorial[terms + 1] = {T(1)};
  for (int k = 1; k <= terms; ++k) factorial[k] = factorial[k - 1] * T(k);
  const V quarter = round_even(u * V(T(4)));  // 0 … 4
  const V x = (u - quarter * V(T(0.25))) * V(T(6.28318530717958647693)), z = x * x;
  V s = V(T(1) / factorial[terms]), c = V(T(1) / factorial[terms - 1]);
  for (int k = terms - 2; k >= 3; k -= 2) {
    s = V(T(1) / factorial[k]) - s * z;
    c = V(T(1) / factorial[k - 1]) - c * z;
  }
  s = x - s * z * x;
  c = V(T(1)) - c * z;
  const V two(T(2));
  const auto odd = (quarter == V(T(1))) | (quarter == V(T(3)));
  const V sine = select(odd, c, s), cosine = select(odd, s, c);
  return {select((quarter == two) | (quarter == V(T(3))), -sine, sine),
          select((quarter == V(T(1))) | (quarter == two), -cosine, cosine)};
}

}  // namespace dl::DL_ISA_NS
