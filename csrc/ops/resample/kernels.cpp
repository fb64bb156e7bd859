#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/resample/resample.h"

namespace dl {

DL_DECLARE(resample_nearest_u8, ResampleArgs)
DL_DECLARE(resample_nearest_f32, ResampleArgs)
DL_DECLARE(resample_nearest_f64, ResampleArgs)
DL_DECLARE(resample_linear_f32, ResampleArgs)
DL_DECLARE(resample_linear_f64, ResampleArgs)
DL_DECLARE(resample_bwd_f32, ResampleArgs)
DL_DECLARE(resample_bwd_f64, ResampleArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<ResampleArgs> rows[] = {
    BOTH("resample_nearest", u8, resample_nearest_u8)
    BOTH("resample_nearest", f32, resample_nearest_f32)
    BOTH("resample_nearest", f64, resample_nearest_f64)
    BOTH("resample_linear", f32, resample_linear_f32)
    BOTH("resample_linear", f64, resample_linear_f64)
    BOTH("resample_bwd", f32, resample_bwd_f32)
    BOTH("resample_bwd", f64, resample_bwd_f64)
};
// clang-format on

namespace {

Work work(const Row<ResampleArgs>& row, const ResampleArgs& a, int64_t n) {
  const int64_t images = n / (is_backward(row.op) ? a.h.in : a.h.out) * a.channels;
  return moves(static_cast<double>(images * (a.h.in * a.w.in + a.h.out * a.w.out)), row.dtype);
}

}  // namespace

static const Manifest<ResampleArgs> manifest(rows, work);

}  // namespace dl
