// Remainders, whole quotients and the angle of a point: formulas of elementwise.h that need more than an operation.
#pragma once
#include "simd/special.h"

namespace dl::DL_ISA_NS {
namespace {  // short names stay this file's own

// Integers: the divisor is not 0 (elementwise.cpp looks), and -1 is apart because least / -1 traps.
struct Fmod {
  template <class T>
  static DL_HD T of(T a, T b) {
    return b == T(0) || b == static_cast<T>(-1) ? T(0) : static_cast<T>(a % b);
  }
  static DL_HD double of(double a, double b) { return __builtin_fmod(a, b); }
};
struct Remainder {  // with the divisor's sign
  template <class T>
  static DL_HD T of(T a, T b) {
    const T r = Fmod::of(a, b);
    return r != T(0) && (r < T(0)) != (b < T(0)) ? static_cast<T>(r + b) : r;
  }
};
struct FloorDivide {
  template <class T>
  static DL_HD T of(T a, T b) {
    if (b == T(0)) return T(0);
    if (b == static_cast<T>(-1) && T(-1) < T(0)) return static_cast<T>(T(0) - a);
    const T q = static_cast<T>(a / b);
    return a % b != T(0) && (a < T(0)) != (b < T(0)) ? static_cast<T>(q - 1) : q;
  }
  // From the remainder, as Python does: a / b may round up to the next integer.
  static DL_HD double of(double a, double b) {
    if (b == 0) return a / b;
    const double r = Fmod::of(a, b), whole = (a - r) / b, q = r != 0 && (r < 0) != (b < 0) ? whole - 1 : whole;
    if (q == 0) return __builtin_copysign(0.0, a / b);
    const double f = __builtin_floor(q);
    return q - f > 0.5 ? f + 1 : f;
  }
};
struct Atan2 {
  static DL_HD double of(double a, double b) { return __builtin_atan2(a, b); }
};

// The same three for float32 in lanes of double, where the whole quotient is exact up to 2^29; libm beyond, and for
// what is not finite. A quotient just below a whole number may have been rounded up to it.
struct FmodLanes {
  template <class V>
  static DL_HD DL_INLINE V of(V a, V b) {
    const V ratio = a / b, zero(0.0), near = round_even(abs(ratio)), q = select(near > abs(ratio), near - V(1.0), near);
    V r = a - copysign(q, ratio) * b;
    r = select(((r < zero) & (a > zero)) | ((r > zero) & (a < zero)), r + copysign(b, a), r);
    r = select(q == zero, a, select(r == zero, copysign(zero, a), r));
    const V large = select(abs(ratio) < V(536870912.0), zero, V(1.0));
    if (max_lanes(large) == 0) return r;
    for (int i = 0; i < V::size; ++i)
      if (large[i] != 0) r.v[i] = __builtin_fmod(a[i], b[i]);
    return r;
  }
};
struct RemainderLanes {
  template <class V>
  static DL_HD DL_INLINE V of(V a, V b) {
    const V r = FmodLanes::of(a, b), zero(0.0);
    return select(((r < zero) & (b > zero)) | ((r > zero) & (b < zero)), r + b, r);
  }
};
struct FloorDivideLanes {
  template <class V>
  static DL_HD DL_INLINE V of(V a, V b) {
    const V r = FmodLanes::of(a, b), zero(0.0), one(1.0), whole = (a - r) / b;
    const V q = select(((r < zero) & (b > zero)) | ((r > zero) & (b < zero)), whole - one, whole);
    const V near = round_even(q), f = select(near > q, near - one, near);
    const V y = select(q == zero, copysign(zero, a / b), select(q - f > V(0.5), f + one, f));
    return select(b == zero, a / b, y);
  }
};
struct Atan2Lanes {
  template <class V>
  static DL_HD DL_INLINE V of(V y, V x) {
    const V a = abs(y), b = abs(x), zero(0.0f);
    const auto steep = a > b;
    const V up = select(steep, b, a), down = select(steep, a, b), t = select(up == down, V(1.0f), up / down);
    const V first = atan(select(down == zero, zero, t)), acute = select(steep, V(1.57079633f) - first, first);
    const V angle = select(copysign(V(1.0f), x) < zero, V(3.14159265f) - acute, acute);
    return select(y != y, y, select(x != x, x, copysign(angle, y)));
  }
};

}  // namespace
}  // namespace dl::DL_ISA_NS
