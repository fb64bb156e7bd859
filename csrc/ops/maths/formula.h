// The formulas of maths.h. Those in `wide` serve float32 data: they take V = Vec<double> and keep some 33 bits, so that
// the float they are rounded to is the nearest but for one case in some hundred.
#pragma once
#include "simd/special.h"

namespace dl::DL_ISA_NS {
namespace {  // short names stay this file's own

constexpr double kPi = 3.14159265358979323846;

// Largest |x| whose multiple of π/2 is taken off exactly: n below 2^20 times the 33 bits of kHalfPi.
constexpr double kTrigMax = 1 << 20, kHalfPi = 1.57079632673412561417, kHalfPiRest = 6.07710050650619224932e-11;

template <class V>
struct Angle {
  V sin, cos;  // of the rest, at most π/4: Taylor series to r^11, (π/4)^12 / 12! = 1e-10
  V quarter;   // 0, 1, 2 or 3
};
template <class V>
DL_INLINE Angle<V> angle(V x) {
  const V n = round_even(x * V(2 / kPi)), r = (x - n * V(kHalfPi)) - n * V(kHalfPiRest), z = r * r;
  V s = V(-1.0 / 39916800), c = V(-1.0 / 3628800);
  constexpr double sines[] = {1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1};
  constexpr double cosines[] = {1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5, 1};
  for (int k = 0; k < 5; ++k) {
    s = s * z + V(sines[k]);
    c = c * z + V(cosines[k]);
  }
  const V fourth = n * V(0.25);
  V whole = round_even(fourth);
  whole = select(whole > fourth, whole - V(1.0), whole);
  return {s * r, c, n - V(4.0) * whole};
}

// f(x), and libm's value in the lanes that are too large (or not finite) for angle().
template <class V, class Exact>
DL_INLINE V with_large(V x, V y, const Exact& exact) {
  const V large = select(abs(x) < V(kTrigMax), V(0.0), V(1.0));
  if (max_lanes(large) == 0) return y;
  for (int i = 0; i < V::size; ++i)
    if (large[i] != 0) y.v[i] = exact(x[i]);
  return y;
}

namespace wide {
struct Sin {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = select((a.quarter == V(1.0)) | (a.quarter == V(3.0)), a.cos, a.sin);
    const V signed_y = select(x == V(0.0), x, select(a.quarter >= V(2.0), -y, y));
    return with_large(x, signed_y, [](double v) { return __builtin_sin(v); });
  }
};
struct Cos {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = select((a.quarter == V(1.0)) | (a.quarter == V(3.0)), a.sin, a.cos);
    const V signed_y = select((a.quarter == V(1.0)) | (a.quarter == V(2.0)), -y, y);
    return with_large(x, signed_y, [](double v) { return __builtin_cos(v); });
  }
};
struct Tan {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = select((a.quarter == V(1.0)) | (a.quarter == V(3.0)), -a.cos / a.sin, a.sin / a.cos);
    return with_large(x, select(x == V(0.0), x, y), [](double v) { return __builtin_tan(v); });
  }
};
// Through 1/x above 1 and (t - 1) / (t + 1) above tan(π/8); the series then ends at 0.4142^27 / 27 = 2e-12.
struct Atan {
  template <class V>
  static DL_INLINE V of(V x) {
    const V a = abs(x), one(1.0);
    const auto inverse = a > one;
    const V t = select(inverse, one / a, a);
    const auto upper = t > V(0.41421356237309503);
    const V u = select(upper, (t - one) / (t + one), t), z = u * u;
    V p = V(1.0 / 25);
    for (int k = 11; k >= 0; --k) p = V(1.0 / (2 * k + 1)) - p * z;
    const V y = select(upper, V(kPi / 4) + u * p, u * p);
    return select(x != x, x, copysign(select(inverse, V(kPi / 2) - y, y), x));
  }
};
struct Asin {
  template <class V>
  static DL_INLINE V of(V x) {
    return Atan::of(x / sqrt((V(1.0) - x) * (V(1.0) + x)));
  }
};
struct Acos {
  template <class V>
  static DL_INLINE V of(V x) {
    return V(2.0) * Atan::of(sqrt((V(1.0) - x) / (V(1.0) + x)));
  }
};
// Up to 1 its Taylor series to x^13, 1 / 15! = 8e-13; beyond, where e^-x takes few digits from e^x, their difference.
struct Sinh {
  template <class V>
  static DL_INLINE V of(V x) {
    const V a = abs(x), z = x * x, e = exp<V, 8>(select(a > V(700.0), V(700.0), a));  // past a float's range
    V s = V(1.0 / 6227020800);
    constexpr double series[] = {1.0 / 39916800, 1.0 / 362880, 1.0 / 5040, 1.0 / 120, 1.0 / 6, 1};
    for (double term : series) s = s * z + V(term);
    return select(a < V(1.0), x * s, copysign((e - V(1.0) / e) * V(0.5), x));
  }
};
struct Cosh {
  template <class V>
  static DL_INLINE V of(V x) {
    const V a = abs(x), e = exp<V, 8>(select(a > V(700.0), V(700.0), a));
    return (e + V(1.0) / e) * V(0.5);
  }
};
struct Log2 {
  template <class V>
  static DL_INLINE V of(V x) {
    return log<V, 5>(x) * V(1.44269504088896340736);
  }
};
struct Log10 {
  template <class V>
  static DL_INLINE V of(V x) {
    return log<V, 5>(x) * V(0.43429448190325182765);
  }
};
struct Exp2 {
  template <class V>
  static DL_INLINE V of(V x) {
    return exp<V, 8>(x * V(0.69314718055994530942));
  }
};
}  // namespace wide

struct Erf {
  template <class V>
  static DL_INLINE V of(V x) {
    return erf(x);
  }
};
struct Expm1 {
  template <class V>
  static DL_INLINE V of(V x) {
    return expm1(x);
  }
};
struct Log1p {
  template <class V>
  static DL_INLINE V of(V x) {
    return log1p(x);
  }
};
struct Rsqrt {
  template <class V>
  static DL_INLINE V of(V x) {
    return V(typename V::Scalar(1)) / sqrt(x);
  }
};
struct Round {
  template <class V>
  static DL_INLINE V of(V x) {
    return round_even(x);
  }
};
struct Floor {
  template <class V>
  static DL_INLINE V of(V x) {
    const V r = round_even(x);
    return select(r > x, r - V(typename V::Scalar(1)), r);
  }
};
struct Ceil {
  template <class V>
  static DL_INLINE V of(V x) {
    return -Floor::of(-x);
  }
};
struct Trunc {
  template <class V>
  static DL_INLINE V of(V x) {
    return copysign(Floor::of(abs(x)), x);
  }
};

}  // namespace
}  // namespace dl::DL_ISA_NS
