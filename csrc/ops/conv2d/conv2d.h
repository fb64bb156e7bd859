// Two-dimensional convolution (cross-correlation) and its gradients. float32 and float64, one dtype for all operands.
//   y[n,k,p,q] = b[k] + sum_{c,r,s} x[n, c, p·stride_h + r·dilation_h - top, q·stride_w + s·dilation_w - left]
//   w[k,c,r,s]
// x (N, C, H, W), w (K, C/groups, R, S), b (K) or none -> y (N, K, P, Q); outside the image x is 0. Output channels of
// group g see input channels of group g alone. stride and dilation are (h, w), padding is (top, left, bottom, right).
// With `relu` y is max(y, 0), NaN kept, in the same pass.
//   dx[n,c,h,w] = sum over the k, r, s that read (h, w) of g[n,k,p,q] w[k,c,r,s]
//   dw[k,c,r,s] = sum_{n,p,q} g[n,k,p,q] x[…]        db[k] = sum_{n,p,q} g[n,k,p,q]
// Images are read and written channels-last: an x or g whose channels lie apart is copied once (counted as a layout
// copy). y and dx are channels-last, dw has w's layout; w is read in any layout, fastest in its channels-last one.
// Implicit gemm (blocks/gemm): nothing is unfolded in memory. One channel a group, or few input channels: direct
// kernels (cpu.cpp), but for dx of the latter. Below "highest" precision, on machines without tiles, float32 3×3
// convolutions of stride 1 are Winograd's (blocks/winograd), with that block's error.
// Error: gemm's over C/groups·R·S terms forward, K/groups·R·S for dx, N·P·Q for dw.
#pragma once
#include "core/dtype.h"

namespace dl {

struct ConvShape {
  int64_t n, c, h, w, k, r, s, p, q, groups;
  int64_t stride_h, stride_w, dilation_h, dilation_w, top, left;
};

// One channel a group and as many out as in. `taps` is [R·S][C], images are channels-last; `out` is y, dx, or for dw
// the chunks' sums [chunk][R·S][C].
struct DepthwiseArgs {
  ConvShape shape;
  const void *x, *g, *taps, *bias;
  void* out;
  int64_t x_stride[3];  // of n, h, w
  int64_t chunk_rows;   // dw: rows of y a chunk
  bool past_caches;     // y or dx is stored so
  bool relu;            // of y
};
// A kernel's range: fwd: rows (n, p) of y; bwd_x: rows (n, h) of dx; bwd_w: chunks.

// Few input channels, a network's first layer. A task is task_rows rows of one image's y (the last of an image has
// fewer); it copies the rows of x that they read to `rows`, with their padding, where tap (r, s, c) of a pixel lies
// offset[tap] elements from the pixel.
constexpr int kTapBlock = 14;  // dw: taps that are summed together, at most
constexpr int kMaxLanes = 16;  // of any vector

struct FirstLayerArgs {
  ConvShape shape;
  const void *x, *g, *w;  // w: [taps + 1][k_pitch], the last row is the bias
  void* out;              // y, or for dw the chunks' sums [chunk][taps + kTapBlock - 1][k_pitch]
  void* rows;             // [row][pitch]
  const int64_t* offset;  // kTapBlock - 1 more than taps
  int64_t x_stride[3];    // of n, h, w
  int64_t taps, k_pitch, pitch;
  int64_t task_rows, tasks_n;  // tasks of an image
  int64_t chunk_tasks;         // dw
  bool past_caches;            // y is stored so
  bool relu;                   // of y
};
// A kernel's range: fwd: tasks; bwd_w: chunks.

DL_API Array conv2d_fwd(const Array& x, const Array& w, const Array* bias, const Dims& stride, const Dims& padding,
                        const Dims& dilation, int64_t groups, bool relu);
DL_API Array conv2d_bwd_x(const Array& g, const Array& w, const Dims& x_shape, const Dims& stride, const Dims& padding,
                          const Dims& dilation, int64_t groups);
DL_API Array conv2d_bwd_w(const Array& g, const Array& x, const Array& w, const Dims& stride, const Dims& padding,
                          const Dims& dilation, int64_t groups);
DL_API Array conv2d_bwd_b(const Array& g, bool wide);

}  // namespace dl
