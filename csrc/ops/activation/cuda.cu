// y[i] = f(x[i]) and dx[i] = f'(g[i], saved[i]) over dense memory. Called by activation.cpp on all elements at once.
// Operands may be the same memory. Limit: memory bandwidth for relu; for float64 sigmoid and tanh the double units.
#include "cuda/map.cuh"
#include "ops/activation/activation.h"
#include "ops/activation/formula.h"

namespace dl::cuda {

template <template <class> class F, class T>
struct Forward {
  T alpha, beta;
  __device__ T operator()(T x) const { return F<T>::fwd(x, alpha, beta); }
};
template <template <class> class F, class T>
struct Backward {
  T alpha, beta;
  __device__ T operator()(T g, T saved) const { return F<T>::bwd(g, saved, alpha, beta); }
};

template <template <class> class F, class S>
static void forward(const char* name, const ActArgs& a, int64_t n) {
  using T = typename Computed<S>::type;
  map_dense<S, S>(name, Forward<F, T>{static_cast<T>(a.alpha), static_cast<T>(a.beta)}, a.out, a.x, n);
}
template <template <class> class F, class S>
static void backward(const char* name, const ActArgs& a, int64_t n) {
  using T = typename Computed<S>::type;
  map_dense<S, S>(name, Backward<F, T>{static_cast<T>(a.alpha), static_cast<T>(a.beta)}, a.out, a.g, a.x, n);
}

#define KERNELS(NAME, FORMULA) \
  void NAME##_fwd_f32(const ActArgs& a, int64_t, int64_t n) { forward<FORMULA, float>(#NAME "_fwd", a, n); } \
  void NAME##_fwd_f64(const ActArgs& a, int64_t, int64_t n) { forward<FORMULA, double>(#NAME "_fwd", a, n); } \
  void NAME##_fwd_bf16(const ActArgs& a, int64_t, int64_t n) { forward<FORMULA, BFloat16>(#NAME "_fwd", a, n); } \
  void NAME##_bwd_f32(const ActArgs& a, int64_t, int64_t n) { backward<FORMULA, float>(#NAME "_bwd", a, n); } \
  void NAME##_bwd_f64(const ActArgs& a, int64_t, int64_t n) { backward<FORMULA, double>(#NAME "_bwd", a, n); } \
  void NAME##_bwd_bf16(const ActArgs& a, int64_t, int64_t n) { backward<FORMULA, BFloat16>(#NAME "_bwd", a, n); }

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
