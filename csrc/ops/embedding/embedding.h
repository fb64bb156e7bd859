// Rows of a table, and the table's dense gradient.
//   embedding_fwd  out[i, :] = weight[indices[i], :]           indices of any shape; out is (*indices.shape, width)
//   embedding_bwd  dw[v, :] = Σ over i with indices[i] = v of g[i, :]; zero in rows not named and in row `padding`
// weight (rows, width) float32 or float64; indices int64 (int32 and uint8 are converted), checked before anything is
// computed. The sum of a row runs over i in order, closed every 64 terms (blocks/rows), by one thread: its bits do not
// depend on their number.
#pragma once
#include "core/dtype.h"

namespace dl {

struct EmbeddingArgs {
  int64_t width;
  void* out;
  const void* weight = nullptr;      // forward
  int64_t weight_step = 0;           // elements from one row of weight to the next
  const int64_t* indices = nullptr;  // forward: one an output row
  const void* g = nullptr;           // backward: (indices, width) row-major
  const int64_t* order = nullptr;    // backward: positions i sorted by index, then by i …
  const int64_t* start = nullptr;    // … those of table row v at [start[v], start[v + 1])
  bool stream = false;               // backward: rows without a position are cleared past the caches
  int64_t rows = 0;                  // of weight
  // On CUDA `indices` are given backward too, and sorted there: `count` of them, without those of row `padding`.
  int64_t count = 0, padding = -1;
};
// A kernel's range is output rows: indices forward, table rows backward.

DL_API Array embedding_fwd(const Array& indices, const Array& weight);
// padding: the row that gets no gradient, or -1 for none.
DL_API Array embedding_bwd(const Array& g, const Array& indices, int64_t rows, int64_t padding);

}  // namespace dl
