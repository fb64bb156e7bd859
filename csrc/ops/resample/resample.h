// Images in another size, by nearest pixels or bilinear weights, as F.interpolate.
//   nearest  y[p, q] = x[low_h[p], low_w[q]]
//   linear   y[p, q] = the mean of the pixels low and high of both axes, by their weights
//   dx[i, j] = sum over the p that read row i and the q that read column j of weight_h weight_w g[p, q]
// Where output o reads: with scale s = in / out, or 1 / the scale given,
//   nearest        floor(o s)            nearest exact   floor((o + 0.5) s)    in float32, PyTorch's choice to the
//   pixel linear         max((o + 0.5) s - 0.5, 0); with aligned corners o (in - 1) / (out - 1); in float64
// An axis whose size does not change is copied (nearest exact: unless the scale given differs).
// (N, C, H, W) or (C, H, W), float32 and float64; nearest also uint8. y has x's layout (blocks/images). The axes are
// independent, so both are tables made once a call; backward gathers through the tables turned around: each element of
// dx is written once, by one thread, in a fixed order.
#pragma once
#include "core/dtype.h"

namespace dl {

enum class Resample : int { nearest, nearest_exact, linear };

// Weights are float or double, as x.
struct ResampleAxis {
  int64_t in, out;
  const int32_t *low, *high;             // forward: what output o reads
  const void *low_weight, *high_weight;  // linear
  const int32_t *cover_at, *cover;       // backward: outputs cover[cover_at[i] … cover_at[i + 1]) read input i,
  const void* cover_weight;              // by these weights
};
// An image is `h.in` rows of `w.in` pixels of `channels` elements. Planes are images of one channel; so are
// channels-last images of few channels, whose column tables then speak of elements.
struct ResampleArgs {
  const void* x;  // forward: x; backward: g
  void* y;        // forward: y; backward: dx
  int64_t channels;
  ResampleAxis h, w;
};
// A kernel's range: rows of y over all images; backward: rows of dx.

// scales: by how much height and width grow, or 0 for size / x's size.
DL_API Array resample_fwd(const Array& x, Resample how, const Dims& size, double scale_h, double scale_w,
                          bool align_corners);
DL_API Array resample_bwd(const Array& g, Resample how, const Dims& x_shape, const Dims& x_strides, double scale_h,
                          double scale_w, bool align_corners);

}  // namespace dl
