#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/random/random.h"

namespace dl {

DL_DECLARE(rand_f32, RandomArgs)
DL_DECLARE(rand_f64, RandomArgs)
DL_DECLARE(randn_f32, RandomArgs)
DL_DECLARE(randn_f64, RandomArgs)
DL_DECLARE(randint_i64, RandomArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<RandomArgs> rows[] = {
    BOTH("rand", f32, rand_f32)
    BOTH("rand", f64, rand_f64)
    BOTH("randn", f32, randn_f32)
    BOTH("randn", f64, randn_f64)
    BOTH("randint", i64, randint_i64)
};
// clang-format on

namespace {

Work work(const Row<RandomArgs>& row, const RandomArgs& a, int64_t) {
  return moves(static_cast<double>(a.n), row.dtype);
}

}  // namespace

static const Manifest<RandomArgs> manifest(rows, work);

}  // namespace dl
