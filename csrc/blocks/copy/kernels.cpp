#include "blocks/copy/copy.h"
#include "core/kernel_table.h"
#include "core/work.h"

namespace dl {

DL_DECLARE(copy_b8, CopyArgs)
DL_DECLARE(copy_u8, CopyArgs)
DL_DECLARE(copy_i32, CopyArgs)
DL_DECLARE(copy_i64, CopyArgs)
DL_DECLARE(copy_f16, CopyArgs)
DL_DECLARE(copy_bf16, CopyArgs)
DL_DECLARE(copy_f32, CopyArgs)
DL_DECLARE(copy_f64, CopyArgs)
DL_DECLARE(transpose_8, CopyArgs)
DL_DECLARE(transpose_16, CopyArgs)
DL_DECLARE(transpose_32, CopyArgs)
DL_DECLARE(transpose_64, CopyArgs)

#define COPY(DTYPE) DL_CPU_ROWS("copy", DTYPE, copy_##DTYPE) DL_CUDA_ROW("copy", DTYPE, copy_##DTYPE)
#define TRANSPOSE(DTYPE, BITS) DL_CPU_ROWS("transpose", DTYPE, transpose_##BITS)
constexpr Row<CopyArgs> rows[] = {COPY(b8) COPY(u8) COPY(i32) COPY(i64) COPY(f16) COPY(bf16) COPY(f32) COPY(f64)
                                      TRANSPOSE(b8, 8) TRANSPOSE(u8, 8) TRANSPOSE(i32, 32) TRANSPOSE(i64, 64)
                                          TRANSPOSE(f16, 16) TRANSPOSE(bf16, 16) TRANSPOSE(f32, 32) TRANSPOSE(f64, 64)};
#undef COPY
#undef TRANSPOSE

namespace {

Work work(const Row<CopyArgs>& row, const CopyArgs& a, int64_t) {
  return moves(elements(a.nest), row.dtype) + (a.src ? moves(elements(a.nest, 1), a.src_dtype) : Work{});
}

}  // namespace

static const Manifest<CopyArgs> manifest(rows, work);

}  // namespace dl
