// The ReLU that a kernel applies to its finished sums; ops/activation has the same formula.
#pragma once
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

template <class T>
static DL_INLINE Vec<T> relu_of(Vec<T> x) {
  return select<T>(x < Vec<T>(T(0)), Vec<T>(T(0)), x);  // keeps NaN
}

}  // namespace dl::DL_ISA_NS
