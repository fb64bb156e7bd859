// Batch normalisation over every dimension but dim 1 (Ioffe & Szegedy, 2015, algorithm 1); at the end layer and group
// normalisation, whose statistics are a row's own.
//   forward    y  = (x - mean) * scale + bias, scale = weight * invstd, invstd = 1 / sqrt(var + eps)
//              training: mean and biased variance of the batch; running <- (1 - m) running + m batch, with the unbiased
//              variance; else the running ones. With `relu` max(y, 0), NaN kept, in the same pass
//   backward   db = sum g, dw = sum g (x - mean) * invstd
//              dx = (g - db/n - (x - mean) * invstd * dw/n) * scale in training, g * scale else
//              of relu(y): with g where y > 0 and 0 elsewhere; y is made again from x, to the same bits
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

// What kernels of a device read and write themselves, where the host sees no numbers: one value a channel each.
struct NormDevice {
  const void *weight = nullptr, *bias = nullptr;  // null where absent
  void *running_mean = nullptr, *running_var = nullptr;
  int64_t running_mean_step = 1, running_var_step = 1;
  void *mean = nullptr, *invstd = nullptr;    // stats write them, the others read them
  void *dweight = nullptr, *dbias = nullptr;  // sums; null where they are not wanted
  void* means = nullptr;                      // sums, then bwd: db/n, then dw/n * invstd
  double momentum = 0, eps = 0;
  bool batch = false, update = false;  // stats: of the batch, else the running ones; and whether those move

  template <class T>
  DL_HD T scale(int64_t c) const {
    const T inv = static_cast<const T*>(invstd)[c];
    return weight ? inv * static_cast<const T*>(weight)[c] : inv;
  }
  template <class T>
  DL_HD T bias_of(int64_t c) const {
    return bias ? static_cast<const T*>(bias)[c] : T(0);
  }
};

struct NormArgs {
  const void *x, *g;  // g: the gradient of y; null in forward
  void* out;          // y or dx
  void* sums;  // parts × (shift, Σ(x - shift), Σ(x - shift)²) or parts × (Σ g, Σ g (x - mean)), each `lanes` wide
  const void* params;  // `lanes` wide each. fwd: mean, scale, bias; bwd: mean, scale, bias, db/n, dw/n * invstd
  int64_t total, channels, inner, width, step;
  int64_t lanes;           // width where inner == 1; params: C, sums: 1 where inner > 1
  bool relu;               // fwd: of y; sums, bwd: g is the gradient of relu(y)
  bool training;           // bwd: the statistics are the batch's and pass gradients on
  bool stream;             // fwd, bwd: `out` goes past the caches; rows, planes and parts are whole, aligned vectors
  NormDevice device = {};  // instead of sums, params, width, step and lanes
};

// Null pointers stand for what is absent. Without running statistics the batch's are used in evaluation too. `mean` and
// `invstd` receive what backward needs. `in_place`: y may take the memory of x, which nobody reads any more.
DL_API Array batch_norm_fwd(const Array& x, const Array* weight, const Array* bias, const Array* running_mean,
                            const Array* running_var, bool training, double momentum, double eps, bool relu,
                            bool in_place, Array* mean, Array* invstd);

// dx when `dx` is not null; dweight and dbias when `dweight` is not null.
// With `relu`, g is the gradient of relu(y); `bias` is needed for that alone.
DL_API void batch_norm_bwd(const Array& g, const Array& x, const Array& mean, const Array& invstd, const Array* weight,
                           const Array* bias, bool relu, bool training, Array* dx, Array* dweight, Array* dbias);

// Layer norm (Ba et al., 2016) and group norm (Wu & He, 2018). x is row-major; a row is what is normalised together:
// the trailing dimensions, or a sample's C / groups channels.
//   forward    y  = (x - mean) * invstd * weight + bias, biased variance of the row
//   backward   v  = g * weight;  dx = (v - Σ v / n - (x - mean) * invstd² * Σ v (x - mean) / n) * invstd
//              dw = Σ g (x - mean) * invstd, db = Σ g over the rows (and elements) that share the parameter
// Statistics are sums about the mean of the row's first sixteenth, as batch norm's. A NaN spoils its own row only.
struct RowNormArgs {
  const void *x, *g;            // g: the gradient of y; null in forward
  void* out;                    // y or dx; backward: null where it is not wanted
  void* stats;                  // rows × (mean, invstd)
  const void *weight, *bias;    // null where absent
  void* sums;                   // backward, see below; null where the parameters' gradients are not wanted
  int64_t size, inner, groups;  // elements of a row; of them in a run that shares a parameter; rows of one sample
  int64_t grain;                // rows of a chunk
  double eps;
  void *dweight = nullptr, *dbias = nullptr;  // on CUDA instead of sums
};
// A kernel's range is rows. Row r begins at parameter (r % groups) * (size / inner).
// sums, inner == 1 (so that groups == 1 or a sample is one element a parameter): a chunk's Σ g (x - mean) invstd, then
// its Σ g, each groups * size wide, then scratch of both widths. inner > 1: the same two numbers for each run of each
// row: rows × size / inner × 2.

DL_API Array layer_norm_fwd(const Array& x, const Dims& normalized_shape, const Array* weight, const Array* bias,
                            double eps, Array* stats);
DL_API Array group_norm_fwd(const Array& x, int64_t groups, const Array* weight, const Array* bias, double eps,
                            Array* stats);
// dx when `dx` is not null; dweight and dbias when `dweight` is not null.
DL_API void layer_norm_bwd(const Array& g, const Array& x, const Dims& normalized_shape, const Array& stats,
                           const Array* weight, Array* dx, Array* dweight, Array* dbias);
DL_API void group_norm_bwd(const Array& g, const Array& x, int64_t groups, const Array& stats, const Array* weight,
                           Array* dx, Array* dweight, Array* dbias);

}  // namespace dl
