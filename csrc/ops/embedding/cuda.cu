// Gathers rows, and sums gradients by sorted segments (embedding.h). Called by embedding.cpp for all rows at once. A
// thread an element of the result, beside its neighbours'; a table row's positions are added in ascending order.
// Limit: memory bandwidth; backward, the sort where rows are few, writing the table's zeros where they are many.
#include "cuda/segments.cuh"
#include "ops/embedding/embedding.h"

namespace dl::cuda {

template <class T>
static __global__ void forward_kernel(EmbeddingArgs a, int64_t items) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    int64_t row = a.indices[item / a.width];
    row = row < 0 ? 0 : row < a.rows ? row : a.rows - 1;  // one out of range was reported
    static_cast<T*>(a.out)[item] = static_cast<const T*>(a.weight)[row * a.weight_step + item % a.width];
  }
}

template <class T>
static __global__ void backward_kernel(EmbeddingArgs a, const KeyedPlace* sorted, const int32_t* start, int64_t items) {
  constexpr int kClose = 64;  // terms of a sum before it joins the total, as on the CPU
  const T* g = static_cast<const T*>(a.g);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const int64_t row = item / a.width, column = item % a.width;
    T total = T(0), part = T(0);
    int terms = 0;
    for (int32_t i = start[row]; i < start[row + 1]; ++i) {
      part += g[place_of(sorted[i]) * a.width + column];
      if (++terms < kClose) continue;
      total += part;
      part = T(0);
      terms = 0;
    }
    static_cast<T*>(a.out)[item] = total + part;
  }
}

template <class T>
static void forward(const EmbeddingArgs& a, int64_t n) {
  launch("embedding_fwd", forward_kernel<T>, grid_stride(n * a.width), a, n * a.width);
}
template <class T>
static void backward(const EmbeddingArgs& a, int64_t rows) {
  const Segments by_row(a.indices, a.count, rows, a.padding);
  launch("embedding_bwd", backward_kernel<T>, grid_stride(rows * a.width), a, by_row.items, by_row.start,
         rows * a.width);
}

void embedding_fwd_f32(const EmbeddingArgs& a, int64_t, int64_t n) { forward<float>(a, n); }
void embedding_fwd_f64(const EmbeddingArgs& a, int64_t, int64_t n) { forward<double>(a, n); }
void embedding_bwd_f32(const EmbeddingArgs& a, int64_t, int64_t n) { backward<float>(a, n); }
void embedding_bwd_f64(const EmbeddingArgs& a, int64_t, int64_t n) { backward<double>(a, n); }

}  // namespace dl::cuda
