// exp where it cannot overflow, once, for every ISA.
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

// e^x for x <= 0, with exp's bits: nothing holds it from above.
template <class V>
DL_HD inline V exp_falling(V x) {
  return exp_inside(at_least(x, V(MathConstants<typename ScalarOf<V>::type>::exp_under)));
}

}  // namespace dl::DL_ISA_NS
