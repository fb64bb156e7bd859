#include "ops/embedding/embedding.h"

#include <algorithm>
#include <vector>

#include "blocks/copy/copy.h"
#include "blocks/labels/labels.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

// A gradient from here on is cleared past the caches: four L2 caches of 2 MB, so that little of it would be found
// there.
constexpr int64_t kStreamBytes = 8 << 20;
constexpr int64_t kElements = 32768;  // a chunk: some 15–30 µs of copying

Kernels<EmbeddingArgs> forward_kernels("embedding_fwd"), backward_kernels("embedding_bwd");

int64_t grain(int64_t width) { return std::max<int64_t>(1, kElements / std::max<int64_t>(1, width)); }

Array checked_indices(const Array& indices, int64_t rows) {
  const Array ids = as_labels("embedding", "indices", indices, row_major(indices.shape()), "convert with .long()");
  check_labels("embedding", "indices", ids, rows, "rows");
  return ids;
}

// A counting sort, stable: O(indices + rows), little beside clearing the rows.
struct ByRow {
  std::vector<int64_t> start, order;
};
ByRow sort_by_row(const int64_t* indices, int64_t n, int64_t rows, int64_t padding) {
  ByRow r{std::vector<int64_t>(static_cast<size_t>(rows) + 2), std::vector<int64_t>(static_cast<size_t>(n))};
  int64_t* next = r.start.data() + 1;  // next[v] becomes start[v + 1] while the rows are filled
  for (int64_t i = 0; i < n; ++i)
    if (indices[i] != padding) ++next[indices[i] + 1];
  for (int64_t v = 0; v < rows; ++v) next[v + 1] += next[v];
  for (int64_t i = 0; i < n; ++i)
    if (indices[i] != padding) r.order[static_cast<size_t>(next[indices[i]]++)] = i;
  return r;
}

}  // namespace

Array embedding_fwd(const Array& indices, const Array& weight) {
  DL_CHECK(weight.ndim() == 2, ShapeError, "embedding: weight must be (rows, width), got ", weight.shape(),
           "; indices=", indices.shape());
  DL_CHECK(is_floating(weight.dtype()), DTypeError, "embedding: weight must be float32 or float64, got ",
           weight.dtype(), " of shape ", weight.shape(), "; the order is embedding(indices, weight)");
  DL_CHECK(weight.device() == indices.device(), DeviceError, "embedding: weight is on ", name(weight.device()),
           " but indices on ", name(indices.device()), "; move one with .to()");
  const int64_t rows = weight.shape(0), width = weight.shape(1);
  const Array ids = checked_indices(indices, rows);
  const Array table = width <= 1 || weight.stride(1) == 1 ? weight : contiguous(weight);
  Dims shape = indices.shape();
  shape.push_back(width);
  const Array out = Array::empty(shape, weight.dtype(), weight.device());
  if (out.size() == 0) return out;
  const EmbeddingArgs args{.width = width,
                           .out = out.raw(),
                           .weight = table.raw(),
                           .weight_step = table.stride(0),
                           .indices = ids.data<int64_t>(),
                           .rows = rows};
  launch(forward_kernels.choose(weight.device(), weight.dtype(), args), args, ids.size(), grain(width));
  return out;
}

Array embedding_bwd(const Array& g, const Array& indices, int64_t rows, int64_t padding) {
  Dims shape = g.shape();
  const int64_t width = shape.empty() ? 0 : shape.back();
  if (!shape.empty()) shape.erase(shape.size() - 1);
  DL_CHECK(g.ndim() > 0 && shape == indices.shape() && is_floating(g.dtype()), ShapeError,
           "embedding: the gradient must be (*indices.shape, width); g=", g.shape(), " ", g.dtype(),
           ", indices=", indices.shape());
  const Array ids = checked_indices(indices, rows), rows_g = contiguous(g);
  const Array out = Array::empty({rows, width}, g.dtype(), g.device());
  if (out.size() == 0) return out;
  if (g.device() == Device::cuda) {
    constexpr int64_t kMost = (int64_t{1} << 31) - 1;  // places and rows are 32 bits there
    DL_CHECK(ids.size() < kMost && rows < kMost, ValueError, "embedding: ", ids.size(), " indices of ", rows,
             " rows are more than 2^31; split them");
    const EmbeddingArgs args{.width = width,
                             .out = out.raw(),
                             .indices = ids.data<int64_t>(),
                             .g = rows_g.raw(),
                             .rows = rows,
                             .count = ids.size(),
                             .padding = padding};
    launch(backward_kernels.choose(g.device(), g.dtype(), args), args, rows, grain(width));
    return out;
  }
  const ByRow by_row = sort_by_row(ids.data<int64_t>(), ids.size(), rows, padding);
  const EmbeddingArgs args{.width = width,
                           .out = out.raw(),
                           .g = rows_g.raw(),
                           .order = by_row.order.data(),
                           .start = by_row.start.data(),
                           .stream = out.size() * static_cast<int64_t>(itemsize(out.dtype())) >= kStreamBytes};
  launch(backward_kernels.choose(g.device(), g.dtype(), args), args, rows, grain(width));
  return out;
}

}  // namespace dl
