// log1p, expm1, erf, for V = Vec<float>, Vec<double>, float, double, under math.h's rules.
// Largest error seen, in units in the last place (tests/core/test_math.py): log1p 1.7, expm1 1.9, erf 1.6 (in double
// 2.2).
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

// log(1 + x) for x >= -1.
template <class V>
DL_HD inline V log1p(V x) {
  const V one(typename ScalarOf<V>::type(1)), w = x + one, y = total(log_parts_of_sum(w, x - (w - one)));
  return log_or_special(w, select(x == V(typename ScalarOf<V>::type(0)), x, y));
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1); from 40 on the 1 is below the last place.
template <class V>
DL_HD inline V expm1(V x) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  const Reduced<V> a = reduce_by_ln2(at_most(at_least(x, V(T(-40))), V(C::exp_over)));
  const V p = expm1_reduced(a.r), one(T(1));
  const V scale = times_pow2(one, a.n);  // infinite at the very top only, where it is not used
  const V y = select(x > V(T(40)), times_pow2(p + one, a.n), p * scale + (scale - one));
  return select(x == V(T(0)), x, y);
}

// erf in double. Up to 1: its Taylor series, 2/√π Σ (-1)^k x^(2k+1) / (k! (2k+1)). Beyond: 1 - e^(-x²) P(u), P the
// Chebyshev interpolation of e^(x²) erfc(x) in u = 14.4 / (x + 3) - 2.6, which takes [1, 6] to [-1, 1]; past 6 erf
// rounds to 1. P's largest relative error: 6e-17, of a result that is at most 0.16 of erf.
template <class V>
DL_HD inline V erf_double(V x) {
  constexpr int terms = 18;  // 1 / (19! 39) = 2e-19
  const V z = x * x, a = abs(x), far = at_most(a, V(6.0));
  double factorial = 1, series[terms + 1];
  for (int k = 0; k <= terms; ++k) {
    if (k) factorial *= -k;
    series[k] = 1.12837916709551257390 / (factorial * (2 * k + 1));
  }
  series[0] = 0.12837916709551257390;  // x is added apart, so that the sum rounds once
  V s = V(series[terms]);
  for (int k = terms - 1; k >= 0; --k) s = s * z + V(series[k]);
  const V u = V(14.4) / (far + V(3.0)) - V(2.6);
  constexpr double tail[] = {6.043721079151965e-12,  -6.018179010691682e-12,  -2.5700366834691124e-10,
                             2.6376988093712583e-10, 1.1339334880788865e-08,  4.526736467874021e-09,
                             -5.541273089505402e-07, -2.4255574870397315e-06, 1.9563583197349248e-05,
                             0.00033160296057971095, 0.0024793146970863585,   0.01271314769569188,
                             0.049698445403394124,   0.15436117429436919,     0.20798329133342885};
  V p = V(-7.577272143066693e-15);
  for (double c : tail) p = p * u + V(c);
  const V beyond = copysign(V(1.0) - exp(-(far * far)) * p, x);
  return select(a < V(1.0), x + x * s, beyond);
}

template <class V>
DL_HD inline V erf(V x) {
  if constexpr (sizeof(typename ScalarOf<V>::type) == sizeof(float))
    return erf_single(x);
  else
    return erf_double(x);
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
