// log1p, expm1, erf, for V = Vec<float>, Vec<double>, float, double, under math.h's rules.
// Largest error seen, in units in the last place (tests/core/test_math.py): log1p 1.7, expm1 1.9, erf 1.6 (in double
// 2.2).
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

// log(1 + x) for x >= -1; the correction restores what 1 + x rounds away.
template <class V>
DL_HD inline V log1p(V x) {
  using T = typename ScalarOf<V>::type;
  const V w = x + V(T(1)), l = log(w);
  const V y = l + (x - (w - V(T(1)))) / w;
  return select((w == V(T(0))) | (w == V(T(__builtin_inf()))), l, select(x == V(T(0)), x, y));
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1); from 40 on the 1 is below the last place, and 2^n goes in two factors as in exp.
template <class V>
DL_HD inline V expm1(V x) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  const V clamped = select(x < V(T(-40)), V(T(-40)), select(x > V(C::exp_max), V(C::exp_max), x));
  const Reduced<V> a = reduce_by_ln2(clamped);
  const V p = expm1_reduced(a.r), half = round_even(a.n * V(T(0.5))), first = pow2(half), second = pow2(a.n - half);
  const V scale = first * second;  // infinite at the very top only, where it is not used
  V y = select(x > V(T(40)), (p + V(T(1))) * first * second, p * scale + (scale - V(T(1))));
  y = select(x > V(C::exp_max), V(T(__builtin_inf())), y);
  return select((x != x) | (x == V(T(0))), x, y);
}

// erf. Up to 1: its Taylor series, 2/√π Σ (-1)^k x^(2k+1) / (k! (2k+1)). Beyond: 1 - e^(-x²) P(u), P the Chebyshev
// interpolation of e^(x²) erfc(x) in u = slope / (x + 3) - offset, which takes [1, end] to [-1, 1]; past `end` erf
// rounds to 1. P's largest relative error: 4e-9 (float), 6e-17 (double), of a result that is at most 0.16 of erf.
template <class T>
struct ErfConstants;
template <>
struct ErfConstants<float> {
  static constexpr int terms = 10;  // 1 / (11! 23) = 1e-9
  static constexpr float end = 4, slope = 56.0f / 3, offset = 11.0f / 3;
  static constexpr int last = 7;
  static DL_HD constexpr float tail(int k) {  // a function: device code has no such array of a host's
    constexpr float of[] = {0.24602113f,    0.138236976f,    0.0352500131f,   0.00695854f,
                            0.00101736573f, 9.70924378e-05f, 3.00899016e-06f, -5.4920465e-07f};
    return of[k];
  }
};
template <>
struct ErfConstants<double> {
  static constexpr int terms = 18;  // 1 / (19! 39) = 2e-19
  static constexpr double end = 6, slope = 14.4, offset = 2.6;
  static constexpr int last = 15;
  static DL_HD constexpr double tail(int k) {
    constexpr double of[] = {
        0.20798329133342885,     0.15436117429436919,    0.049698445403394124,   0.01271314769569188,
        0.0024793146970863585,   0.00033160296057971095, 1.9563583197349248e-05, -2.4255574870397315e-06,
        -5.541273089505402e-07,  4.526736467874021e-09,  1.1339334880788865e-08, 2.6376988093712583e-10,
        -2.5700366834691124e-10, -6.018179010691682e-12, 6.043721079151965e-12,  -7.577272143066693e-15};
    return of[k];
  }
};

template <class V>
DL_HD inline V erf(V x) {
  using T = typename ScalarOf<V>::type;
  using C = ErfConstants<T>;
  const V z = x * x, a = abs(x);
  T factorial = 1, series[C::terms + 1];
  for (int k = 0; k <= C::terms; ++k) {
    if (k) factorial *= -T(k);
    series[k] = T(1.12837916709551257390) / (factorial * T(2 * k + 1));
  }
  series[0] = T(0.12837916709551257390);  // x is added apart, so that the sum rounds once
  V s = V(series[C::terms]);
  for (int k = C::terms - 1; k >= 0; --k) s = s * z + V(series[k]);
  const V far = select(a > V(C::end), V(C::end), a);
  const V u = V(C::slope) / (far + V(T(3))) - V(C::offset);
  V p = V(C::tail(C::last));
  for (int k = C::last - 1; k >= 0; --k) p = p * u + V(C::tail(k));
  const V beyond = copysign(V(T(1)) - exp(-(far * far)) * p, x);
  return select(x != x, x, select(a < V(T(1)), x + x * s, beyond));
}

// atan, for float and Vec<float>, through -1/x above tan(3π/8) and (x - 1) / (x + 1) above tan(π/8). What is left is
// below 0.4143; the series' coefficients interpolate at Chebyshev points, with an error of 2e-9. In ulp: 2.6
// (ops/maths).
template <class V>
DL_HD inline V atan(V x) {
  const V a = abs(x), one(1.0f);
  const auto far = a > V(2.41421356f), middle = a > V(0.41421356f);
  const V up = select(far, V(-1.0f), select(middle, a - one, a)), down = select(far, a, select(middle, a + one, one));
  const V t = up / down, z = t * t;
  constexpr float series[] = {-0.0862729176f, 0.110717595f, -0.142841755f, 0.199999778f, -0.333333333f};
  V p = V(0.0505421442f);
  for (float c : series) p = p * z + V(c);
  const V base = select(far, V(1.57079633f), select(middle, V(0.785398163f), V(0.0f)));
  return select(x != x, x, copysign(base + (t + t * z * p), x));
}

}  // namespace dl::DL_ISA_NS
