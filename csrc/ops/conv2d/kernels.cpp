#include "core/kernel_table.h"
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
static const Manifest<DepthwiseArgs> manifest(rows);

}  // namespace dl
