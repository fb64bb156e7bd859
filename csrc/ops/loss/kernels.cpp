#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/loss/loss.h"

namespace dl {

#define LOSS(NAME) \
  DL_DECLARE(NAME##_f32, LossArgs) \
  DL_DECLARE(NAME##_f64, LossArgs)
LOSS(mse_fwd)
LOSS(mse_bwd)
LOSS(l1_fwd)
LOSS(l1_bwd)
LOSS(smooth_l1_fwd)
LOSS(smooth_l1_bwd)
LOSS(huber_fwd)
LOSS(huber_bwd)
LOSS(bce_fwd)
LOSS(bce_bwd)
LOSS(bce_bwd_t)
LOSS(bce_prob_fwd)
LOSS(bce_prob_bwd)
LOSS(bce_prob_bwd_t)
#undef LOSS

#define LOSS(NAME) \
  DL_CPU_ROWS(#NAME, f32, NAME##_f32) \
  DL_CPU_ROWS(#NAME, f64, NAME##_f64) \
  DL_CUDA_ROW(#NAME, f32, NAME##_f32) \
  DL_CUDA_ROW(#NAME, f64, NAME##_f64)
constexpr Row<LossArgs> rows[] = {LOSS(mse_fwd) LOSS(mse_bwd) LOSS(l1_fwd) LOSS(l1_bwd) LOSS(smooth_l1_fwd)
                                      LOSS(smooth_l1_bwd) LOSS(huber_fwd) LOSS(huber_bwd) LOSS(bce_fwd) LOSS(bce_bwd)
                                          LOSS(bce_bwd_t) LOSS(bce_prob_fwd) LOSS(bce_prob_bwd) LOSS(bce_prob_bwd_t)};
#undef LOSS

namespace {

Work work(const Row<LossArgs>& row, const LossArgs& a, int64_t n) {
  const int arrays = 2 + (a.out != nullptr) + (a.g_step != 0);
  return moves(static_cast<double>(arrays * n), row.dtype);
}

}  // namespace

static const Manifest<LossArgs> manifest(rows, work);

}  // namespace dl
