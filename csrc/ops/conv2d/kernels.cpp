#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/conv2d/conv2d.h"

namespace dl {

DL_DECLARE(depthwise_fwd_f32, DepthwiseArgs)
DL_DECLARE(depthwise_fwd_f64, DepthwiseArgs)
DL_DECLARE(depthwise_bwd_x_f32, DepthwiseArgs)
DL_DECLARE(depthwise_bwd_x_f64, DepthwiseArgs)
DL_DECLARE(depthwise_bwd_w_f32, DepthwiseArgs)
DL_DECLARE(depthwise_bwd_w_f64, DepthwiseArgs)

// clang-format off
constexpr Row<DepthwiseArgs> rows[] = {
    DL_CPU_ROWS("depthwise_fwd", f32, depthwise_fwd_f32)
    DL_CPU_ROWS("depthwise_fwd", f64, depthwise_fwd_f64)
    DL_CPU_ROWS("depthwise_bwd_x", f32, depthwise_bwd_x_f32)
    DL_CPU_ROWS("depthwise_bwd_x", f64, depthwise_bwd_x_f64)
    DL_CPU_ROWS("depthwise_bwd_w", f32, depthwise_bwd_w_f32)
    DL_CPU_ROWS("depthwise_bwd_w", f64, depthwise_bwd_w_f64)
};
// clang-format on

namespace {

Work work(const Row<DepthwiseArgs>& row, const DepthwiseArgs& a, int64_t) {
  const ConvShape& s = a.shape;
  const auto in = static_cast<double>(s.n * s.c * s.h * s.w), out = static_cast<double>(s.n * s.c * s.p * s.q);
  const auto taps = static_cast<double>(s.r * s.s);
  Work w = moves(in + out + taps * static_cast<double>(s.c), row.dtype);
  w.flops = 2 * out * taps;
  return w;
}

}  // namespace

static const Manifest<DepthwiseArgs> manifest(rows, work);

}  // namespace dl
