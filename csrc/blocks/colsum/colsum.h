// Sums over the rows of a matrix: the gradient of a bias. float32 and float64.
// Chunks of kSumRows rows are added in order, then the chunks' sums in the same way, until one row is left:
// |error| <= kSumRows · levels · eps · sum |x|, levels = ceil(log(rows) / log(kSumRows)). No rows give zeros.
#pragma once
#include "core/dtype.h"

namespace dl {

constexpr int64_t kSumRows = 256;

struct ColumnSumArgs {
  const void* x;                  // rows × columns; columns are contiguous
  void* out;                      // [chunk][columns]
  int64_t rows, columns, stride;  // between rows, in elements
};
// A kernel's range is chunks: out[chunk] = the sum of its kSumRows rows.

// x: `rows` rows of out.size() contiguous elements, `stride` apart. out: dense.
DL_API void column_sums_into(const void* x, int64_t rows, int64_t stride, const Array& out);

}  // namespace dl
