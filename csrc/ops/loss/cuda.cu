// l(x[i], t[i]), each or reduced to one number, and its gradient, over dense memory. Called by loss.cpp on all elements
// at once. Limit: memory bandwidth.
#include "cuda/map.cuh"
#include "cuda/total.cuh"
#include "ops/loss/formula.h"
#include "ops/loss/loss.h"

namespace dl::cuda {

template <template <class> class F, class T>
struct Each {
  T alpha;
  __device__ T operator()(T x, T t) const { return F<T>::fwd(x, t, alpha); }
};
template <template <class> class F, class T>
struct Term {
  const T *x, *t;
  T alpha;
  __device__ T operator()(int64_t i) const { return F<T>::fwd(x[i], t[i], alpha); }
};
template <template <class> class F, class T>
struct Gradient {
  T scale, alpha;
  __device__ T operator()(T g, T x, T t) const { return F<T>::bwd(g * scale, x, t, alpha); }
};

template <template <class> class F, class T>
static void forward(const char* name, const LossArgs& a, int64_t n) {
  const T alpha = static_cast<T>(a.alpha);
  if (a.out) return map_dense<T, T>(name, Each<F, T>{alpha}, a.out, a.x, a.t, n);
  const Scratch total(sizeof(double));
  sum_terms(name, Term<F, T>{static_cast<const T*>(a.x), static_cast<const T*>(a.t), alpha}, n, total.as<double>());
  launch(name, divide_kernel<T>, {.blocks = 1, .threads = 1}, total.as<double>(), static_cast<const double*>(nullptr),
         a.divisor, static_cast<T*>(a.total));
}

template <template <class> class F, class T>
static void backward(const char* name, const LossArgs& a, int64_t n) {
  const Operands<T, T, 3> in{
      {static_cast<const T*>(a.g), static_cast<const T*>(a.x), static_cast<const T*>(a.t)}, {}, {a.g_step, 1, 1}};
  map(name, Gradient<F, T>{static_cast<T>(a.scale), static_cast<T>(a.alpha)}, static_cast<T*>(a.out), in, n);
}

#define KERNELS(NAME, DIRECTION, FORMULA) \
  void NAME##_f32(const LossArgs& a, int64_t, int64_t n) { DIRECTION<FORMULA, float>(#NAME, a, n); } \
  void NAME##_f64(const LossArgs& a, int64_t, int64_t n) { DIRECTION<FORMULA, double>(#NAME, a, n); }
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

}  // namespace dl::cuda
