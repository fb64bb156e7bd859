// Pixels of an image at given places, as F.grid_sample (Jaderberg et al., "Spatial transformer networks", NIPS 2015).
//   grid[n, p, q] = (u, v) -> column ix = (u + 1) W / 2 - 1/2, row iy likewise of v and H; with aligned corners
//   (u + 1) (W - 1) / 2. Then by the padding: zeros: as it is; border: clamped to [0, W - 1]; reflection: mirrored at
//   the image's edges (at the centres of the outer pixels with aligned corners), then clamped. bilinear  y = sum over
//   the four pixels around (iy, ix) of their weight x; pixels outside count 0 nearest   y = x at the rounded place,
//   halves to even; 0 outside dx = sum of weight g at each pixel, in the order of (p, q) dgrid = sum over c of g times
//   the slope of the bilinear surface; 0 where clamped, and for nearest
// x (N, C, H, W) of less than 2^31 pixels, grid (N, P, Q, 2), one dtype, float32 or float64; a NaN lies outside (zeros)
// or at 0. y and dx have x's layout (blocks/images). dx: one thread owns a block of an image's channels; on CUDA the
// places are sorted by pixel, and a thread adds what one element gets.
#pragma once
#include "core/dtype.h"

namespace dl {

enum class GridPadding : int { zeros, border, reflection };

constexpr int64_t kGridChannels = 32;  // of dx a unit: two cache lines of float32 a pixel

struct GridSampleArgs {
  const void* x;     // null in bwd_x
  const void* grid;  // row-major
  const void* g;     // backward: the gradient, in x's layout
  void* out;
  int64_t c, h, w, p, q;
  GridPadding padding;
  bool nearest, align_corners, channels_last;
};
// A kernel's range: fwd and bwd_grid: rows (n, p) of the grid; bwd_x: (n, block of kGridChannels), out is cleared.

DL_API Array grid_sample_fwd(const Array& x, const Array& grid, bool nearest, GridPadding padding, bool align_corners);
DL_API Array grid_sample_bwd_x(const Array& g, const Array& grid, const Dims& x_shape, const Dims& x_strides,
                               bool nearest, GridPadding padding, bool align_corners);
DL_API Array grid_sample_bwd_grid(const Array& g, const Array& x, const Array& grid, bool nearest, GridPadding padding,
                                  bool align_corners);

}  // namespace dl
