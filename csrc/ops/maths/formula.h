// The formulas of maths.h. Those in `wide` serve float32 data: they take V = Vec<double> and keep some 33 bits, so that
// the float they are rounded to is the nearest but for one case in some hundred. single.h has float32's own.
#pragma once
#include "simd/special.h"

namespace dl::DL_ISA_NS {
namespace {  // short names stay this file's own

namespace wide {
// Up to 1 its Taylor series to x^13, 1 / 15! = 8e-13; beyond, where e^-x takes few digits from e^x, their difference.
struct Sinh {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const V a = abs(x), z = x * x, e = exp<V, 8>(select(a > V(700.0), V(700.0), a));  // past a float's range
    V s = V(1.0 / 6227020800);
    constexpr double series[] = {1.0 / 39916800, 1.0 / 362880, 1.0 / 5040, 1.0 / 120, 1.0 / 6, 1};
    for (double term : series) s = s * z + V(term);
    return select(a < V(1.0), x * s, copysign((e - V(1.0) / e) * V(0.5), x));
  }
};
struct Cosh {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const V a = abs(x), e = exp<V, 8>(select(a > V(700.0), V(700.0), a));
    return (e + V(1.0) / e) * V(0.5);
  }
};
}  // namespace wide

struct Erf {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return erf(x);
  }
};
struct Expm1 {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return expm1(x);
  }
};
struct Log1p {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return log1p(x);
  }
};
struct Rsqrt {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return V(typename ScalarOf<V>::type(1)) / sqrt(x);
  }
};
struct Round {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return round_even(x);
  }
};
struct Floor {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    const V r = round_even(x);
    return select(r > x, r - V(typename ScalarOf<V>::type(1)), r);
  }
};
struct Ceil {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return -Floor::of(-x);
  }
};
struct Trunc {
  template <class V>
  static DL_HD DL_INLINE V of(V x) {
    return copysign(Floor::of(abs(x)), x);
  }
};

}  // namespace
}  // namespace dl::DL_ISA_NS
