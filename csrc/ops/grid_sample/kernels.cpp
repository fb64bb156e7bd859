#include "core/kernel_table.h"
#include "ops/grid_sample/grid_sample.h"

namespace dl {

DL_DECLARE(grid_sample_fwd_f32, GridSampleArgs)
DL_DECLARE(grid_sample_fwd_f64, GridSampleArgs)
DL_DECLARE(grid_sample_bwd_x_f32, GridSampleArgs)
DL_DECLARE(grid_sample_bwd_x_f64, GridSampleArgs)
DL_DECLARE(grid_sample_bwd_grid_f32, GridSampleArgs)
DL_DECLARE(grid_sample_bwd_grid_f64, GridSampleArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<GridSampleArgs> rows[] = {
    BOTH("grid_sample_fwd", f32, grid_sample_fwd_f32)
    BOTH("grid_sample_fwd", f64, grid_sample_fwd_f64)
    BOTH("grid_sample_bwd_x", f32, grid_sample_bwd_x_f32)
    BOTH("grid_sample_bwd_x", f64, grid_sample_bwd_x_f64)
    BOTH("grid_sample_bwd_grid", f32, grid_sample_bwd_grid_f32)
    BOTH("grid_sample_bwd_grid", f64, grid_sample_bwd_grid_f64)
};
// clang-format on
static const Manifest<GridSampleArgs> manifest(rows);

}  // namespace dl
