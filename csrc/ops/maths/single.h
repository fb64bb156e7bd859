// Trigonometry and logarithms of float32 in lanes of float: V = Vec<float>. Polynomials in the square of what is left
// after a reduction; their coefficients interpolate the function at Chebyshev points.
#pragma once
#include "simd/special.h"

namespace dl::DL_ISA_NS {
namespace {  // short names stay this file's own
namespace single {

constexpr float kPi = 3.14159265358979f;

// π/2 in four parts: 11 bits each, so that n times a part is exact for |n| < 2^13, and the rest.
constexpr float kTrigMax = 12000, kHalfPi[] = {1.5703125f, 0.000483751297f, 7.54953362e-08f, 2.563344068e-12f};

template <class V>
struct Angle {
  V sin, cos;            // of the rest, at most π/4: Taylor series to r^9 and r^10, (π/4)^11 / 11! = 2e-9
  Vec<int32_t> quarter;  // its two low bits count quarter turns
  typename V::Mask odd;
};
template <class V>
DL_INLINE Angle<V> angle(V x) {
  const V n = round_even(x * V(2 / kPi));
  V r = x;
  for (float part : kHalfPi) r = r - n * V(part);
  const V z = r * r;
  V s = V(1.0f / 362880), c = V(-1.0f / 3628800);
  constexpr float sines[] = {-1.0f / 5040, 1.0f / 120, -1.0f / 6};
  constexpr float cosines[] = {1.0f / 40320, -1.0f / 720, 1.0f / 24};
  for (int k = 0; k < 3; ++k) {
    s = s * z + V(sines[k]);
    c = c * z + V(cosines[k]);
  }
  const Vec<int32_t> quarter = to_int(n);
  return {r + r * z * s, (V(1.0f) - z * V(0.5f)) + z * z * c, quarter, {bit_and(quarter, Vec<int32_t>(1)).v != 0}};
}
// y with its sign changed where bit 1 of `quarter` is set.
template <class V>
DL_INLINE V turned(V y, Vec<int32_t> quarter) {
  return from_bits<float>(Vec<int32_t>(bits_of(y).v ^ shift_left(bit_and(quarter, Vec<int32_t>(2)), 30).v));
}

// f(x), and libm's value in the lanes that are too large (or not finite) for angle().
template <class V, class Exact>
DL_INLINE V with_large(V x, V y, const Exact& exact) {
  if (all_between(x, V(-kTrigMax), V(kTrigMax))) return y;
  const auto usual = abs(x) < V(kTrigMax);
  for (int i = 0; i < V::size; ++i)
    if (!usual.m[i]) y.v[i] = static_cast<float>(exact(static_cast<double>(x[i])));
  return y;
}

struct Sin {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = select(x == V(0.0f), x, turned(select(a.odd, a.cos, a.sin), a.quarter));
    return with_large(x, y, [](double v) { return __builtin_sin(v); });
  }
};
struct Cos {  // a quarter turn ahead
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = turned(select(a.odd, a.sin, a.cos), Vec<int32_t>(a.quarter.v + 1));
    return with_large(x, y, [](double v) { return __builtin_cos(v); });
  }
};
struct Tan {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = select(a.odd, -a.cos, a.sin) / select(a.odd, a.sin, a.cos);
    return with_large(x, select(x == V(0.0f), x, y), [](double v) { return __builtin_tan(v); });
  }
};

struct Atan {
  template <class V>
  static DL_INLINE V of(V x) {
    return atan(x);
  }
};

// asin s for s² = z <= 1/4. Error 1.3e-9 of the part beyond s.
template <class V>
DL_INLINE V asin_small(V s, V z) {
  V p = V(0.0310840179f);
  constexpr float series[] = {0.01049284f, 0.0236345721f, 0.0302662209f, 0.0446478322f, 0.0749999205f, 0.166666667f};
  for (float c : series) p = p * z + V(c);
  return s + s * z * p;
}
// asin and acos beyond 1/2 by asin x = π/2 - 2 asin √((1 - x) / 2).
struct Asin {
  template <class V>
  static DL_INLINE V of(V x) {
    const V a = abs(x);
    const auto far = a > V(0.5f);
    const V z = select(far, (V(1.0f) - a) * V(0.5f), a * a), s = select(far, sqrt(z), a), y = asin_small(s, z);
    return copysign(select(far, V(kPi / 2) - (y + y), y), x);
  }
};
struct Acos {
  template <class V>
  static DL_INLINE V of(V x) {
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
  static DL_INLINE V of(V x) {
    const Logarithm<V> l = log_parts(x);
    return log_or_special(x, l.e + (l.f - (l.half - l.product)) * V(1.44269504f));
  }
};
struct Log10 {  // log10 2 = 0.30078125 (8 bits) + the rest
  template <class V>
  static DL_INLINE V of(V x) {
    const Logarithm<V> l = log_parts(x);
    const V of_m = (l.f - (l.half - l.product)) * V(0.434294482f);
    return log_or_special(x, l.e * V(0.30078125f) + (l.e * V(2.48745664e-4f) + of_m));
  }
};
struct Exp2 {
  template <class V>
  static DL_INLINE V of(V x) {
    const V held = at_most(at_least(x, V(-150.0f)), V(129.0f)), n = round_even(held);
    return times_pow2(expm1_reduced((held - n) * V(0.693147181f)) + V(1.0f), n);
  }
};

}  // namespace single
}  // namespace
}  // namespace dl::DL_ISA_NS
