// l(x[i], t[i]), each or summed by chunk, and its gradient, over dense memory. Called by loss.cpp on a range of
// elements. Limit: memory bandwidth for the differences; an exp and a log (some 45 operations a lane) for bce.
#include "ops/loss/loss.h"

#include "blocks/rows/rows.h"
#include "ops/loss/formula.h"

namespace dl::DL_ISA_NS {

template <template <class> class F, class T>
static void forward(const LossArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const T *x = static_cast<const T*>(a.x) + begin, *t = static_cast<const T*>(a.t) + begin;
  const V alpha(static_cast<T>(a.alpha));
  if (a.out) {
    T* out = static_cast<T*>(a.out) + begin;
    each_vector<T>(end - begin, [&](int64_t i, int lanes) __attribute__((always_inline)) {
      store_n(out + i, F<V>::fwd(load_n(x + i, lanes), load_n(t + i, lanes), alpha), lanes);
    });
    return;
  }
  const T sum = sum_terms<T>(end - begin, [&](int64_t i, int lanes) __attribute__((always_inline)) {
    const V l = F<V>::fwd(load_n(x + i, lanes), load_n(t + i, lanes), alpha);
    return first_lanes(l, lanes);
  });
  a.partial[begin / a.grain] = static_cast<double>(sum);
}

template <template <class> class F, class T>
static void backward(const LossArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const T *x = static_cast<const T*>(a.x) + begin, *t = static_cast<const T*>(a.t) + begin;
  const T* g = static_cast<const T*>(a.g) + begin * a.g_step;
  T* out = static_cast<T*>(a.out) + begin;
  const V scale(static_cast<T>(a.scale)), one = V(*g) * scale, alpha(static_cast<T>(a.alpha));
  const bool each = a.g_step != 0;
  each_vector<T>(end - begin, [&](int64_t i, int lanes) __attribute__((always_inline)) {
    const V gi = each ? load_n(g + i, lanes) * scale : one;
    store_n(out + i, F<V>::bwd(gi, load_n(x + i, lanes), load_n(t + i, lanes), alpha), lanes);
  });
}

#define KERNELS(NAME, DIRECTION, FORMULA) \
  void NAME##_f32(const LossArgs& a, int64_t b, int64_t e) { DIRECTION<FORMULA, float>(a, b, e); } \
  void NAME##_f64(const LossArgs& a, int64_t b, int64_t e) { DIRECTION<FORMULA, double>(a, b, e); }
KERNELS(mse_fwd, forward, Mse)
KERNELS(mse_bwd, backward, Mse)
KERNELS(l1_fwd, forward, L1)
KERNELS(l1_bwd, backward, L1)
KERNELS(smooth_l1_fwd, forward, SmoothL1)
KERNELS(smooth_l1_bwd, backward, SmoothL1)
KERNELS(huber_fwd, forward, Huber)
KERNELS(huber_bwd, backward, Huber)
KERNELS(bce_fwd, forward, Bce)
KERNELS(bce_bwd, backward, Bce)
KERNELS(bce_bwd_t, backward, BceTarget)
KERNELS(bce_prob_fwd, forward, BceProb)
KERNELS(bce_prob_bwd, backward, BceProb)
KERNELS(bce_prob_bwd_t, backward, BceProbTarget)

}  // namespace dl::DL_ISA_NS
