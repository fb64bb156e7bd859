#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/embedding/embedding.h"

namespace dl {

DL_DECLARE(embedding_fwd_f32, EmbeddingArgs)
DL_DECLARE(embedding_fwd_f64, EmbeddingArgs)
DL_DECLARE(embedding_bwd_f32, EmbeddingArgs)
DL_DECLARE(embedding_bwd_f64, EmbeddingArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
// clang-format off
constexpr Row<EmbeddingArgs> rows[] = {
    BOTH("embedding_fwd", f32, embedding_fwd_f32)
    BOTH("embedding_fwd", f64, embedding_fwd_f64)
    BOTH("embedding_bwd", f32, embedding_bwd_f32)
    BOTH("embedding_bwd", f64, embedding_bwd_f64)
};
// clang-format on

namespace {

Work work(const Row<EmbeddingArgs>& row, const EmbeddingArgs& a, int64_t n) {
  const int64_t named = !a.g ? n : a.start ? a.start[n] : a.count;
  return moves(static_cast<double>((named + n) * a.width), row.dtype) + moves(static_cast<double>(named), DType::i64);
}

}  // namespace

static const Manifest<EmbeddingArgs> manifest(rows, work);

}  // namespace dl
