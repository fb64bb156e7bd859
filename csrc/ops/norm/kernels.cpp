#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/norm/norm.h"

namespace dl {

DL_DECLARE(batch_norm_stats_f32, NormArgs)
DL_DECLARE(batch_norm_stats_f64, NormArgs)
DL_DECLARE(batch_norm_fwd_f32, NormArgs)
DL_DECLARE(batch_norm_fwd_f64, NormArgs)
DL_DECLARE(batch_norm_sums_f32, NormArgs)
DL_DECLARE(batch_norm_sums_f64, NormArgs)
DL_DECLARE(batch_norm_bwd_f32, NormArgs)
DL_DECLARE(batch_norm_bwd_f64, NormArgs)
DL_DECLARE(row_norm_fwd_f32, RowNormArgs)
DL_DECLARE(row_norm_fwd_f64, RowNormArgs)
DL_DECLARE(row_norm_bwd_f32, RowNormArgs)
DL_DECLARE(row_norm_bwd_f64, RowNormArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<NormArgs> rows[] = {
    BOTH("batch_norm_stats", f32, batch_norm_stats_f32)
    BOTH("batch_norm_stats", f64, batch_norm_stats_f64)
    BOTH("batch_norm_fwd", f32, batch_norm_fwd_f32)
    BOTH("batch_norm_fwd", f64, batch_norm_fwd_f64)
    BOTH("batch_norm_sums", f32, batch_norm_sums_f32)
    BOTH("batch_norm_sums", f64, batch_norm_sums_f64)
    BOTH("batch_norm_bwd", f32, batch_norm_bwd_f32)
    BOTH("batch_norm_bwd", f64, batch_norm_bwd_f64)
};
constexpr Row<RowNormArgs> row_norm_rows[] = {
    BOTH("row_norm_fwd", f32, row_norm_fwd_f32)
    BOTH("row_norm_fwd", f64, row_norm_fwd_f64)
    BOTH("row_norm_bwd", f32, row_norm_bwd_f32)
    BOTH("row_norm_bwd", f64, row_norm_bwd_f64)
};
// clang-format on

namespace {

Work work(const Row<NormArgs>& row, const NormArgs& a, int64_t) {
  const bool reads_x = !is_backward(row.op) || a.training || a.relu;  // else dx = g * scale
  return moves(static_cast<double>((reads_x + (a.g != nullptr) + (a.out != nullptr)) * a.total), row.dtype);
}

Work row_work(const Row<RowNormArgs>& row, const RowNormArgs& a, int64_t n) {
  return moves(static_cast<double>((1 + (a.g != nullptr) + (a.out != nullptr)) * n * a.size), row.dtype);
}

}  // namespace

static const Manifest<NormArgs> manifest(rows, work);
static const Manifest<RowNormArgs> row_norm_manifest(row_norm_rows, row_work);

}  // namespace dl
