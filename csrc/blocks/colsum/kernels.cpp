#include "blocks/colsum/colsum.h"
#include "core/kernel_table.h"

namespace dl {

DL_DECLARE(column_sums_f32, ColumnSumArgs)
DL_DECLARE(column_sums_f64, ColumnSumArgs)

// clang-format off
constexpr Row<ColumnSumArgs> rows[] = {
    DL_CPU_ROWS("column_sums", f32, column_sums_f32)
    DL_CPU_ROWS("column_sums", f64, column_sums_f64)
};
// clang-format on
static const Manifest<ColumnSumArgs> manifest(rows);

}  // namespace dl
