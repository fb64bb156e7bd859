#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/maths/maths.h"

namespace dl {

#define MATHS(NAME) \
  DL_DECLARE(NAME##_f32, MathsArgs) \
  DL_DECLARE(NAME##_f64, MathsArgs) \
  DL_DECLARE(NAME##_bf16, MathsArgs)
MATHS(sin)
MATHS(cos)
MATHS(tan)
MATHS(asin)
MATHS(acos)
MATHS(atan)
MATHS(sinh)
MATHS(cosh)
MATHS(log2)
MATHS(log10)
MATHS(exp2)
MATHS(erf)
MATHS(expm1)
MATHS(log1p)
MATHS(rsqrt)
MATHS(floor)
MATHS(ceil)
MATHS(round)
MATHS(trunc)
#undef MATHS

#define MATHS(NAME) \
  DL_CPU_ROWS(#NAME "_fwd", f32, NAME##_f32) \
  DL_CPU_ROWS(#NAME "_fwd", f64, NAME##_f64) \
  DL_CPU_ROWS(#NAME "_fwd", bf16, NAME##_bf16) \
  DL_CUDA_ROW(#NAME "_fwd", f32, NAME##_f32) \
  DL_CUDA_ROW(#NAME "_fwd", f64, NAME##_f64) \
  DL_CUDA_ROW(#NAME "_fwd", bf16, NAME##_bf16)
constexpr Row<MathsArgs> rows[] = {MATHS(sin) MATHS(cos) MATHS(tan) MATHS(asin) MATHS(acos) MATHS(atan) MATHS(sinh)
                                       MATHS(cosh) MATHS(log2) MATHS(log10) MATHS(exp2) MATHS(erf) MATHS(expm1)
                                           MATHS(log1p) MATHS(rsqrt) MATHS(floor) MATHS(ceil) MATHS(round)
                                               MATHS(trunc)};
#undef MATHS

namespace {

Work work(const Row<MathsArgs>& row, const MathsArgs&, int64_t n) {
  return moves(2.0 * static_cast<double>(n), row.dtype);
}

}  // namespace

static const Manifest<MathsArgs> manifest(rows, work);

}  // namespace dl
