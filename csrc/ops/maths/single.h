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
  V sin, cos;  // of the rest, at most π/4: Taylor series to r^9 and r^10, (π/4)^11 / 11! = 2e-9
  V quarter;   // 0, 1, 2 or 3
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
  const V fourth = n * V(0.25f);
  V whole = round_even(fourth);
  whole = select(whole > fourth, whole - V(1.0f), whole);
  return {r + r * z * s, (V(1.0f) - z * V(0.5f)) + z * z * c, n - V(4.0f) * whole};
}

// f(x), and libm's value in the lanes that are too large (or not finite) for angle().
template <class V, class Exact>
DL_INLINE V with_large(V x, V y, const Exact& exact) {
  const V large = select(abs(x) < V(kTrigMax), V(0.0f), V(1.0f));
  if (max_lanes(large) == 0) return y;
  for (int i = 0; i < V::size; ++i)
    if (large[i] != 0) y.v[i] = static_cast<float>(exact(static_cast<double>(x[i])));
  return y;
}

struct Sin {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = select((a.quarter == V(1.0f)) | (a.quarter == V(3.0f)), a.cos, a.sin);
    const V signed_y = select(x == V(0.0f), x, select(a.quarter >= V(2.0f), -y, y));
    return with_large(x, signed_y, [](double v) { return __builtin_sin(v); });
  }
};
struct Cos {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const V y = select((a.quarter == V(1.0f)) | (a.quarter == V(3.0f)), a.sin, a.cos);
    const V signed_y = select((a.quarter == V(1.0f)) | (a.quarter == V(2.0f)), -y, y);
    return with_large(x, signed_y, [](double v) { return __builtin_cos(v); });
  }
};
struct Tan {
  template <class V>
  static DL_INLINE V of(V x) {
    const Angle<V> a = angle(x);
    const auto odd = (a.quarter == V(1.0f)) | (a.quarter == V(3.0f));
    const V y = select(odd, -a.cos, a.sin) / select(odd, a.sin, a.cos);
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

// x = 2^e m with m from √½ to √2: log x in units of another base is e's part, exact in its leading bits, and m's.
template <class V>
DL_INLINE V scaled_log(V x, float unit, float e_high, float e_low) {
  const auto bits = bits_of(x);
  const V e0 = to_float<float>(shift_right(bits, 23)) - V(127.0f);
  const V m0 = from_bits<float>(bit_or(bit_and(bits, decltype(bits)(0x7fffff)), decltype(bits)(0x3f800000)));
  const auto high = m0 > V(1.41421356f);
  const V e = select(high, e0 + V(1.0f), e0), m = select(high, m0 * V(0.5f), m0);
  const V y = e * V(e_high) + (e * V(e_low) + log(m) * V(unit));
  const auto usual = (x > V(0.0f)) & (x < V(__builtin_inff()));
  return select(usual, y, select(x == V(0.0f), V(-__builtin_inff()), select(x > V(0.0f), x, V(__builtin_nanf("")))));
}
struct Log2 {
  template <class V>
  static DL_INLINE V of(V x) {
    return scaled_log(x, 1.44269504f, 1.0f, 0.0f);
  }
};
struct Log10 {  // log10 2 = 0.30078125 (8 bits) + the rest
  template <class V>
  static DL_INLINE V of(V x) {
    return scaled_log(x, 0.434294482f, 0.30078125f, 2.48745664e-4f);
  }
};
struct Exp2 {
  template <class V>
  static DL_INLINE V of(V x) {
    const V held = select(x < V(-150.0f), V(-150.0f), select(x > V(129.0f), V(129.0f), x));
    const V n = round_even(held), half = round_even(n * V(0.5f));
    const V y = (expm1_reduced((held - n) * V(0.693147181f)) + V(1.0f)) * pow2(half) * pow2(n - half);
    const V kept = select(x < V(-126.0f), V(0.0f), select(x >= V(128.0f), V(__builtin_inff()), y));
    return select(x != x, x, kept);
  }
};

}  // namespace single
}  // namespace
}  // namespace dl::DL_ISA_NS
