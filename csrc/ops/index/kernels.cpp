#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/index/index.h"

namespace dl {

#define BY_SIZE(X, NAME) \
  X(NAME, b8, 8) \
  X(NAME, u8, 8) X(NAME, i32, 32) X(NAME, i64, 64) X(NAME, f16, 16) X(NAME, bf16, 16) X(NAME, f32, 32) X(NAME, f64, 64)
#define BY_DTYPE(X, NAME) \
  X(NAME, b8, b8) X(NAME, u8, u8) X(NAME, i32, i32) X(NAME, i64, i64) X(NAME, f32, f32) X(NAME, f64, f64)

DL_DECLARE(gather_8, IndexArgs)
DL_DECLARE(gather_16, IndexArgs)
DL_DECLARE(gather_32, IndexArgs)
DL_DECLARE(gather_64, IndexArgs)
DL_DECLARE(scatter_8, IndexArgs)
DL_DECLARE(scatter_16, IndexArgs)
DL_DECLARE(scatter_32, IndexArgs)
DL_DECLARE(scatter_64, IndexArgs)
#define DECLARE(NAME, DTYPE, SUFFIX) DL_DECLARE(NAME##_##SUFFIX, IndexArgs)
BY_DTYPE(DECLARE, scatter_add)
DL_DECLARE(index_offsets_i64, OffsetArgs)
DL_DECLARE(nonzero_count_b8, NonzeroArgs)
DL_DECLARE(nonzero_b8, NonzeroArgs)
DL_DECLARE(bincount_most_i64, BincountArgs)
DL_DECLARE(bincount_i64, BincountArgs)

#define ROWS(NAME, DTYPE, SUFFIX) DL_CPU_ROWS(#NAME, DTYPE, NAME##_##SUFFIX) DL_CUDA_ROW(#NAME, DTYPE, NAME##_##SUFFIX)
// clang-format off
constexpr Row<IndexArgs> rows[] = {
    BY_SIZE(ROWS, gather)
    BY_SIZE(ROWS, scatter)
    BY_DTYPE(ROWS, scatter_add)
};
constexpr Row<OffsetArgs> offset_rows[] = {ROWS(index_offsets, i64, i64)};
constexpr Row<NonzeroArgs> nonzero_rows[] = {ROWS(nonzero_count, b8, b8) ROWS(nonzero, b8, b8)};
constexpr Row<BincountArgs> bincount_rows[] = {ROWS(bincount_most, i64, i64) ROWS(bincount, i64, i64)};
// clang-format on

namespace {

// The elements named are read and written; those of a sum are read on both sides.
Work work(const Row<IndexArgs>& row, const IndexArgs& a, int64_t n) {
  const std::string_view op = row.op;
  if (op == "gather") return moves(2.0 * static_cast<double>(n), row.dtype) + moves(elements(a.nest, 1), DType::i64);
  const double lines = elements(a.nest), count = static_cast<double>(a.count);
  const double indices = a.index_step ? elements(a.nest, 1) * count : elements(a.nest, 1);
  return moves((op == "scatter_add" ? 3 : 2) * lines * count, row.dtype) + moves(indices, DType::i64);
}

Work offset_work(const Row<OffsetArgs>& row, const OffsetArgs& a, int64_t n) {
  return moves(static_cast<double>(n) * (a.count + 1), row.dtype);
}

// What nonzero writes is not known before it has run where that is a GPU: the bools alone.
Work nonzero_work(const Row<NonzeroArgs>& row, const NonzeroArgs&, int64_t n) {
  return moves(static_cast<double>(n), row.dtype);
}

Work bincount_work(const Row<BincountArgs>& row, const BincountArgs&, int64_t n) {
  return moves(static_cast<double>(n), row.dtype);
}

}  // namespace

static const Manifest<IndexArgs> manifest(rows, work);
static const Manifest<OffsetArgs> offset_manifest(offset_rows, offset_work);
static const Manifest<NonzeroArgs> nonzero_manifest(nonzero_rows, nonzero_work);
static const Manifest<BincountArgs> bincount_manifest(bincount_rows, bincount_work);

}  // namespace dl
