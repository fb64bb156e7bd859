#include "core/kernel_table.h"
#include "ops/embedding/embedding.h"

namespace dl {

DL_DECLARE(embedding_fwd_f32, EmbeddingArgs)
DL_DECLARE(embedding_fwd_f64, EmbeddingArgs)
DL_DECLARE(embedding_bwd_f32, EmbeddingArgs)
DL_DECLARE(embedding_bwd_f64, EmbeddingArgs)

constexpr Row<EmbeddingArgs> rows[] = {
    DL_CPU_ROWS("embedding_fwd", f32, embedding_fwd_f32) DL_CPU_ROWS("embedding_fwd", f64, embedding_fwd_f64)
        DL_CPU_ROWS("embedding_bwd", f32, embedding_bwd_f32) DL_CPU_ROWS("embedding_bwd", f64, embedding_bwd_f64)};

static const Manifest<EmbeddingArgs> manifest(rows);

}  // namespace dl
