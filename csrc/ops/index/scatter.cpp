// Sums of bfloat16 are made in float32, and rounded once.
#include "blocks/copy/copy.h"
#include "core/array.h"
#include "ops/index/index.h"
#include "ops/index/same.h"

namespace dl {
namespace {

bool narrow(const Array& x) { return x.dtype() == DType::bf16; }
Array wide(const Array& x) { return convert(x, DType::f32); }

}  // namespace

Array scatter_fwd(const char* op, const Array* x, const Dims& shape, int dim, const Array& index, const Array& src,
                  bool add) {
  if (!add || !narrow(src) || (x && !narrow(*x))) return same::scatter_fwd(op, x, shape, dim, index, src, add);
  const Array from = x ? wide(*x) : Array();
  return convert(same::scatter_fwd(op, x ? &from : nullptr, shape, dim, index, wide(src), add), DType::bf16);
}

void scatter_into(const char* op, const Array& dst, int dim, const Array& index, const Array& src, bool add) {
  if (!add || !narrow(dst) || !narrow(src)) return same::scatter_into(op, dst, dim, index, src, add);
  const Array sum = wide(dst);
  same::scatter_into(op, sum, dim, index, wide(src), add);
  copy_into(dst, sum);
}

void index_into(const char* op, const Array& dst, int first, const Array* indices, int k, const Array& src, bool add,
                bool from_end) {
  if (!add || !narrow(dst)) return same::index_into(op, dst, first, indices, k, src, add, from_end);
  const Array sum = wide(dst);
  same::index_into(op, sum, first, indices, k, src, add, from_end);
  copy_into(dst, sum);
}

}  // namespace dl
