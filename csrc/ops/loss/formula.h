// The formulas of loss.h, once, for every ISA, for scalars and for CUDA.
#pragma once
#include "simd/special.h"

namespace dl::DL_ISA_NS {

// What gives d's sign to g: 0 where d is 0.
template <class V>
DL_HD inline V signed_by(V g, V d) {
  using T = typename ScalarOf<V>::type;
  return select(d > V(T(0)), g, select(d < V(T(0)), -g, V(T(0))));
}

template <class V>
struct Mse {
  static DL_HD V fwd(V x, V t, V) { return (x - t) * (x - t); }
  static DL_HD V bwd(V g, V x, V t, V) { return (g + g) * (x - t); }
};

template <class V>
struct L1 {
  static DL_HD V fwd(V x, V t, V) { return abs(x - t); }
  static DL_HD V bwd(V g, V x, V t, V) { return signed_by(g, x - t); }
};

template <class V>
struct SmoothL1 {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V t, V beta) {
    const V d = abs(x - t), half(T(0.5));
    return select(d < beta, half * d * d / beta, d - half * beta);
  }
  static DL_HD V bwd(V g, V x, V t, V beta) {
    const V d = x - t;
    return select(abs(d) < beta, g * d / beta, signed_by(g, d));
  }
};

template <class V>
struct Huber {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V t, V delta) {
    const V d = abs(x - t), half(T(0.5));
    return select(d <= delta, half * d * d, delta * (d - half * delta));
  }
  static DL_HD V bwd(V g, V x, V t, V delta) {
    const V d = x - t;
    return select(abs(d) <= delta, g * d, signed_by(g * delta, d));
  }
};

template <class V>
struct Bce {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V t, V) {
    const V positive = select(x < V(T(0)), V(T(0)), x);  // keeps NaN
    return (positive - x * t) + log1p_unit(exp(-abs(x)));
  }
  static DL_HD V bwd(V g, V x, V t, V) { return g * (sigmoid(x) - t); }
};

template <class V>
struct BceTarget {
  static DL_HD V bwd(V g, V x, V, V) { return -g * x; }
};

template <class V>
struct BceProb {
  using T = typename ScalarOf<V>::type;
  static DL_HD V at_least(V x, T low) { return select(x < V(low), V(low), x); }
  static DL_HD V fwd(V x, V t, V) {
    return -(t * at_least(log(x), T(-100)) + (V(T(1)) - t) * at_least(log1p(-x), T(-100)));
  }
  static DL_HD V bwd(V g, V x, V t, V) { return g * (x - t) / at_least(x * (V(T(1)) - x), T(1e-12)); }
};

template <class V>
struct BceProbTarget {
  using T = typename ScalarOf<V>::type;
  static DL_HD V bwd(V g, V x, V, V) {
    return g * (BceProb<V>::at_least(log1p(-x), T(-100)) - BceProb<V>::at_least(log(x), T(-100)));
  }
};

}  // namespace dl::DL_ISA_NS
