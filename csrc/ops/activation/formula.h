// The formulas of activation.h, once, for every ISA, for scalars and for CUDA.
#pragma once
#include "simd/special.h"

namespace dl::DL_ISA_NS {

template <class V>
struct Relu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return select(x < V(T(0)), V(T(0)), x); }  // keeps NaN
  static DL_HD V bwd(V g, V y, V, V) { return select(y > V(T(0)), g, V(T(0))); }
};

template <class V>
struct LeakyRelu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V a, V) { return select(x > V(T(0)), x, x * a); }
  static DL_HD V bwd(V g, V x, V a, V) { return select(x > V(T(0)), g, g * a); }
};

template <class V>
struct Sigmoid {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return sigmoid(x); }
  static DL_HD V bwd(V g, V y, V, V) { return g * y * (V(T(1)) - y); }
};

template <class V>
struct Tanh {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return tanh(x); }
  static DL_HD V bwd(V g, V y, V, V) { return g * (V(T(1)) - y * y); }
};

// e^u - 1 below 0 at another slope and height: elu (b = 1) and selu.
template <class V>
struct Elu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V a, V b) { return b * select(x > V(T(0)), x, a * expm1(x)); }
  static DL_HD V bwd(V g, V x, V a, V b) { return g * b * select(x > V(T(0)), V(T(1)), a * exp(x)); }
};

template <class V>
struct Celu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V a, V) { return select(x > V(T(0)), x, a * expm1(x / a)); }
  static DL_HD V bwd(V g, V x, V a, V) { return select(x > V(T(0)), g, g * exp(x / a)); }
};

template <class V>
struct Gelu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V below(V x) { return V(T(0.5)) * (V(T(1)) + erf(x * V(T(0.70710678118654752440)))); }
  static DL_HD V fwd(V x, V, V) { return x * below(x); }
  static DL_HD V bwd(V g, V x, V, V) {
    const V density = exp(x * x * V(T(-0.5))) * V(T(0.39894228040143267794));
    return g * (below(x) + x * density);
  }
};

template <class V>
struct GeluTanh {
  using T = typename ScalarOf<V>::type;
  static constexpr T scale = T(0.79788456080286535588), cubic = T(0.044715);
  static DL_HD V inner(V x) { return V(scale) * (x + V(cubic) * x * x * x); }
  static DL_HD V fwd(V x, V, V) { return V(T(0.5)) * x * (V(T(1)) + tanh(inner(x))); }
  static DL_HD V bwd(V g, V x, V, V) {
    const V t = tanh(inner(x)), slope = V(scale) * (V(T(1)) + V(T(3) * cubic) * x * x);
    return g * V(T(0.5)) * ((V(T(1)) + t) + x * (V(T(1)) - t * t) * slope);
  }
};

template <class V>
struct Silu {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return x * sigmoid(x); }
  static DL_HD V bwd(V g, V x, V, V) {
    const V s = sigmoid(x);
    return g * s * (V(T(1)) + x * (V(T(1)) - s));
  }
};

// tanh(log(1 + e)) = n / (n + 2), n = e (e + 2), e = e^x; from 40 on it is 1.
template <class V>
struct Mish {
  using T = typename ScalarOf<V>::type;
  static DL_HD V power(V x) { return exp(select(x > V(T(40)), V(T(40)), x)); }
  static DL_HD V fwd(V x, V, V) {
    const V e = power(x), n = e * (e + V(T(2)));
    return x * (n / (n + V(T(2))));
  }
  static DL_HD V bwd(V g, V x, V, V) {
    const V e = power(x), n = e * (e + V(T(2))), m = n + V(T(2)), t = n / m;
    return g * (t + x * (V(T(4)) * (n + V(T(1))) / (m * m)) * (e / (V(T(1)) + e)));  // 1 - t² = 4 (n + 1) / m²
  }
};

// a: beta, b: threshold.
template <class V>
struct Softplus {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V a, V b) {
    const V z = a * x, positive = select(z < V(T(0)), V(T(0)), z);
    return select(z > b, x, (positive + log1p_unit(exp(-abs(z)))) / a);
  }
  static DL_HD V bwd(V g, V x, V a, V b) { return select(a * x > b, g, g * sigmoid(a * x)); }
};

template <class V>
struct LogSigmoid {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return select(x > V(T(0)), V(T(0)), x) - log1p_unit(exp(-abs(x))); }
  static DL_HD V bwd(V g, V x, V, V) { return g * sigmoid(-x); }
};

// a: the least value, b: the largest.
template <class V>
struct Hardtanh {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V a, V b) { return select(x < a, a, select(x > b, b, x)); }
  static DL_HD V bwd(V g, V x, V a, V b) { return select((x <= a) | (x >= b), V(T(0)), g); }
};

template <class V>
struct Hardsigmoid {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return Hardtanh<V>::fwd(x + V(T(3)), V(T(0)), V(T(6))) / V(T(6)); }
  static DL_HD V bwd(V g, V x, V, V) { return Hardtanh<V>::bwd(g / V(T(6)), x, V(T(-3)), V(T(3))); }
};

template <class V>
struct Hardswish {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return x * Hardsigmoid<V>::fwd(x, x, x); }
  static DL_HD V bwd(V g, V x, V, V) {
    const V inside = g * (x / V(T(3)) + V(T(0.5)));
    return select(x <= V(T(-3)), V(T(0)), select(x >= V(T(3)), g, inside));
  }
};

template <class V>
struct Softsign {
  using T = typename ScalarOf<V>::type;
  static DL_HD V fwd(V x, V, V) { return x / (V(T(1)) + abs(x)); }
  static DL_HD V bwd(V g, V x, V, V) {
    const V d = V(T(1)) + abs(x);
    return g / (d * d);
  }
};

}  // namespace dl::DL_ISA_NS
