#include "blocks/gemm/gemm.h"
#include "core/kernel_table.h"

namespace dl {

DL_DECLARE(gemm_f32, GemmArgs)
DL_DECLARE(gemm_f64, GemmArgs)
DL_DECLARE(gemm_pack_f32, GemmArgs)
DL_DECLARE(gemm_pack_f64, GemmArgs)
DL_DECLARE(gemm_sum_f32, GemmArgs)
DL_DECLARE(gemm_sum_f64, GemmArgs)

// clang-format off
constexpr Row<GemmArgs> rows[] = {
    DL_CPU_ROWS("gemm", f32, gemm_f32)
    DL_CPU_ROWS("gemm", f64, gemm_f64)
    DL_CPU_ROWS("gemm_pack", f32, gemm_pack_f32)
    DL_CPU_ROWS("gemm_pack", f64, gemm_pack_f64)
    DL_CPU_ROWS("gemm_sum", f32, gemm_sum_f32)
    DL_CPU_ROWS("gemm_sum", f64, gemm_sum_f64)
};
// clang-format on
static const Manifest<GemmArgs> manifest(rows);

}  // namespace dl
