#include "blocks/peak/peak.h"
#include "core/kernel_table.h"

namespace dl {

DL_DECLARE(fma_peak_f32, PeakArgs)

constexpr Row<PeakArgs> rows[] = {DL_CPU_ROWS("fma_peak", f32, fma_peak_f32)};
static const Manifest<PeakArgs> manifest(rows);

}  // namespace dl
