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
DL_DECLARE(first_layer_fwd_f32, FirstLayerArgs)
DL_DECLARE(first_layer_fwd_f64, FirstLayerArgs)
DL_DECLARE(first_layer_bwd_w_f32, FirstLayerArgs)
DL_DECLARE(first_layer_bwd_w_f64, FirstLayerArgs)

// clang-format off
constexpr Row<DepthwiseArgs> rows[] = {
    DL_CPU_ROWS("depthwise_fwd", f32, depthwise_fwd_f32)
    DL_CPU_ROWS("depthwise_fwd", f64, depthwise_fwd_f64)
    DL_CPU_ROWS("depthwise_bwd_x", f32, depthwise_bwd_x_f32)
    DL_CPU_ROWS("depthwise_bwd_x", f64, depthwise_bwd_x_f64)
    DL_CPU_ROWS("depthwise_bwd_w", f32, depthwise_bwd_w_f32)
    DL_CPU_ROWS("depthwise_bwd_w", f64, depthwise_bwd_w_f64)
};
constexpr Row<FirstLayerArgs> first_layer_rows[] = {
    DL_CPU_ROWS("first_layer_fwd", f32, first_layer_fwd_f32)
    DL_CPU_ROWS("first_layer_fwd", f64, first_layer_fwd_f64)
    DL_CPU_ROWS("first_layer_bwd_w", f32, first_layer_bwd_w_f32)
    DL_CPU_ROWS("first_layer_bwd_w", f64, first_layer_bwd_w_f64)
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

Work first_layer_work(const Row<FirstLayerArgs>& row, const FirstLayerArgs& a, int64_t) {
  const ConvShape& s = a.shape;
  const auto in = static_cast<double>(s.n * s.c * s.h * s.w), out = static_cast<double>(s.n * s.k * s.p * s.q);
  const auto taps = static_cast<double>(a.taps);
  Work w = moves(in + out + taps * static_cast<double>(s.k), row.dtype);
  w.flops = 2 * out * taps;
  return w;
}

}  // namespace

static const Manifest<DepthwiseArgs> manifest(rows, work);
static const Manifest<FirstLayerArgs> first_layer_manifest(first_layer_rows, first_layer_work);

}  // namespace dl
