#include "core/kernel_table.h"
#include "ops/pool2d/pool2d.h"

namespace dl {

DL_DECLARE(max_pool2d_fwd_f32, PoolArgs)
DL_DECLARE(max_pool2d_fwd_f64, PoolArgs)
DL_DECLARE(max_pool2d_bwd_f32, PoolArgs)
DL_DECLARE(max_pool2d_bwd_f64, PoolArgs)
DL_DECLARE(avg_pool2d_fwd_f32, PoolArgs)
DL_DECLARE(avg_pool2d_fwd_f64, PoolArgs)
DL_DECLARE(avg_pool2d_bwd_f32, PoolArgs)
DL_DECLARE(avg_pool2d_bwd_f64, PoolArgs)

// clang-format off
constexpr Row<PoolArgs> rows[] = {
    DL_CPU_ROWS("max_pool2d_fwd", f32, max_pool2d_fwd_f32)
    DL_CPU_ROWS("max_pool2d_fwd", f64, max_pool2d_fwd_f64)
    DL_CPU_ROWS("max_pool2d_bwd", f32, max_pool2d_bwd_f32)
    DL_CPU_ROWS("max_pool2d_bwd", f64, max_pool2d_bwd_f64)
    DL_CPU_ROWS("avg_pool2d_fwd", f32, avg_pool2d_fwd_f32)
    DL_CPU_ROWS("avg_pool2d_fwd", f64, avg_pool2d_fwd_f64)
    DL_CPU_ROWS("avg_pool2d_bwd", f32, avg_pool2d_bwd_f32)
    DL_CPU_ROWS("avg_pool2d_bwd", f64, avg_pool2d_bwd_f64)
};
// clang-format on
static const Manifest<PoolArgs> manifest(rows);

}  // namespace dl
