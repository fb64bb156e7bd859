#include "core/kernel_table.h"
#include "ops/stft/stft.h"

namespace dl {

DL_DECLARE(dft_fwd_f32, DftArgs)
DL_DECLARE(dft_fwd_f64, DftArgs)
DL_DECLARE(dft_bwd_f32, DftArgs)
DL_DECLARE(dft_bwd_f64, DftArgs)

constexpr Row<DftArgs> rows[] = {DL_CPU_ROWS("dft_fwd", f32, dft_fwd_f32) DL_CPU_ROWS("dft_fwd", f64, dft_fwd_f64)
                                     DL_CPU_ROWS("dft_bwd", f32, dft_bwd_f32) DL_CPU_ROWS("dft_bwd", f64, dft_bwd_f64)};

static const Manifest<DftArgs> manifest(rows);

}  // namespace dl
