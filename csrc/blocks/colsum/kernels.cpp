#include "blocks/colsum/colsum.h"
#include "core/kernel_table.h"
#include "core/work.h"

namespace dl {

DL_DECLARE(column_sums_f32, ColumnSumArgs)
DL_DECLARE(column_sums_f64, ColumnSumArgs)

// clang-format off
constexpr Row<ColumnSumArgs> rows[] = {
    DL_CPU_ROWS("column_sums", f32, column_sums_f32)
    DL_CPU_ROWS("column_sums", f64, column_sums_f64)
    DL_CUDA_ROW("column_sums", f32, column_sums_f32)
    DL_CUDA_ROW("column_sums", f64, column_sums_f64)
};
// clang-format on

namespace {

Work work(const Row<ColumnSumArgs>& row, const ColumnSumArgs& a, int64_t n) {
  return moves(static_cast<double>((a.rows + n) * a.columns), row.dtype);
}

}  // namespace

static const Manifest<ColumnSumArgs> manifest(rows, work);

}  // namespace dl
