#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/sort/sort.h"

namespace dl {

#define NUMBERS(X, NAME) X(NAME, u8) X(NAME, i32) X(NAME, i64) X(NAME, f32) X(NAME, f64)
#define STORED(X, NAME) NUMBERS(X, NAME) X(NAME, f16) X(NAME, bf16)

#define DECLARE(NAME, DTYPE) DL_DECLARE(NAME##_##DTYPE, SortArgs)
STORED(DECLARE, sort)
STORED(DECLARE, topk)
STORED(DECLARE, kth)
#define DECLARE_SEARCH(NAME, DTYPE) DL_DECLARE(NAME##_##DTYPE, SearchArgs)
NUMBERS(DECLARE_SEARCH, searchsorted)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
#define ROWS(NAME, DTYPE) BOTH(#NAME, DTYPE, NAME##_##DTYPE)
// clang-format off
constexpr Row<SortArgs> rows[] = {
    STORED(ROWS, sort)
    STORED(ROWS, topk)
    STORED(ROWS, kth)
    // Bools are bytes of 0 and 1.
    BOTH("sort", b8, sort_u8)
    BOTH("topk", b8, topk_u8)
    BOTH("kth", b8, kth_u8)
};
constexpr Row<SearchArgs> search_rows[] = {
    NUMBERS(ROWS, searchsorted)
};
// clang-format on

namespace {

Work work(const Row<SortArgs>& row, const SortArgs& a, int64_t n) {
  return moves(static_cast<double>(n * (a.n + a.k)), row.dtype) + moves(static_cast<double>(n * a.k), DType::i64);
}

Work search_work(const Row<SearchArgs>& row, const SearchArgs& a, int64_t n) {
  const int64_t sorted = a.row_step ? n / a.each * a.n : a.n;
  return moves(static_cast<double>(sorted + n), row.dtype) + moves(static_cast<double>(n), DType::i64);
}

}  // namespace

static const Manifest<SortArgs> manifest(rows, work);
static const Manifest<SearchArgs> search_manifest(search_rows, search_work);

}  // namespace dl
