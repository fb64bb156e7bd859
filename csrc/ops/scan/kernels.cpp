#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/scan/scan.h"

namespace dl {

#define FLOATS(X, NAME) X(NAME, f32) X(NAME, f64)
#define TOTALS(X, NAME) X(NAME, i64) FLOATS(X, NAME)
#define NUMBERS(X, NAME) X(NAME, u8) X(NAME, i32) TOTALS(X, NAME)
#define SCANS(X) TOTALS(X, cumsum) TOTALS(X, cumprod) FLOATS(X, cumprod_bwd) NUMBERS(X, cummax) NUMBERS(X, cummin)

#define DECLARE(NAME, DTYPE) DL_DECLARE(NAME##_##DTYPE, ScanArgs)
SCANS(DECLARE)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
#define ROWS(NAME, DTYPE) BOTH(#NAME, DTYPE, NAME##_##DTYPE)
// clang-format off
constexpr Row<ScanArgs> rows[] = {
    SCANS(ROWS)
    // Bools are bytes of 0 and 1.
    BOTH("cummax", b8, cummax_u8)
    BOTH("cummin", b8, cummin_u8)
};
// clang-format on

namespace {

Work work(const Row<ScanArgs>& row, const ScanArgs& a, int64_t n) {
  const double all = static_cast<double>(n) * static_cast<double>(a.n);
  const bool to_int64 = std::string_view(row.op) == "cumsum" || std::string_view(row.op) == "cumprod";
  return moves(all, row.dtype) + moves(all, to_int64 && !is_floating(row.dtype) ? DType::i64 : row.dtype) +
         moves(((a.g != nullptr) + (a.y != nullptr)) * all, row.dtype) + (a.index ? moves(all, DType::i64) : Work{});
}

}  // namespace

static const Manifest<ScanArgs> manifest(rows, work);

}  // namespace dl
