// exp where it cannot overflow, once, for every ISA.
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

// e^x for x <= 0, with exp's bits: n is 0 at most, so 2^n takes one factor, and NaN comes through the series.
template <class V>
DL_HD inline V exp_falling(V x) {
  using T = typename ScalarOf<V>::type;
  using C = MathConstants<T>;
  const Reduced<V> a = reduce_by_ln2(select(x < V(C::exp_min), V(C::exp_min), x));
  return select(x < V(C::exp_min), V(T(0)), (expm1_reduced(a.r) + V(T(1))) * pow2(a.n));
}

}  // namespace dl::DL_ISA_NS
