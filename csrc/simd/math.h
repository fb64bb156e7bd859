// exp, expm1, log, log1p, tanh, sigmoid, sin and cos of turns, for V = Vec<float>, Vec<double>, float, double: one
// formula each, no fused multiply-add, so that every ISA and the CUDA kernels give the same bits. Subnormals are zero.
// Largest error seen over a dense sweep against long double, in units in the last place (tests/core/test_math.py):
// exp 1.1, log 0.9, tanh 2.5, sigmoid 2.4, sin and cos 1.9 (f32 and f64).
#pragma once
#include "simd/scalar.h"
#ifndef __CUDACC__
#include "simd/vec.h"
#endif

namespace dl::DL_ISA_NS {

template <class T>
struct MathConstants;
template <>
struct MathConstants<float> {
  static constexpr int mantissa = 23, bias = 127;
  static constexpr int exp_terms = 7;    // (ln2/2)^8 / 8! = 5e-9 < 2^-27
  static constexpr int log_terms = 4;    // s <= 0.1716: s^10 / 11 = 2e-9
  static constexpr int turn_terms = 11;  // (π/4)^12 / 12! = 1e-10, (π/4)^13 / 13! = 7e-12
  static constexpr float exp_max = 88.72284f, exp_min = -87.33655f;
  static constexpr float ln2_hi = 0.693359375f, ln2_lo = -2.12194440e-4f;  // ln2_hi * n is exact for |n| < 2^12
};
template <>
struct MathConstants<double> {
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr int exp_terms = 13;   // (ln2/2)^14 / 14! = 4e-18
  static constexpr int log_terms = 10;   // s^22 / 23 = 6e-19
  static constexpr int turn_terms = 19;  // (π/4)^20 / 20! = 3e-21
  static constexpr double exp_max = 709.782712893384, exp_min = -708.3964185322641;
  static constexpr double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
};

// 2^n for integral n in the normal range of exponents.
template <class V>
DL_HD inline V pow2(V n) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  return from_bits<T>(shift_left(to_int(n + V(T(C::bias))), C::mantissa));
}

// e^r - 1 on |r| <= ln2/2 by its Taylor series, smallest term first.
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::exp_terms>
DL_HD inline V expm1_reduced(V r) {
  using T = typename ScalarOf<V>::type;
  T factorial[terms + 1] = {T(1)};
  for (int k = 1; k <= terms; ++k) factorial[k] = factorial[k - 1] * T(k);
  V p = V(T(1) / factorial[terms]);
  for (int k = terms - 1; k >= 2; --k) p = p * r + V(T(1) / factorial[k]);
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

// Fewer terms than the type's own serve a caller who keeps fewer digits.
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::exp_terms>
DL_HD inline V exp(V x) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  const V clamped = select(x < V(C::exp_min), V(C::exp_min), select(x > V(C::exp_max), V(C::exp_max), x));
  const Reduced<V> a = reduce_by_ln2(clamped);
  // 2^n in two factors: n reaches bias + 1 at the top.
  const V half = round_even(a.n * V(T(0.5)));
  V y = (expm1_reduced<V, terms>(a.r) + V(T(1))) * pow2(half) * pow2(a.n - half);
  y = select(x < V(C::exp_min), V(T(0)), y);
  y = select(x > V(C::exp_max), V(T(__builtin_inf())), y);
  return select(x != x, x, y);
}

// e^x - 1 for x >= 0 (what tanh needs); overflows to inf only past exp_max.
template <class V>
DL_HD inline V expm1_positive(V x) {
  using T = typename ScalarOf<V>::type;
  const Reduced<V> a = reduce_by_ln2(x);
  const V scale = pow2(a.n);
  return expm1_reduced(a.r) * scale + (scale - V(T(1)));
}

// log(x) for x > 0 by x = 2^e m, m in [sqrt(1/2), sqrt(2)): log(1+f) = f - f²/2 + s (f²/2 + R), s = f/(2+f), R the
// tail of 2 atanh(s) (the arrangement of fdlibm's e_log.c, with the series' own coefficients).
template <class V, int terms = MathConstants<typename ScalarOf<V>::type>::log_terms>
DL_HD inline V log(V x) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  const auto bits = bits_of(x);
  using I = decltype(bits_of(T(0)));
  constexpr I mantissa_bits = (I(1) << C::mantissa) - 1;
  const V e0 = to_float<T>(shift_right(bits, C::mantissa)) - V(T(C::bias));
  const V m0 = from_bits<T>(bit_or(bit_and(bits, decltype(bits)(mantissa_bits)),
                                   decltype(bits)(I(C::bias) << C::mantissa)));  // [1, 2)
  const auto high = m0 > V(T(1.41421356237309504880));
  const V m = select(high, m0 * V(T(0.5)), m0);
  const V e = select(high, e0 + V(T(1)), e0);
  const V f = m - V(T(1)), s = f / (f + V(T(2))), z = s * s;
  V r = V(T(2) / T(2 * terms + 1));
  for (int k = terms - 1; k >= 1; --k) r = r * z + V(T(2) / T(2 * k + 1));
  r = r * z;
  const V half = f * f * V(T(0.5));
  V y = e * V(C::ln2_hi) - ((half - (s * (half + r) + e * V(C::ln2_lo))) - f);
  y = select(x == V(T(0)), V(T(-__builtin_inf())), y);
  y = select(x < V(T(0)), V(T(__builtin_nan(""))), y);
  y = select(x == V(T(__builtin_inf())), x, y);
  return select(x != x, x, y);
}

// log(1 + u) for 0 <= u <= 1; the correction restores what 1 + u rounds away.
template <class V>
DL_HD inline V log1p_unit(V u) {
  using T = typename ScalarOf<V>::type;
  const V w = u + V(T(1));
  return log(w) + (u - (w - V(T(1)))) / w;
}

template <class V>
DL_HD inline V tanh(V x) {
  using T = typename ScalarOf<V>::type;
  const V a = abs(x);
  const V t = expm1_positive(select(a > V(T(22)), V(T(44)), a + a));  // tanh(22) rounds to 1 in float64
  return select(x != x, x, copysign(t / (t + V(T(2))), x));
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
