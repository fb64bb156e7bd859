// l(x[i], t[i]), each or summed by chunk, and its gradient, over dense memory. Called by loss.cpp on a range of
// elements. Limit: memory bandwidth for mse; an exp and a log (some 45 operations a lane) for bce.
#include "ops/loss/loss.h"

#include "blocks/rows/rows.h"
#include "ops/loss/formula.h"

namespace dl::DL_ISA_NS {

template <template <class> class F, class T>
static void forward(const LossArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const T *x = static_cast<const T*>(a.x) + begin, *t = static_cast<const T*>(a.t) + begin;
  if (a.out) {
    T* out = static_cast<T*>(a.out) + begin;
    each_vector<T>(end - begin, [&](int64_t i, int lanes) __attribute__((always_inline)) {
      store_n(out + i, F<V>::fwd(load_n(x + i, lanes), load_n(t + i, lanes)), lanes);
    });
    return;
  }
  const T sum = sum_terms<T>(end - begin, [&](int64_t i, int lanes) __attribute__((always_inline)) {
    const V l = F<V>::fwd(load_n(x + i, lanes), load_n(t + i, lanes));
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
  const V scale(static_cast<T>(a.scale)), one = V(*g) * scale;
  const bool each = a.g_step != 0;
  each_vector<T>(end - begin, [&](int64_t i, int lanes) __attribute__((always_inline)) {
    const V gi = each ? load_n(g + i, lanes) * scale : one;
    store_n(out + i, F<V>::bwd(gi, load_n(x + i, lanes), load_n(t + i, lanes)), lanes);
  });
}

void mse_fwd_f32(const LossArgs& a, int64_t b, int64_t e) { forward<Mse, float>(a, b, e); }
void mse_fwd_f64(const LossArgs& a, int64_t b, int64_t e) { forward<Mse, double>(a, b, e); }
void mse_bwd_f32(const LossArgs& a, int64_t b, int64_t e) { backward<Mse, float>(a, b, e); }
void mse_bwd_f64(const LossArgs& a, int64_t b, int64_t e) { backward<Mse, double>(a, b, e); }
void bce_fwd_f32(const LossArgs& a, int64_t b, int64_t e) { forward<Bce, float>(a, b, e); }
void bce_fwd_f64(const LossArgs& a, int64_t b, int64_t e) { forward<Bce, double>(a, b, e); }
void bce_bwd_f32(const LossArgs& a, int64_t b, int64_t e) { backward<Bce, float>(a, b, e); }
void bce_bwd_f64(const LossArgs& a, int64_t b, int64_t e) { backward<Bce, double>(a, b, e); }
void bce_bwd_t_f32(const LossArgs& a, int64_t b, int64_t e) { backward<BceTarget, float>(a, b, e); }
void bce_bwd_t_f64(const LossArgs& a, int64_t b, int64_t e) { backward<BceTarget, double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
