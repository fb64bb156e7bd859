#include "core/kernel_table.h"
#include "ops/resample/resample.h"

namespace dl {

DL_DECLARE(resample_nearest_u8, ResampleArgs)
DL_DECLARE(resample_nearest_f32, ResampleArgs)
DL_DECLARE(resample_nearest_f64, ResampleArgs)
DL_DECLARE(resample_linear_f32, ResampleArgs)
DL_DECLARE(resample_linear_f64, ResampleArgs)
DL_DECLARE(resample_bwd_f32, ResampleArgs)
DL_DECLARE(resample_bwd_f64, ResampleArgs)

// clang-format off
constexpr Row<ResampleArgs> rows[] = {
    DL_CPU_ROWS("resample_nearest", u8, resample_nearest_u8)
    DL_CPU_ROWS("resample_nearest", f32, resample_nearest_f32)
    DL_CPU_ROWS("resample_nearest", f64, resample_nearest_f64)
    DL_CPU_ROWS("resample_linear", f32, resample_linear_f32)
    DL_CPU_ROWS("resample_linear", f64, resample_linear_f64)
    DL_CPU_ROWS("resample_bwd", f32, resample_bwd_f32)
    DL_CPU_ROWS("resample_bwd", f64, resample_bwd_f64)
};
// clang-format on
static const Manifest<ResampleArgs> manifest(rows);

}  // namespace dl
