// The formulas of activation.h, once, for every ISA, for scalars and for CUDA.
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {

template <class V>
struct Relu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V) { return select(x < V(T(0)), V(T(0)), x); }  // keeps NaN
  static DL_HD V bwd(V g, V y, V) { return select(y > V(T(0)), g, V(T(0))); }
};

template <class V>
struct LeakyRelu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V a) { return select(x > V(T(0)), x, x * a); }
  static DL_HD V bwd(V g, V x, V a) { return select(x > V(T(0)), g, g * a); }
};

template <class V>
struct Sigmoid {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V) { return sigmoid(x); }
  static DL_HD V bwd(V g, V y, V) { return g * y * (V(T(1)) - y); }
};

template <class V>
struct Tanh {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V) { return tanh(x); }
  static DL_HD V bwd(V g, V y, V) { return g * (V(T(1)) - y * y); }
};

}  // namespace dl::DL_ISA_NS
