// y[i] = f(x[i]) and dx[i] = f'(g[i], saved[i]) over dense memory. Called by activation.cpp on a range of elements.
// Limit: memory bandwidth for relu; the exp polynomial (about 20 operations a lane) for sigmoid and tanh,
// two or three of them for the smooth ones.
#include "ops/activation/activation.h"
#include "ops/activation/formula.h"
#include "simd/bf16.h"
#include "simd/stream.h"

namespace dl::DL_ISA_NS {

template <template <class> class F, class T>
static void forward(const ActArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const V alpha(static_cast<T>(a.alpha)), beta(static_cast<T>(a.beta));
  each_tile(static_cast<T*>(a.out) + begin, end - begin, a.past_caches, [&](T* y, int64_t first, int64_t m) {
    const T* x = static_cast<const T*>(a.x) + begin + first;
    int64_t i = 0;
    for (; i + V::size <= m; i += V::size) F<V>::fwd(V::load(x + i), alpha, beta).store(y + i);
    if (const int n = static_cast<int>(m - i)) store_n(y + i, F<V>::fwd(load_n(x + i, n, T(0)), alpha, beta), n);
  });
}

template <template <class> class F, class T>
static void backward(const ActArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const V alpha(static_cast<T>(a.alpha)), beta(static_cast<T>(a.beta));
  each_tile(static_cast<T*>(a.out) + begin, end - begin, a.past_caches, [&](T* dx, int64_t first, int64_t m) {
    const T *saved = static_cast<const T*>(a.x) + begin + first, *g = static_cast<const T*>(a.g) + begin + first;
    int64_t i = 0;
    for (; i + V::size <= m; i += V::size) F<V>::bwd(V::load(g + i), V::load(saved + i), alpha, beta).store(dx + i);
    if (const int n = static_cast<int>(m - i))
      store_n(dx + i, F<V>::bwd(load_n(g + i, n, T(0)), load_n(saved + i, n, T(0)), alpha, beta), n);
  });
}

static void through_float(void (*kernel)(const ActArgs&, int64_t, int64_t), const ActArgs& a, int64_t begin,
                          int64_t end) {
  alignas(64) float x[kWideTile], g[kWideTile], y[kWideTile];
  ActArgs wide = a;
  wide.x = x;
  wide.g = a.g ? g : nullptr;
  wide.out = y;
  wide.past_caches = false;
  each_tile(static_cast<BFloat16*>(a.out) + begin, end - begin, a.past_caches,
            [&](BFloat16* to, int64_t first, int64_t m) {
              for (int64_t i = 0; i < m; i += kWideTile) {
                const int64_t n = m - i < kWideTile ? m - i : kWideTile, at = begin + first + i;
                widen_run(static_cast<const BFloat16*>(a.x) + at, 1, x, n);
                if (a.g) widen_run(static_cast<const BFloat16*>(a.g) + at, 1, g, n);
                kernel(wide, 0, n);
                narrow_run(y, to + i, 1, n);
              }
            });
}

#define KERNELS(NAME, FORMULA) \
  void NAME##_fwd_f32(const ActArgs& a, int64_t b, int64_t e) { forward<FORMULA, float>(a, b, e); } \
  void NAME##_fwd_f64(const ActArgs& a, int64_t b, int64_t e) { forward<FORMULA, double>(a, b, e); } \
  void NAME##_bwd_f32(const ActArgs& a, int64_t b, int64_t e) { backward<FORMULA, float>(a, b, e); } \
  void NAME##_bwd_f64(const ActArgs& a, int64_t b, int64_t e) { backward<FORMULA, double>(a, b, e); } \
  void NAME##_fwd_bf16(const ActArgs& a, int64_t b, int64_t e) { through_float(NAME##_fwd_f32, a, b, e); } \
  void NAME##_bwd_bf16(const ActArgs& a, int64_t b, int64_t e) { through_float(NAME##_bwd_f32, a, b, e); }

KERNELS(relu, Relu)
KERNELS(leaky_relu, LeakyRelu)
KERNELS(sigmoid, Sigmoid)
KERNELS(tanh, Tanh)
KERNELS(elu, Elu)
KERNELS(celu, Celu)
KERNELS(gelu, Gelu)
KERNELS(gelu_tanh, GeluTanh)
KERNELS(silu, Silu)
KERNELS(mish, Mish)
KERNELS(softplus, Softplus)
KERNELS(logsigmoid, LogSigmoid)
KERNELS(hardtanh, Hardtanh)
KERNELS(hardsigmoid, Hardsigmoid)
KERNELS(hardswish, Hardswish)
KERNELS(softsign, Softsign)

}  // namespace dl::DL_ISA_NS
