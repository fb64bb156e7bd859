// Trigonometry and logarithms of float32: V = Vec<float>, or float on CUDA. Polynomials in the square of what is left
// after a reduction; their coefficients interpolate the function at Chebyshev points.
#pragma once
#include "simd/special.h"

namespace dl::DL_ISA_NS {
namespace {  // short names stay this file's own
namespace single {

constexpr float kPi = 3.14159265358979f;

constexpr float kTrigMax = 12000;

template <class V>
using Bits = decltype(bits_of(V()));  // Vec<int32_t>, or int32_t

template <class V>
struct Angle {
  V rest;           // at most π/4, but for the rounding of x 2/π
  Bits<V> quarter;  // its two low bits count the quarter turns taken off
};
template <class V>
DL_HD DL_INLINE Angle<V> angle(V x) {
  // π/2 in four parts: 11 bits each, so that n times a part is exact for |n| < 2^13, and the rest.
  constexpr float half_pi[] = {1.5703125f, 0.000483751297f, 7.54953362e-08f, 2.563344068e-12f};
  const V magic(12582912.0f), u = x * V(2 / kPi) + magic, n = u - magic;  // 3 2^22: u's low bits are the integer n
  V r = x;
  for (float part : half_pi) r = r - n * V(part);
  return {r, bits_of(u)};
}
template <class V>
DL_HD DL_INLINE auto odd(Bits<V> quarter) {
  const Bits<V> low = bit_and(quarter, Bits<V>(1));
  if constexpr (sizeof(V) == sizeof(float))
    return low != 0;
  else
    return typename V::Mask{low.v != 0};
}
// sin r = r + r z p(z) and cos r = 1 + z p(z), z = r², |r| <= π/4: the coefficients' error is below 1e-8 of the result.
DL_HD constexpr float sin_term(int k) {  // functions: device code has no such arrays of a host's
  constexpr float of[] = {2.724962e-06f, -0.00019840084f, 0.008333332f, -0.16666667f};
  return of[k];
}
DL_HD constexpr float cos_term(int k) {
  constexpr float of[] = {2.4463452e-05f, -0.0013887587f, 0.04166665f, -0.5f};
  return of[k];
}
// cos r where `cosine`, else sin r: one polynomial, whose coefficients are chosen.
template <class V, class Mask>
DL_HD DL_INLINE V sin_or_cos(V r, Mask cosine) {
  const V z = r * r, a = select(cosine, V(1.0f), r);
  V p = select(cosine, V(cos_term(0)), V(sin_term(0)));
  for (int k = 1; k < 4; ++k) p = p * z + select(cosine, V(cos_term(k)), V(sin_term(k)));
  return a + a * z * p;
}
// y with its sign changed where bit 1 of `quarter` is set.
template <class V>
DL_HD DL_INLINE V turned(V y, Bits<V> quarter) {
  const Bits<V> sign(static_cast<int32_t>(0x80000000u)), turn = bit_and(shift_left(quarter, 30), sign);
  if constexpr (sizeof(V) == sizeof(float))
    return from_bits<float>(bits_of(y) ^ turn);
  else
    return from_bits<float>(Bits<V>(bits_of(y).v ^ turn.v));
}

// Each of |x| < kTrigMax; beyond, and where x is not finite, `exact` is the C library's.
struct Sin {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    return select(x == V(0.0f), x, turned(sin_or_cos(a.rest, odd<V>(a.quarter)), a.quarter));
  }
  static DL_HD DL_INLINE double exact(double x) { return __builtin_sin(x); }
};
struct Cos {  // a quarter turn ahead
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const Bits<V> quarter = a.quarter + Bits<V>(1);
    return turned(sin_or_cos(a.rest, odd<V>(quarter)), quarter);
  }
  static DL_HD DL_INLINE double exact(double x) { return __builtin_cos(x); }
};
struct Tan {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const auto turn = odd<V>(a.quarter);
    const V r = a.rest, z = r * r;
    V s(sin_term(0)), c(cos_term(0));
    for (int k = 1; k < 4; ++k) {
      s = s * z + V(sin_term(k));
      c = c * z + V(cos_term(k));
    }
    s = r + r * z * s;
    c = V(1.0f) + z * c;
    return select(x == V(0.0f), x, select(turn, -c, s) / select(turn, s, c));
  }
  static DL_HD DL_INLINE double exact(double x) { return __builtin_tan(x); }
};

struct Atan {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return atan(x);
  }
};

// asin s for s² = z <= 1/4. Error 1.3e-9 of the part beyond s.
template <class V>
DL_HD DL_INLINE V asin_small(V s, V z) {
  V p = V(0.0310840179f);
  constexpr float series[] = {0.01049284f, 0.0236345721f, 0.0302662209f, 0.0446478322f, 0.0749999205f, 0.166666667f};
  for (float c : series) p = p * z + V(c);
  return s + s * z * p;
}
// asin and acos beyond 1/2 by asin x = π/2 - 2 asin √((1 - x) / 2).
struct Asin {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const V a = abs(x);
    const auto far = a > V(0.5f);
    const V z = select(far, (V(1.0f) - a) * V(0.5f), a * a), s = select(far, sqrt(z), a), y = asin_small(s, z);
    return copysign(select(far, V(kPi / 2) - (y + y), y), x);
  }
};
struct Acos {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const V a = abs(x);
    const auto far = a > V(0.5f);
    const V z = select(far, (V(1.0f) - a) * V(0.5f), a * a), s = select(far, sqrt(z), a), y = asin_small(s, z);
    const V beyond = select(x < V(0.0f), V(kPi) - (y + y), y + y);
    return select(far, beyond, V(kPi / 2) - copysign(y, x));
  }
};

// Logarithms to other bases: e's part, exact in its leading bits, and m's.
struct Log2 {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const Logarithm<V> l = log_parts(x);
    return log_or_special(x, l.e + (l.f - (l.half - l.product)) * V(1.44269504f));
  }
};
struct Log10 {  // log10 2 = 0.30078125 (8 bits) + the rest
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const Logarithm<V> l = log_parts(x);
    const V of_m = (l.f - (l.half - l.product)) * V(0.434294482f);
    return log_or_special(x, l.e * V(0.30078125f) + (l.e * V(2.48745664e-4f) + of_m));
  }
};
struct Exp2 {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const V held = at_most(at_least(x, V(-150.0f)), V(129.0f)), n = round_even(held);
    return times_pow2(expm1_reduced((held - n) * V(0.693147181f)) + V(1.0f), n);
  }
};

}  // namespace single
}  // namespace
}  // namespace dl::DL_ISA_NS
