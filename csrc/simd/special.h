// log1p, for V = Vec<float>, Vec<double>, float, double, under math.h's rules.
// Largest error seen, in units in the last place (tests/core/test_math.py): log1p 1.7.
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

// log(1 + x) for x >= -1; the correction restores what 1 + x rounds away.
template <class V>
DL_HD inline V log1p(V x) {
  using T = typename ScalarOf<V>::type;
  const V w = x + V(T(1));
  const V y = log(w) + (x - (w - V(T(1)))) / w;
  return select((w == V(T(0))) | (w == V(T(__builtin_inf()))), log(w), y);
}

}  // namespace dl::DL_ISA_NS
