#include "core/kernel_table.h"
#include "ops/scan/scan.h"

namespace dl {

#define FLOATS(X, NAME) X(NAME, f32) X(NAME, f64)
#define TOTALS(X, NAME) X(NAME, i64) FLOATS(X, NAME)
#define NUMBERS(X, NAME) X(NAME, u8) X(NAME, i32) TOTALS(X, NAME)
#define SCANS(X) TOTALS(X, cumsum) TOTALS(X, cumprod) FLOATS(X, cumprod_bwd) NUMBERS(X, cummax) NUMBERS(X, cummin)

#define DECLARE(NAME, DTYPE) DL_DECLARE(NAME##_##DTYPE, ScanArgs)
SCANS(DECLARE)

#define ROWS(NAME, DTYPE) DL_CPU_ROWS(#NAME, DTYPE, NAME##_##DTYPE)
// clang-format off
constexpr Row<ScanArgs> rows[] = {
    SCANS(ROWS)
    // Bools are bytes of 0 and 1.
    DL_CPU_ROWS("cummax", b8, cummax_u8)
    DL_CPU_ROWS("cummin", b8, cummin_u8)
};
// clang-format on

static const Manifest<ScanArgs> manifest(rows);

}  // namespace dl
