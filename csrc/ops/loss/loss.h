// Losses of an input against a target of the same shape, reduced in the same pass.
//   mse        l = d², d = x - t                         dx = 2 g d            dt = -dx
//   l1         l = |d|                                   dx = g sign d         dt = -dx
//   smooth_l1  l = d²/2b where |d| < b, else |d| - b/2   dx = g d/b or g sign d   (b = 0: l1)
//   huber      l = d²/2 where |d| <= b, else b (|d| - b/2)   dx = g d or g b sign d
//   bce        l = max(x, 0) - x t + log(1 + e^-|x|)     dx = g (σ(x) - t)     dt = -g x
//   bce_prob   l = -t log x - (1 - t) log(1 - x), each log at least -100 (so that a certain miss costs 100)
//              dx = g (x - t) / max(x (1 - x), 1e-12)    dt = g (log(1 - x) - log x)
// bce is the binary cross-entropy of σ(x), computed from the logits: no overflow, no log of 0. reduction none
// gives each element's l in x's dense layout; mean and sum add float64 partial sums of fixed chunks. float32 and
// float64; x and t alike in shape, dtype and device. (n,1) against (n,) is refused: broadcast it would give n² losses.
// NaN stays NaN.
#pragma once
#include "core/dtype.h"

namespace dl {

struct LossArgs {
  const void *x, *t;
  void* out = nullptr;        // forward: each l, or null; backward: dx or dt
  double* partial = nullptr;  // forward: Σ l of the chunk that starts at element k * grain, or null
  int64_t grain = 0;
  const void* g = nullptr;  // backward: the gradient of the loss, g_step apart
  int64_t g_step = 0;       // 1 an element, or 0: one number
  double scale = 1;         // backward: 1 / elements for the mean
  double alpha = 0;         // smooth_l1's and huber's b
  void* total = nullptr;    // forward on CUDA, for partial: Σ l / divisor, one number
  double divisor = 1;
};
// A kernel's range is elements of the dense arrays.

DL_API Array mse_fwd(const Array& x, const Array& t, int reduction);
DL_API Array mse_bwd(const Array& g, const Array& x, const Array& t, int reduction);
DL_API Array l1_fwd(const Array& x, const Array& t, int reduction);
DL_API Array l1_bwd(const Array& g, const Array& x, const Array& t, int reduction);
DL_API Array smooth_l1_fwd(const Array& x, const Array& t, int reduction, double beta);
DL_API Array smooth_l1_bwd(const Array& g, const Array& x, const Array& t, int reduction, double beta);
DL_API Array huber_fwd(const Array& x, const Array& t, int reduction, double delta);
DL_API Array huber_bwd(const Array& g, const Array& x, const Array& t, int reduction, double delta);
DL_API Array bce_fwd(const Array& x, const Array& t, int reduction);
DL_API Array bce_bwd(const Array& g, const Array& x, const Array& t, int reduction);
DL_API Array bce_bwd_t(const Array& g, const Array& x, const Array& t, int reduction);
DL_API Array bce_prob_fwd(const Array& x, const Array& t, int reduction);
DL_API Array bce_prob_bwd(const Array& g, const Array& x, const Array& t, int reduction);
DL_API Array bce_prob_bwd_t(const Array& g, const Array& x, const Array& t, int reduction);

}  // namespace dl
