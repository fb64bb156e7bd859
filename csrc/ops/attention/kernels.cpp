#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/attention/attention.h"

namespace dl {

DL_DECLARE(attention_fwd_f32, AttentionArgs)
DL_DECLARE(attention_fwd_f64, AttentionArgs)
DL_DECLARE(attention_bwd_f32, AttentionArgs)
DL_DECLARE(attention_bwd_f64, AttentionArgs)

constexpr Row<AttentionArgs> rows[] = {
    DL_CPU_ROWS("attention_fwd", f32, attention_fwd_f32) DL_CPU_ROWS("attention_fwd", f64, attention_fwd_f64)
        DL_CPU_ROWS("attention_bwd", f32, attention_bwd_f32) DL_CPU_ROWS("attention_bwd", f64, attention_bwd_f64)};

namespace {

// Scores are read and written in place, by the backward two of them.
Work work(const Row<AttentionArgs>& row, const AttentionArgs& a, int64_t n) {
  return moves((a.dp ? 4.0 : 2.0) * static_cast<double>(n * a.keys), row.dtype);
}

}  // namespace

static const Manifest<AttentionArgs> manifest(rows, work);

}  // namespace dl
