// y[i] = f(x[i]) and dx[i] = f'(g[i], saved[i]) over dense memory. Called by activation.cpp on all elements at once.
// 16 bytes a load where every pointer allows it, single elements for the rest. Operands may be the same memory.
// Limit: memory bandwidth for relu; for float64 sigmoid and tanh the double units.
#include "cuda/vec128.cuh"
#include "ops/activation/activation.h"
#include "ops/activation/formula.h"

namespace dl::cuda {

template <template <class> class F, class T>
static __global__ void forward_kernel(const T* x, T* y, T alpha, T beta, int64_t vectors, int64_t n) {
  constexpr int kN = Vec128<T>::size;
  for (int64_t i = first_item(); i < vectors; i += item_step()) {
    Vec128<T> v = load128(x + i * kN);
    for (T& e : v.of) e = F<T>::fwd(e, alpha, beta);
    store128(y + i * kN, v);
  }
  for (int64_t i = vectors * kN + first_item(); i < n; i += item_step()) y[i] = F<T>::fwd(x[i], alpha, beta);
}

template <template <class> class F, class T>
static __global__ void backward_kernel(const T* g, const T* saved, T* dx, T alpha, T beta, int64_t vectors, int64_t n) {
  constexpr int kN = Vec128<T>::size;
  for (int64_t i = first_item(); i < vectors; i += item_step()) {
    Vec128<T> v = load128(g + i * kN);
    const Vec128<T> s = load128(saved + i * kN);
    for (int k = 0; k < kN; ++k) v.of[k] = F<T>::bwd(v.of[k], s.of[k], alpha, beta);
    store128(dx + i * kN, v);
  }
  for (int64_t i = vectors * kN + first_item(); i < n; i += item_step()) dx[i] = F<T>::bwd(g[i], saved[i], alpha, beta);
}

template <template <class> class F, class T>
static void forward(const char* name, const ActArgs& a, int64_t begin, int64_t end) {
  const T* x = static_cast<const T*>(a.x) + begin;
  T* y = static_cast<T*>(a.out) + begin;
  const int64_t n = end - begin, vectors = is_aligned128(x) && is_aligned128(y) ? n / Vec128<T>::size : 0;
  launch(name, forward_kernel<F, T>, grid_stride(vectors ? vectors : n), x, y, static_cast<T>(a.alpha),
         static_cast<T>(a.beta), vectors, n);
}

template <template <class> class F, class T>
static void backward(const char* name, const ActArgs& a, int64_t begin, int64_t end) {
  const T *g = static_cast<const T*>(a.g) + begin, *saved = static_cast<const T*>(a.x) + begin;
  T* dx = static_cast<T*>(a.out) + begin;
  const bool aligned = is_aligned128(g) && is_aligned128(saved) && is_aligned128(dx);
  const int64_t n = end - begin, vectors = aligned ? n / Vec128<T>::size : 0;
  launch(name, backward_kernel<F, T>, grid_stride(vectors ? vectors : n), g, saved, dx, static_cast<T>(a.alpha),
         static_cast<T>(a.beta), vectors, n);
}

#define KERNELS(NAME, FORMULA) \
  void NAME##_fwd_f32(const ActArgs& a, int64_t b, int64_t e) { forward<FORMULA, float>(#NAME "_fwd", a, b, e); } \
  void NAME##_fwd_f64(const ActArgs& a, int64_t b, int64_t e) { forward<FORMULA, double>(#NAME "_fwd", a, b, e); } \
  void NAME##_bwd_f32(const ActArgs& a, int64_t b, int64_t e) { backward<FORMULA, float>(#NAME "_bwd", a, b, e); } \
  void NAME##_bwd_f64(const ActArgs& a, int64_t b, int64_t e) { backward<FORMULA, double>(#NAME "_bwd", a, b, e); }

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

}  // namespace dl::cuda
