// Softmax, its logarithm, and the fused cross-entropy, along one dimension of any dense layout.
//   softmax        y_c = exp(x_c - m) / s        m = max x, s = Σ exp(x_c - m)
//                  dx_c = y_c (g_c - Σ g_k y_k)
//   log_softmax    y_c = (x_c - m) - log s       dx_c = g_c - exp(y_c) Σ g_k
//   logsumexp      y = log s + m, one a row; where m is infinite 0 stands for it, and y is infinite too
//   cross_entropy  loss = log s + (m - x_t)      dx_c = g (exp(x_c - m) / s - [c = t]),  t the target
//     with weights w and smoothing a, l_c = log s + (m - x_c):  loss = (1 - a) w_t l_t + a/C Σ w_c l_c
//     dx_c = g (exp(x_c - m) / s ((1 - a) w_t + a/C Σ w) - (1 - a) w_t [c = t] - a/C w_c); both 0 where t is ignored
// A dense array is (outer, classes, inner) in memory whatever its layout; inner = 1 is the fast path along rows, else
// neighbouring columns share a vector. float32 and float64; the result has x's dense layout. A NaN logit makes its
// row, or loss, NaN; so does, but for logsumexp, a row of -inf. Error: 4 ulp of the largest term plus that of the sum
// (blocks/rows). Targets are checked before anything is computed. The loss of mean and sum adds rows in float64, in
// fixed chunks; mean divides by Σ w_t of the targets that are not ignored.
#pragma once
#include "core/dtype.h"

namespace dl {

struct SoftmaxArgs {
  const void* x;  // forward: the logits; backward: y
  const void* g;  // backward: the gradient of y
  void* out;      // logsumexp: one a row
  int64_t classes, inner;
};
// A kernel's range is rows: the flattened (outer, inner).

struct XentArgs {
  const void* x;
  const int64_t* target;  // one a row
  void* stats;            // (2, rows): each row's m, then each row's s
  int64_t rows, classes, inner, grain;
  void* loss = nullptr;          // forward: one a row, or null
  double* partial = nullptr;     // forward: Σ loss of the chunk that starts at row k * grain, or null
  const void* g = nullptr;       // backward: the gradient of the loss, g_step apart; null: 1
  void* dx = nullptr;            // backward; forward: null, or the gradient made in the same pass
  double scale = 1;              // of dx: 1 / Σ w_t for the mean
  int64_t g_step = 0;            // 1 a row, or 0: one number
  const void* weight = nullptr;  // one a class, or null: 1
  double weight_sum = 0;         // Σ w
  double smoothing = 0;          // a
  int64_t ignored = 0;           // a target whose row counts for nothing
  // On CUDA the host knows no Σ w: kernels find those they need.
  bool mean = false;      // the loss, or the gradient instead of by `scale`, is divided by Σ w_t
  void* total = nullptr;  // forward, for partial: the reduced loss, one number
};
// A kernel's range is rows, as above.

DL_API Array softmax_fwd(const Array& x, int dim);
DL_API Array softmax_bwd(const Array& g, const Array& y, int dim);
DL_API Array log_softmax_fwd(const Array& x, int dim);
DL_API Array log_softmax_bwd(const Array& g, const Array& y, int dim);

DL_API Array logsumexp_fwd(const Array& x, int dim);  // without its dimension

struct XentOptions {
  const Array* weight;  // (C,) or null
  int64_t ignored;
  double smoothing;
  int reduction;
};
// x (N, C, d…) or (C,); target (N, d…) or (). Returns the loss; *stats gets what the backward needs, and *dx, unless
// null, x's gradient for a loss that gets 1: one pass over the logits instead of two. Only a mean or a sum has one.
DL_API Array cross_entropy_fwd(const Array& x, const Array& target, const XentOptions& options, Array* stats,
                               Array* dx = nullptr);
DL_API Array cross_entropy_bwd(const Array& g, const Array& x, const Array& target, const Array& stats,
                               const XentOptions& options);

}  // namespace dl
