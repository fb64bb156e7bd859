#include "blocks/peak/peak.h"
#include "core/kernel_table.h"

namespace dl {

DL_DECLARE_BF16(fma_peak_bf16, PeakArgs)
DL_DECLARE(fma_peak_f32, PeakArgs)

// clang-format off
constexpr Row<PeakArgs> rows[] = {
    DL_BF16_ROWS("fma_peak", fma_peak_bf16)
    DL_CPU_ROWS("fma_peak", f32, fma_peak_f32)
};
// clang-format on
static const Manifest<PeakArgs> manifest(rows);

}  // namespace dl
