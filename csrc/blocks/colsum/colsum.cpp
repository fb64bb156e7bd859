#include "blocks/colsum/colsum.h"

#include <algorithm>

#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 65536;  // elements: 256 KB of float32, some 15 µs
Kernels<ColumnSumArgs> kernels_("column_sums");

}  // namespace

void column_sums_into(const void* x, int64_t rows, int64_t stride, const Array& out) {
  const int64_t columns = out.size();
  if (columns == 0) return;
  const int64_t chunks = std::max<int64_t>((rows + kSumRows - 1) / kSumRows, 1);
  const Array partial = chunks == 1 ? out : Array::empty({chunks, columns}, out.dtype(), out.device());
  const ColumnSumArgs args{.x = x, .out = partial.raw(), .rows = rows, .columns = columns, .stride = stride};
  launch(kernels_.choose(out.device(), out.dtype(), args), args, chunks,
         std::max<int64_t>(kGrain / (kSumRows * columns), 1));
  if (chunks > 1) column_sums_into(partial.raw(), chunks, columns, out);
}

}  // namespace dl
