#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace dl {

#define BOTH(NAME, ARGS) \
  DL_DECLARE(NAME##_f32, ARGS) \
  DL_DECLARE(NAME##_f64, ARGS)
BOTH(softmax_fwd, SoftmaxArgs)
BOTH(softmax_bwd, SoftmaxArgs)
BOTH(log_softmax_fwd, SoftmaxArgs)
BOTH(log_softmax_bwd, SoftmaxArgs)
BOTH(logsumexp_fwd, SoftmaxArgs)
BOTH(cross_entropy_fwd, XentArgs)
BOTH(cross_entropy_bwd, XentArgs)
#undef BOTH

#define BOTH(NAME) \
  DL_CPU_ROWS(#NAME, f32, NAME##_f32) \
  DL_CPU_ROWS(#NAME, f64, NAME##_f64) \
  DL_CUDA_ROW(#NAME, f32, NAME##_f32) \
  DL_CUDA_ROW(#NAME, f64, NAME##_f64)
constexpr Row<SoftmaxArgs> softmax_rows[] = {BOTH(softmax_fwd) BOTH(softmax_bwd) BOTH(log_softmax_fwd)
                                                 BOTH(log_softmax_bwd) BOTH(logsumexp_fwd)};
constexpr Row<XentArgs> xent_rows[] = {BOTH(cross_entropy_fwd) BOTH(cross_entropy_bwd)};
#undef BOTH

namespace {

Work work(const Row<SoftmaxArgs>& row, const SoftmaxArgs& a, int64_t n) {
  const auto all = static_cast<double>(n * a.classes);
  if (std::string_view(row.op) == "logsumexp_fwd") return moves(all + static_cast<double>(n), row.dtype);
  return moves((a.g ? 3.0 : 2.0) * all, row.dtype);
}

Work xent_work(const Row<XentArgs>& row, const XentArgs& a, int64_t n) {
  return moves((a.dx ? 2.0 : 1.0) * static_cast<double>(n * a.classes), row.dtype) +
         moves(static_cast<double>(n), DType::i64);
}

}  // namespace

static const Manifest<SoftmaxArgs> softmax_manifest(softmax_rows, work);
static const Manifest<XentArgs> xent_manifest(xent_rows, xent_work);

}  // namespace dl
