#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/activation/activation.h"

namespace dl {

#define ACTIVATION(NAME) \
  DL_DECLARE(NAME##_fwd_f32, ActArgs) \
  DL_DECLARE(NAME##_fwd_f64, ActArgs) \
  DL_DECLARE(NAME##_bwd_f32, ActArgs) \
  DL_DECLARE(NAME##_bwd_f64, ActArgs) \
  DL_DECLARE(NAME##_fwd_bf16, ActArgs) \
  DL_DECLARE(NAME##_bwd_bf16, ActArgs)
ACTIVATION(relu)
ACTIVATION(leaky_relu)
ACTIVATION(sigmoid)
ACTIVATION(tanh)
ACTIVATION(elu)
ACTIVATION(celu)
ACTIVATION(gelu)
ACTIVATION(gelu_tanh)
ACTIVATION(silu)
ACTIVATION(mish)
ACTIVATION(softplus)
ACTIVATION(logsigmoid)
ACTIVATION(hardtanh)
ACTIVATION(hardsigmoid)
ACTIVATION(hardswish)
ACTIVATION(softsign)
#undef ACTIVATION

#define ACTIVATION(NAME) \
  DL_CPU_ROWS(#NAME "_fwd", f32, NAME##_fwd_f32) \
  DL_CPU_ROWS(#NAME "_fwd", f64, NAME##_fwd_f64) \
  DL_CPU_ROWS(#NAME "_bwd", f32, NAME##_bwd_f32) \
  DL_CPU_ROWS(#NAME "_bwd", f64, NAME##_bwd_f64) \
  DL_CPU_ROWS(#NAME "_fwd", bf16, NAME##_fwd_bf16) \
  DL_CPU_ROWS(#NAME "_bwd", bf16, NAME##_bwd_bf16) \
  DL_CUDA_ROW(#NAME "_fwd", f32, NAME##_fwd_f32) \
  DL_CUDA_ROW(#NAME "_fwd", f64, NAME##_fwd_f64) \
  DL_CUDA_ROW(#NAME "_bwd", f32, NAME##_bwd_f32) \
  DL_CUDA_ROW(#NAME "_bwd", f64, NAME##_bwd_f64) \
  DL_CUDA_ROW(#NAME "_fwd", bf16, NAME##_fwd_bf16) \
  DL_CUDA_ROW(#NAME "_bwd", bf16, NAME##_bwd_bf16)
constexpr Row<ActArgs> rows[] = {ACTIVATION(relu) ACTIVATION(leaky_relu) ACTIVATION(sigmoid) ACTIVATION(tanh)
                                     ACTIVATION(elu) ACTIVATION(celu) ACTIVATION(gelu) ACTIVATION(gelu_tanh)
                                         ACTIVATION(silu) ACTIVATION(mish) ACTIVATION(softplus) ACTIVATION(logsigmoid)
                                             ACTIVATION(hardtanh) ACTIVATION(hardsigmoid) ACTIVATION(hardswish)
                                                 ACTIVATION(softsign)};
#undef ACTIVATION

namespace {

Work work(const Row<ActArgs>& row, const ActArgs& a, int64_t n) {
  return moves((a.g ? 3.0 : 2.0) * static_cast<double>(n), row.dtype);
}

}  // namespace

static const Manifest<ActArgs> manifest(rows, work);

}  // namespace dl
