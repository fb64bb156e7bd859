// Max and average pooling over the last two dimensions of (N, C, H, W) or (C, H, W).
//   max   y = max of the window's inside taps; the first of equal ones; the last NaN wins, as in PyTorch; adaptive:
//   over
//         the windows of adaptive averages
//         dx = sum of g over the windows that chose this element
//   avg   y = (sum of the inside taps) / divisor; the divisor is the window's size, with or without the padding, or
//         one number for all; adaptive: output o of P averages [floor(o H / P), ceil((o + 1) H / P))
//         dx = sum of g / divisor over the windows that cover this element
// float32 and float64. A channels-last x (also a strided view of one) gives a channels-last y and is walked with
// channels as vector lanes; any other x is made row-major, walked plane by plane, and gives a row-major y: both kinds
// have their own loops, none is converted into the other. Backward gathers: each element of dx is written once, by one
// thread, adding its windows in ascending order, so the bits do not depend on threads. An average's error is (rows +
// columns of the window) ulp of its largest partial sum.
#pragma once
#include "core/dtype.h"

namespace dl {

// Tap t of a window reads input start + t * dilation; taps [first, last) are inside the input.
struct PoolWindow {
  int64_t start, span;  // span: what the divisor counts
  int32_t first, last;
  double share;  // 1 / span
};
// An input element is tap `tap` of output `out`.
struct PoolCover {
  int32_t out, tap;
};
struct PoolAxis {
  int64_t in, out, taps, dilation;
  const PoolWindow* windows;  // `out` of them
  const int32_t* cover_at;    // backward: input i has covers [cover_at[i], cover_at[i + 1])
  const PoolCover* covers;
};
struct PoolArgs {
  const void* x;  // forward: x; backward: g
  void* y;        // forward: y; backward: dx
  void* taps;     // max: which tap (row * columns + column) each output took, h.taps * w.taps for none; may be null
  int64_t channels;
  PoolAxis h, w;
  bool channels_last;
  bool adaptive;   // windows differ
  bool wide;       // max: taps are int32; else uint8
  double divisor;  // average: 0 stands for span × span
};
// A kernel's range: channels last, rows of y (N × P) or of dx (N × H); else planes (N × C).

// kernel, stride, padding and dilation are (rows, columns).
DL_API Array max_pool2d_fwd(const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding,
                            const Dims& dilation, bool ceil_mode, Array* taps);  // taps: null when not wanted
DL_API Array max_pool2d_bwd(const Array& g, const Array& taps, const Dims& x_shape, const Dims& x_strides,
                            const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation);
// The taps as flat positions h * W + w in the input plane, int64; -1 for none.
DL_API Array max_pool2d_indices(const Array& taps, const Dims& x_shape, const Dims& kernel, const Dims& stride,
                                const Dims& padding, const Dims& dilation);

DL_API Array adaptive_max_pool2d_fwd(const Array& x, int64_t height, int64_t width, Array* taps);
DL_API Array adaptive_max_pool2d_bwd(const Array& g, const Array& taps, const Dims& x_shape, const Dims& x_strides);
DL_API Array adaptive_max_pool2d_indices(const Array& taps, const Dims& x_shape);

DL_API Array avg_pool2d_fwd(const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                            bool count_include_pad, int64_t divisor);  // divisor 0: the window's
DL_API Array avg_pool2d_bwd(const Array& g, const Dims& x_shape, const Dims& x_strides, const Dims& kernel,
                            const Dims& stride, const Dims& padding, bool count_include_pad, int64_t divisor);
DL_API Array adaptive_avg_pool2d_fwd(const Array& x, int64_t height, int64_t width);
DL_API Array adaptive_avg_pool2d_bwd(const Array& g, const Dims& x_shape, const Dims& x_strides);

}  // namespace dl
