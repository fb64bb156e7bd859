// Batch norm, layer norm and group norm, forward and backward (formulas in norm.h, loops in batch_kernels.h and
// row_kernels.h). Called by norm.cpp on a range of parts and by row_norm.cpp on a range of rows.
// Limit: memory bandwidth.
#include "ops/norm/batch_kernels.h"
#include "ops/norm/row_kernels.h"

namespace dl::DL_ISA_NS {

#define KERNELS(NAME, ARGS, FUNCTION) \
  void NAME##_f32(const ARGS& a, int64_t b, int64_t e) { FUNCTION<float>(a, b, e); } \
  void NAME##_f64(const ARGS& a, int64_t b, int64_t e) { FUNCTION<double>(a, b, e); }

KERNELS(batch_norm_stats, NormArgs, batch_stats)
KERNELS(batch_norm_fwd, NormArgs, batch_forward)
KERNELS(batch_norm_sums, NormArgs, batch_sums)
KERNELS(batch_norm_bwd, NormArgs, batch_backward)
KERNELS(row_norm_fwd, RowNormArgs, row_forward)
KERNELS(row_norm_bwd, RowNormArgs, row_backward)

}  // namespace dl::DL_ISA_NS
