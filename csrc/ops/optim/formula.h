// The formulas of optim.h for one element or one vector, for every ISA, for scalars and for CUDA.
#pragma once
#include "ops/optim/optim.h"
#include "simd/scalar.h"
#ifndef __CUDACC__
#include "simd/vec.h"
#endif

namespace dl::DL_ISA_NS {

template <class V>
struct Sgd {
  using T = typename ScalarOf<V>::type;
  V rate, momentum, keep, decay;
  bool nesterov, maximize, decays;

  DL_HD explicit Sgd(const SgdOptions& o)
      : rate(T(o.lr)),
        momentum(T(o.momentum)),
        keep(T(1.0 - o.dampening)),
        decay(T(o.weight_decay)),
        nesterov(o.nesterov),
        maximize(o.maximize),
        decays(o.weight_decay != 0) {}

  DL_HD V gradient(V p, V g) const {
    if (maximize) g = -g;
    return decays ? g + decay * p : g;
  }
  DL_HD V plain(V p, V g) const { return p - rate * gradient(p, g); }
  DL_HD V with_momentum(V p, V g, V* b, bool first) const {
    g = gradient(p, g);
    *b = first ? g : momentum * *b + keep * g;
    return p - rate * (nesterov ? g + momentum * *b : *b);
  }
};

template <class V>
struct Adam {
  using T = typename ScalarOf<V>::type;
  V shrink, decay, keep1, beta2, keep2, eps;
  bool decoupled, decays, maximize;

  DL_HD explicit Adam(const AdamOptions& o)
      : shrink(T(1.0 - o.lr * o.weight_decay)),
        decay(T(o.weight_decay)),
        keep1(T(1.0 - o.beta1)),
        beta2(T(o.beta2)),
        keep2(T(1.0 - o.beta2)),
        eps(T(o.eps)),
        decoupled(o.decoupled),
        decays(o.weight_decay != 0),
        maximize(o.maximize) {}

  DL_HD V step(V p, V g, V* m, V* v, V rate, V root) const {
    if (maximize) g = -g;
    if (decays && decoupled) p = p * shrink;
    if (decays && !decoupled) g = g + decay * p;
    *m = *m + keep1 * (g - *m);
    *v = beta2 * *v + keep2 * g * g;
    return p - rate * *m / (sqrt(*v) / root + eps);
  }
};

}  // namespace dl::DL_ISA_NS
