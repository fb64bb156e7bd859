// Pooling, forward and backward (formulas in pool2d.h, loops in max.h and avg.h). Channels last: channels are the
// vector lanes, a tap is a row of C. Row-major: one plane at a time. Called by pool2d.cpp on a range of rows or planes.
// Limit: memory bandwidth for channels last; for row-major the shuffles of a stride of 2, else scalar taps.
#include "ops/pool2d/avg.h"
#include "ops/pool2d/max.h"

namespace dl::DL_ISA_NS {

template <class T, class I>
static void max_forward(const PoolArgs& a, int64_t b, int64_t e) {
  if (a.channels_last) return max_rows<T, I>(a, b, e);
  if (a.adaptive) return max_windows<T, I>(a, b, e);
  const int64_t step = a.w.out > 1 ? a.w.windows[1].start - a.w.windows[0].start : 1;
  if (step == 1) return max_planes<T, I, 1>(a, b, e, step);
  step == 2 ? max_planes<T, I, 2>(a, b, e, step) : max_planes<T, I, 0>(a, b, e, step);
}
template <class T>
static void max_forward(const PoolArgs& a, int64_t b, int64_t e) {
  if (!a.taps) return max_forward<T, void>(a, b, e);
  a.wide ? max_forward<T, int32_t>(a, b, e) : max_forward<T, uint8_t>(a, b, e);
}
template <class T, class I>
static void max_backward(const PoolArgs& a, int64_t b, int64_t e) {
  a.channels_last ? max_grad_rows<T, I>(a, b, e) : max_grad_planes<T, I>(a, b, e);
}

#define KERNELS(T, NAME) \
  void max_pool2d_fwd_##NAME(const PoolArgs& a, int64_t b, int64_t e) { max_forward<T>(a, b, e); } \
  void max_pool2d_bwd_##NAME(const PoolArgs& a, int64_t b, int64_t e) { \
    a.wide ? max_backward<T, int32_t>(a, b, e) : max_backward<T, uint8_t>(a, b, e); \
  } \
  void avg_pool2d_fwd_##NAME(const PoolArgs& a, int64_t b, int64_t e) { \
    a.channels_last ? avg_rows<T>(a, b, e) : avg_planes<T>(a, b, e); \
  } \
  void avg_pool2d_bwd_##NAME(const PoolArgs& a, int64_t b, int64_t e) { \
    a.channels_last ? avg_grad_rows<T>(a, b, e) : avg_grad_planes<T>(a, b, e); \
  }
KERNELS(float, f32)
KERNELS(double, f64)

}  // namespace dl::DL_ISA_NS
