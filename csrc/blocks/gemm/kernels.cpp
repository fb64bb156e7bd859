#include "blocks/gemm/gemm.h"
#include "blocks/gemm/plan.h"
#include "core/kernel_table.h"
#include "core/work.h"

namespace dl {

DL_DECLARE_AMX(gemm_f32, GemmArgs)
DL_DECLARE_AMX(gemm_pack_f32, GemmArgs)
DL_DECLARE(gemm_f32, GemmArgs)
DL_DECLARE(gemm_f64, GemmArgs)
DL_DECLARE(gemm_pack_f32, GemmArgs)
DL_DECLARE(gemm_pack_f64, GemmArgs)
DL_DECLARE(gemm_sum_f32, GemmArgs)
DL_DECLARE(gemm_sum_f64, GemmArgs)

// clang-format off
constexpr Row<GemmArgs> rows[] = {
    DL_AMX_ROW("gemm", f32, gemm_f32, band_declines, "band")
    DL_AMX_ROW("gemm", f32, gemm_f32, weights_decline, "weights")
    DL_AMX_ROW("gemm", f32, gemm_f32, tiles_decline, "")
    DL_CPU_ROWS("gemm", f32, gemm_f32)
    DL_CPU_ROWS("gemm", f64, gemm_f64)
    DL_CUDA_ROW("gemm", f32, gemm_f32)
    DL_CUDA_ROW("gemm", f64, gemm_f64)
    DL_AMX_ROW("gemm_pack", f32, gemm_pack_f32, tiles_decline_packing, "")
    DL_CPU_ROWS("gemm_pack", f32, gemm_pack_f32)
    DL_CPU_ROWS("gemm_pack", f64, gemm_pack_f64)
    DL_CPU_ROWS("gemm_sum", f32, gemm_sum_f32)
    DL_CPU_ROWS("gemm_sum", f64, gemm_sum_f64)
};
// clang-format on

namespace {

// Elements of an operand of `pixels` by `taps`: of patches, those of the images they are cut from.
double elements(const GemmOperand& o, int64_t pixels, int64_t taps) {
  if (!o.patches) return static_cast<double>(pixels) * static_cast<double>(taps);
  const Patches& p = *o.patches;
  return static_cast<double>(pixels / (p.p * p.q) * p.h * p.w * p.channels);
}

Work work(const Row<GemmArgs>& row, const GemmArgs& a, int64_t panels) {
  const Gemm& g = a.g;
  const auto m = static_cast<double>(g.m), n = static_cast<double>(g.n), k = static_cast<double>(g.k);
  const std::string_view op = row.op;
  if (op == "gemm_pack") {  // the first panels may be read in place
    const double packed = static_cast<double>(panels) / static_cast<double>(panels + a.direct_panels);
    return moves(2 * packed * elements(g.b, g.k, g.n), row.dtype);
  }
  if (op == "gemm_sum") return moves((static_cast<double>(a.parts) + 1) * m * n, row.dtype);
  Work w = moves(static_cast<double>(a.count) *
                     (elements(g.a, g.m, g.k) + elements(g.b, g.k, g.n) + (g.accumulate ? 2 : 1) * m * n),
                 row.dtype);
  w.flops = 2 * m * n * k * static_cast<double>(a.count);
  return w;
}

}  // namespace

static const Manifest<GemmArgs> manifest(rows, work);

}  // namespace dl
