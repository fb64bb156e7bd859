#include "blocks/copy/copy.h"
#include "core/kernel_table.h"

namespace dl {

DL_DECLARE(copy_b8, CopyArgs)
DL_DECLARE(copy_u8, CopyArgs)
DL_DECLARE(copy_i32, CopyArgs)
DL_DECLARE(copy_i64, CopyArgs)
DL_DECLARE(copy_f32, CopyArgs)
DL_DECLARE(copy_f64, CopyArgs)
DL_DECLARE(transpose_8, CopyArgs)
DL_DECLARE(transpose_32, CopyArgs)
DL_DECLARE(transpose_64, CopyArgs)

constexpr Row<CopyArgs> rows[] = {
    DL_CPU_ROWS("copy", b8, copy_b8) DL_CUDA_ROW("copy", b8, copy_b8) DL_CPU_ROWS("copy", u8, copy_u8)
        DL_CUDA_ROW("copy", u8, copy_u8) DL_CPU_ROWS("copy", i32, copy_i32) DL_CUDA_ROW("copy", i32, copy_i32)
            DL_CPU_ROWS("copy", i64, copy_i64) DL_CUDA_ROW("copy", i64, copy_i64) DL_CPU_ROWS("copy", f32, copy_f32)
                DL_CUDA_ROW("copy", f32, copy_f32) DL_CPU_ROWS("copy", f64, copy_f64) DL_CUDA_ROW("copy", f64, copy_f64)
                    DL_CPU_ROWS("transpose", b8, transpose_8) DL_CPU_ROWS("transpose", u8, transpose_8)
                        DL_CPU_ROWS("transpose", i32, transpose_32) DL_CPU_ROWS("transpose", i64, transpose_64)
                            DL_CPU_ROWS("transpose", f32, transpose_32) DL_CPU_ROWS("transpose", f64, transpose_64)};
static const Manifest<CopyArgs> manifest(rows);

}  // namespace dl
