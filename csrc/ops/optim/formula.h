// The formulas of optim.h for one element or one vector, for every ISA, for scalars and for CUDA. A rule's `step` takes
// p, the gradient, its state (which it updates) and what differs between tensors, and returns the new p.
#pragma once
#include "ops/optim/optim.h"
#include "simd/scalar.h"
#ifndef __CUDACC__
#include "simd/vec.h"
#endif

namespace dl::DL_ISA_NS {

template <class V>
struct OfTensor {
  using T = typename ScalarOf<V>::type;
  V rate, ahead, root;
  bool first;

  DL_HD explicit OfTensor(const OptimTensor& t) : rate(T(t.rate)), ahead(T(t.ahead)), root(T(t.root)), first(t.first) {}
};

// NaN if either is NaN.
template <class V>
DL_HD V larger(V a, V b) {
  return select((a > b) | (a != a), a, b);
}

// ±grad + wd p, or the decay of p itself.
template <class V>
struct Decay {
  using T = typename ScalarOf<V>::type;
  V decay, shrink;
  bool decays, decoupled, maximize;

  template <class Options>
  DL_HD explicit Decay(const Options& o, bool decoupled = false)
      : decay(T(o.weight_decay)),
        shrink(T(1.0 - o.lr * o.weight_decay)),
        decays(o.weight_decay != 0),
        decoupled(decoupled),
        maximize(o.maximize) {}

  DL_HD V gradient(V* p, V g) const {
    if (maximize) g = -g;
    if (!decays) return g;
    if (!decoupled) return g + decay * *p;
    *p = *p * shrink;
    return g;
  }
};

// m and v of the Adam family.
template <class V>
struct Moments {
  using T = typename ScalarOf<V>::type;
  V keep1, beta2, keep2;

  template <class Options>
  DL_HD explicit Moments(const Options& o) : keep1(T(1.0 - o.beta1)), beta2(T(o.beta2)), keep2(T(1.0 - o.beta2)) {}

  DL_HD V mean(V m, V g) const { return m + keep1 * (g - m); }
  DL_HD V square(V v, V g) const { return beta2 * v + keep2 * g * g; }
};

template <class V>
struct Sgd {
  using T = typename ScalarOf<V>::type;
  static constexpr int states = 1;
  Decay<V> decay;
  V rate, momentum, keep;
  bool has_momentum, nesterov;

  DL_HD explicit Sgd(const SgdOptions& o)
      : decay(o),
        rate(T(o.lr)),
        momentum(T(o.momentum)),
        keep(T(1.0 - o.dampening)),
        has_momentum(o.momentum != 0),
        nesterov(o.nesterov) {}

  DL_HD V step(V p, V g, V* state, const OfTensor<V>& t) const {
    g = decay.gradient(&p, g);
    if (!has_momentum) return p - rate * g;
    V& b = state[0];
    b = t.first ? g : momentum * b + keep * g;
    return p - rate * (nesterov ? g + momentum * b : b);
  }
};

template <class V, bool amsgrad>
struct AdamFamily {
  using T = typename ScalarOf<V>::type;
  static constexpr int states = amsgrad ? 3 : 2;
  Decay<V> decay;
  Moments<V> moments;
  V eps;

  DL_HD explicit AdamFamily(const AdamOptions& o) : decay(o, o.decoupled), moments(o), eps(T(o.eps)) {}

  DL_HD V step(V p, V g, V* state, const OfTensor<V>& t) const {
    g = decay.gradient(&p, g);
    state[0] = moments.mean(state[0], g);
    state[1] = moments.square(state[1], g);
    if (amsgrad) state[2] = larger(state[2], state[1]);
    return p - t.rate * state[0] / (sqrt(state[states - 1]) / t.root + eps);
  }
};
template <class V>
using Adam = AdamFamily<V, false>;
template <class V>
using Amsgrad = AdamFamily<V, true>;

template <class V>
struct Nadam {
  using T = typename ScalarOf<V>::type;
  static constexpr int states = 2;
  Decay<V> decay;
  Moments<V> moments;
  V eps;

