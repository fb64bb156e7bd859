// The formulas of loss.h, once, for every ISA, for scalars and for CUDA.
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

template <class V>
struct Mse {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V t) { return (x - t) * (x - t); }
  static DL_HD V bwd(V g, V x, V t) { return (g + g) * (x - t); }
};

template <class V>
struct Bce {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V t) {
    const V positive = select(x < V(T(0)), V(T(0)), x);  // keeps NaN
    return (positive - x * t) + log1p_unit(exp(-abs(x)));
  }
  static DL_HD V bwd(V g, V x, V t) { return g * (sigmoid(x) - t); }
};

template <class V>
struct BceTarget {
  static DL_HD V bwd(V g, V x, V) { return -g * x; }
};

}  // namespace dl::DL_ISA_NS
