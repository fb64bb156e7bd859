#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/dropout/dropout.h"

namespace dl {

DL_DECLARE(dropout_f32, DropoutArgs)
DL_DECLARE(dropout_f64, DropoutArgs)

constexpr Row<DropoutArgs> rows[] = {DL_CPU_ROWS("dropout", f32, dropout_f32) DL_CPU_ROWS(
    "dropout", f64, dropout_f64) DL_CUDA_ROW("dropout", f32, dropout_f32) DL_CUDA_ROW("dropout", f64, dropout_f64)};

namespace {

Work work(const Row<DropoutArgs>& row, const DropoutArgs& a, int64_t) {
  return moves(2.0 * static_cast<double>(a.n), row.dtype);
}

}  // namespace

static const Manifest<DropoutArgs> manifest(rows, work);

}  // namespace dl
