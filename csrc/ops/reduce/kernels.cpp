#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/reduce/reduce.h"

namespace dl {

#define NUMBERS(X, NAME) X(NAME, u8) X(NAME, i32) X(NAME, i64) X(NAME, f32) X(NAME, f64)
#define REDUCTIONS(X) \
  NUMBERS(X, sum) \
  NUMBERS(X, max) \
  NUMBERS(X, min) \
  NUMBERS(X, argmax) NUMBERS(X, argmin) X(prod, i64) X(prod, f32) X(prod, f64) X(sum_squares, f32) X(sum_squares, f64)

#define DECLARE(NAME, DTYPE) DL_DECLARE(NAME##_##DTYPE, ReduceArgs)
REDUCTIONS(DECLARE)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
#define ROWS(NAME, DTYPE) BOTH(#NAME "_fwd", DTYPE, NAME##_##DTYPE)
// clang-format off
constexpr Row<ReduceArgs> rows[] = {
    REDUCTIONS(ROWS)
    // Bools are bytes of 0 and 1.
    BOTH("sum_fwd", b8, sum_u8)
    BOTH("max_fwd", b8, max_u8)
    BOTH("min_fwd", b8, min_u8)
    BOTH("argmax_fwd", b8, argmax_u8)
    BOTH("argmin_fwd", b8, argmin_u8)
};
// clang-format on

namespace {

Work work(const Row<ReduceArgs>& row, const ReduceArgs& a, int64_t) {
  return moves(static_cast<double>(a.outputs) * static_cast<double>(a.length), row.dtype);
}

}  // namespace

static const Manifest<ReduceArgs> manifest(rows, work);

}  // namespace dl