  DL_HD explicit Nadam(const NadamOptions& o) : decay(o, o.decoupled), moments(o), eps(T(o.eps)) {}

  DL_HD V step(V p, V g, V* state, const OfTensor<V>& t) const {
    g = decay.gradient(&p, g);
    state[0] = moments.mean(state[0], g);
    state[1] = moments.square(state[1], g);
    return p - (t.ahead * g + t.rate * state[0]) / (sqrt(state[1]) / t.root + eps);
  }
};

template <class V>
struct Adamax {
  using T = typename ScalarOf<V>::type;
  static constexpr int states = 2;
  Decay<V> decay;
  Moments<V> moments;
  V eps;

  DL_HD explicit Adamax(const AdamaxOptions& o) : decay(o), moments(o), eps(T(o.eps)) {}

  DL_HD V step(V p, V g, V* state, const OfTensor<V>& t) const {
    g = decay.gradient(&p, g);
    state[0] = moments.mean(state[0], g);
    state[1] = larger(moments.beta2 * state[1], abs(g) + eps);
    return p - t.rate * state[0] / state[1];
  }
};

// √q + ε or √(q + ε).
template <class V>
DL_HD V rooted(V q, V eps, bool inside) {
  return inside ? sqrt(q + eps) : sqrt(q) + eps;
}

template <class V>
struct Adagrad {
  using T = typename ScalarOf<V>::type;
  static constexpr int states = 1;
  Decay<V> decay;
  V eps;
  bool inside;

  DL_HD explicit Adagrad(const AdagradOptions& o) : decay(o), eps(T(o.eps)), inside(o.inside) {}

  DL_HD V step(V p, V g, V* state, const OfTensor<V>& t) const {
    g = decay.gradient(&p, g);
    state[0] = state[0] + g * g;
    return p - t.rate * g / rooted(state[0], eps, inside);
  }
};

template <class V>
struct Adadelta {
  using T = typename ScalarOf<V>::type;
  static constexpr int states = 2;
  Decay<V> decay;
  V rate, rho, keep, eps;

  DL_HD explicit Adadelta(const AdadeltaOptions& o)
      : decay(o), rate(T(o.lr)), rho(T(o.rho)), keep(T(1.0 - o.rho)), eps(T(o.eps)) {}

  DL_HD V step(V p, V g, V* state, const OfTensor<V>&) const {
    g = decay.gradient(&p, g);
    state[0] = rho * state[0] + keep * g * g;
    const V delta = sqrt(state[1] + eps) / sqrt(state[0] + eps) * g;
    state[1] = rho * state[1] + keep * delta * delta;
    return p - rate * delta;
  }
};

template <class V>
struct Rmsprop {
  using T = typename ScalarOf<V>::type;
  static constexpr int states = 3;
  Decay<V> decay;
  V rate, alpha, keep, eps, momentum;
  bool centered, has_momentum, inside;

  DL_HD explicit Rmsprop(const RmspropOptions& o)
      : decay(o),
        rate(T(o.lr)),
        alpha(T(o.alpha)),
        keep(T(1.0 - o.alpha)),
        eps(T(o.eps)),
        momentum(T(o.momentum)),
        centered(o.centered),
        has_momentum(o.momentum != 0),
        inside(o.inside) {}

  DL_HD V step(V p, V g, V* state, const OfTensor<V>&) const {
    g = decay.gradient(&p, g);
    V &s = state[0], &m = state[1], &b = state[2];
    s = alpha * s + keep * g * g;
    V q = s;
    if (centered) {
      m = m + keep * (g - m);
      q = larger(s - m * m, V(T(0)));
    }
    const V h = g / rooted(q, eps, inside);
    if (!has_momentum) return p - rate * h;
    b = momentum * b + h;
    return p - rate * b;
  }
};

}  // namespace dl::DL_ISA_NS
