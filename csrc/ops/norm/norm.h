// Batch normalisation over every dimension but dim 1 (Ioffe & Szegedy, 2015, algorithm 1).
//   forward    y  = (x - mean) * scale + bias, scale = weight * invstd, invstd = 1 / sqrt(var + eps)
//              training: mean and biased variance of the batch; running <- (1 - m) running + m batch, with the unbiased
//              variance; else the running ones
//   backward   db = sum g, dw = sum g (x - mean) * invstd
//              dx = (g - db/n - (x - mean) * invstd * dw/n) * scale in training, g * scale else
// x is (N, C, …) of any dense layout: in memory it is outer × C × inner, and the result has the same layout. float32
// and float64. The statistics of a part are sums about the mean of its first sixteenth, which lies within 6 deviations
// of the part's own mean, so that squares lose at most 5 bits to it; parts are put together in float64. Relative error
// of the variance in float32 below 1e-5 also where the mean is 10^5 deviations from 0 (tests/ops/test_norm.py). A NaN
// spoils its own channel only.
#pragma once
#include "core/dtype.h"

namespace dl {

// inner == 1 (channels last, or (N, C)): memory is rows of `width` elements: several pixels, so that a row is a whole
// number of vectors also for C = 10; element j of a row belongs to channel j % C and the last row may be short.
// inner > 1: memory is outer * C planes of `inner` elements.
// A part is `step` rows, or `step` elements of one plane: the unit of every kernel's range.
struct NormArgs {
  const void *x, *g;  // g: the gradient of y; null in forward
  void* out;          // y or dx
  void* sums;  // parts × (shift, Σ(x - shift), Σ(x - shift)²) or parts × (Σ g, Σ g (x - mean)), each `lanes` wide
  const void* params;  // `lanes` wide each. fwd: mean, scale, bias; bwd: mean, scale, db/n, dw/n * invstd; sums: mean
  int64_t total, channels, inner, width, step;
  int64_t lanes;  // width where inner == 1; params: C, sums: 1 where inner > 1
  bool training;  // bwd: the statistics are the batch's and pass gradients on
};

// Null pointers stand for what is absent. Without running statistics the batch's are used in evaluation too. `mean` and
// `invstd` receive what backward needs.
DL_API Array batch_norm_fwd(const Array& x, const Array* weight, const Array* bias, const Array* running_mean,
                            const Array* running_var, bool training, double momentum, double eps, Array* mean,
                            Array* invstd);

// dx when `dx` is not null; dweight and dbias when `dweight` is not null.
DL_API void batch_norm_bwd(const Array& g, const Array& x, const Array& mean, const Array& invstd, const Array* weight,
                           bool training, Array* dx, Array* dweight, Array* dbias);

}  // namespace dl
