#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/attention/attention.h"

namespace dl {

DL_DECLARE(attention_fwd_f32, AttentionArgs)
DL_DECLARE(attention_fwd_f64, AttentionArgs)
DL_DECLARE(attention_bwd_f32, AttentionArgs)
DL_DECLARE(attention_bwd_f64, AttentionArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<AttentionArgs> rows[] = {
    BOTH("attention_fwd", f32, attention_fwd_f32)
    BOTH("attention_fwd", f64, attention_fwd_f64)
    BOTH("attention_bwd", f32, attention_bwd_f32)
    BOTH("attention_bwd", f64, attention_bwd_f64)
};
// clang-format on

namespace {

// Scores are read and written in place, by the backward two of them. On CUDA a head's matrices are read or written; the
// products, of which the backward has five to make, are not counted on the CPU, where they are kernels of their own.
Work work(const Row<AttentionArgs>& row, const AttentionArgs& a, int64_t n) {
  if (row.device == Device::cuda) {
    const AttentionDevice& d = a.device;
    const double each = static_cast<double>((d.queries + a.keys) * (d.width + d.value_width));
    const bool backward = is_backward(row.op);
    Work w = moves((backward ? 2.0 : 1.0) * static_cast<double>(n) * each, row.dtype);
    const double pairs = static_cast<double>(n) * static_cast<double>(d.queries) * static_cast<double>(a.keys);
    w.flops = pairs * static_cast<double>(backward ? 6 * d.width + 4 * d.value_width : 2 * (d.width + d.value_width));
    return w;
  }
  return moves((a.dp ? 4.0 : 2.0) * static_cast<double>(n * a.keys), row.dtype);
}

}  // namespace

static const Manifest<AttentionArgs> manifest(rows, work);

}  // namespace dl
