#include "core/kernel_table.h"
#include "ops/attention/attention.h"

namespace dl {

DL_DECLARE(attention_fwd_f32, AttentionArgs)
DL_DECLARE(attention_fwd_f64, AttentionArgs)
DL_DECLARE(attention_bwd_f32, AttentionArgs)
DL_DECLARE(attention_bwd_f64, AttentionArgs)

constexpr Row<AttentionArgs> rows[] = {
    DL_CPU_ROWS("attention_fwd", f32, attention_fwd_f32) DL_CPU_ROWS("attention_fwd", f64, attention_fwd_f64)
        DL_CPU_ROWS("attention_bwd", f32, attention_bwd_f32) DL_CPU_ROWS("attention_bwd", f64, attention_bwd_f64)};

static const Manifest<AttentionArgs> manifest(rows);

}  // namespace dl
