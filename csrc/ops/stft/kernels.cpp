#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/stft/stft.h"

namespace dl {

DL_DECLARE(dft_fwd_f32, DftArgs)
DL_DECLARE(dft_fwd_f64, DftArgs)
DL_DECLARE(dft_bwd_f32, DftArgs)
DL_DECLARE(dft_bwd_f64, DftArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<DftArgs> rows[] = {
    BOTH("dft_fwd", f32, dft_fwd_f32)
    BOTH("dft_fwd", f64, dft_fwd_f64)
    BOTH("dft_bwd", f32, dft_bwd_f32)
    BOTH("dft_bwd", f64, dft_bwd_f64)
};
// clang-format on

namespace {

Work work(const Row<DftArgs>& row, const DftArgs& a, int64_t n) {
  return moves(static_cast<double>(n * (a.points + 2 * a.frequencies)), row.dtype);
}

}  // namespace

static const Manifest<DftArgs> manifest(rows, work);

}  // namespace dl
