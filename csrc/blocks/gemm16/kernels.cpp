#include "blocks/gemm16/gemm16.h"
#include "core/kernel_table.h"
#include "core/work.h"

namespace dl {

DL_DECLARE_BF16(gemm16_tasks, Gemm16Args)
DL_DECLARE_BF16(gemm16_sum, Gemm16Args)

#if defined(DL_MANIFEST_CUDA)
DL_DECLARE(gemm16_bf16, Gemm16Args)
DL_DECLARE(gemm16_f16, Gemm16Args)
constexpr Row<Gemm16Args> rows[] = {DL_CUDA_ROW("gemm16", bf16, gemm16_bf16) DL_CUDA_ROW("gemm16", f16, gemm16_f16)};
#elif defined(DL_HAVE_X86)
// Where no instruction multiplies bfloat16, gemm's float32 rows compute these products.
constexpr Row<Gemm16Args> rows[] = {DL_BF16_ROWS("gemm16", gemm16_tasks) DL_BF16_ROWS("gemm16_sum", gemm16_sum)};
#endif

#if defined(DL_HAVE_X86) || defined(DL_MANIFEST_CUDA)
namespace {

double elements(const GemmOperand& o, int64_t pixels, int64_t taps) {
  if (!o.patches) return static_cast<double>(pixels) * static_cast<double>(taps);
  const Patches& p = *o.patches;
  return static_cast<double>(pixels / (p.p * p.q) * p.h * p.w * p.channels);
}

Work work(const Row<Gemm16Args>& row, const Gemm16Args& a, int64_t) {
  const Gemm& g = a.cut.g;
  const auto m = static_cast<double>(g.m), n = static_cast<double>(g.n), k = static_cast<double>(g.k);
  const std::string_view op = row.op;
  const Work c = moves((g.accumulate ? 2 : 1) * m * n, a.c_dtype);
  if (op == "gemm16_sum") return moves(static_cast<double>(a.cut.parts) * m * n, DType::f32) + c;
  const auto count = static_cast<double>(a.cut.count);
  const Work operands = moves(elements(g.a, g.m, g.k) + elements(g.b, g.k, g.n), DType::bf16);
  return {.flops = count * 2 * m * n * k, .bytes = count * (operands.bytes + c.bytes)};
}

}  // namespace

static const Manifest<Gemm16Args> manifest(rows, work);
#endif

}  // namespace dl
