// Winograd's F(4×4, 3×3): a 3×3 convolution of stride 1 in tiles of 4×4 results with 36 products a channel, not 144.
//   y = Aᵀ[(G w Gᵀ) ⊙ (Bᵀ x B)]A + bias   for a tile's 6×6 patch x, summed over the channels before Aᵀ…A
// at the points 0, ±1, ½, -2, ∞ (transforms.h). float32; x has its channels side by side, y is dense channels-last,
// w is read through any strides: the gradient of an image is such a convolution, its filters turned round. y must not
// overlap an operand. Gradients of filters are the same transforms turned round (weights.h). The same bits at any
// number of threads (per ISA).
//
// Error: relative to the patch, not to the terms of each sum. Root mean square 1.1e-6 of y's deviation for 64
// channels and 2e-6 for 512 (multiply-adds: 2e-7); |error| <= 2^-18 max|x| sum|w| on all data tried. So it serves
// set_product_precision() below 3 alone, and no machine with AMX, whose tiles are faster and as exact. Values that it
// cannot carry (not finite, or so large that a sum within a tile overflows) are seen in the result.
#pragma once
#include "core/dtype.h"

namespace dl {

struct Winograd {
  bool fits;           // a 3×3 convolution of stride 1, not dilated, in one group
  int64_t n, h, w, c;  // x
  int64_t p, q, k;     // y
  int64_t top, left;   // y[p, q] reads from x[p - top, q - left] on; outside x is 0
  const float* x;
  int64_t x_n, x_h, x_w;  // strides
  const float* filters;
  int64_t w_k, w_c, w_r, w_s;  // strides, may be negative
  const float* bias;           // or null
  bool relu;                   // y is max(y, 0), NaN kept
  float* y;
  const float* dy;  // for gradients of filters: y's, dense channels-last
};

struct WinogradArgs {
  Winograd g;
  int float_parts;                    // as in gemm.h
  bool tiles_first;                   // products run on tiles of bfloat16 here
  bool always;                        // whatever the estimate
  double seconds, direct_seconds;     // estimated, and what multiply-adds of patches would take
  int64_t tiles_h, tiles_w, tiles;    // of an image's rows, of its columns; in all
  int64_t block_t, block_c, block_k;  // a task: block_t tiles × block_k channels of y, block_c of x at a time
  int64_t tasks_t, tasks_k;
  int64_t u_plane, v_plane, m_plane;   // from one of the 36 products' operands to the next, in scratch
  bool held_filters;                   // one block has all channels: a task leaves its filters for the next
  bool past_caches;                    // y is stored so
  int64_t tasks_c, parts, part_tiles;  // gradients of filters: of block_k × block_c over part_tiles tiles
  float* dw;                           // theirs: [part][k][3][3][c]
  float* scratch;                      // [36] filters, [36] patches, [36] sums, zeros
  int64_t* held;                       // the block of k whose filters are there, or -1
  int* unfit;                          // set by a kernel whose result is not finite
};
// A kernel's range: tasks.

// False: no row fits, or the operands hold what it cannot carry; y is to be computed otherwise.
DL_API bool winograd(const Winograd& g);
// The gradient of g's filters from dy, to dw (channels-last). False: as above.
DL_API bool winograd_weights(const Winograd& g, const Array& dw);
// Tests: whatever can be computed so is, however small.
DL_API void set_winograd_always(bool on);

}  // namespace dl
