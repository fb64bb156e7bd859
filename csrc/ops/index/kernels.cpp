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

#define ROWS(NAME, DTYPE, SUFFIX) DL_CPU_ROWS(#NAME, DTYPE, NAME##_##SUFFIX)
// clang-format off
constexpr Row<IndexArgs> rows[] = {
    BY_SIZE(ROWS, gather)
    BY_SIZE(ROWS, scatter)
    BY_DTYPE(ROWS, scatter_add)
};
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

}  // namespace

static const Manifest<IndexArgs> manifest(rows, work);

}  // namespace dl
