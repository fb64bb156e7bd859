// Gathers rows, and sums gradients by sorted segments (embedding.h). Called by embedding.cpp for all rows at once. A
// thread an element of the result, or 16 bytes of a row that is a multiple of that, beside its neighbours'; a table
// row's positions are added in ascending order. Limit: memory bandwidth; backward, the sort where rows are few, writing
// the table's zeros where they are many.
#include "cuda/segments.cuh"
#include "cuda/vec128.cuh"
#include "ops/embedding/embedding.h"

namespace dl::cuda {

template <class T, int kRun>
static __global__ void forward_kernel(EmbeddingArgs a, int64_t items) {
  const T* weight = static_cast<const T*>(a.weight);
  T* out = static_cast<T*>(a.out);
  const bool aligned = all_aligned<T, kRun>(weight, out);
  for (int64_t item = first_item() * kRun; item < items; item += item_step() * kRun) {
    int64_t row = a.indices[item / a.width];
    row = row < 0 ? 0 : row < a.rows ? row : a.rows - 1;  // one out of range was reported
    store_run(out + item, load_run<kRun>(weight + row * a.weight_step + item % a.width, aligned), aligned);
  }
}

template <class T, int kRun>
static __global__ void backward_kernel(EmbeddingArgs a, const KeyedPlace* sorted, const int32_t* start, int64_t items) {
  constexpr int kClose = 64;  // terms of a sum before it joins the total, as on the CPU
  const T* g = static_cast<const T*>(a.g);
  T* out = static_cast<T*>(a.out);
  const bool aligned = all_aligned<T, kRun>(g, out);
  for (int64_t item = first_item() * kRun; item < items; item += item_step() * kRun) {
    const int64_t row = item / a.width, column = item % a.width;
    Pack<T, kRun> total{}, part{};
    const auto close = [&] {
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) total.of[e] += part.of[e];
      part = {};
    };
    int terms = 0;
    for (int32_t i = start[row]; i < start[row + 1]; ++i) {
      const auto v = load_run<kRun>(g + place_of(sorted[i]) * a.width + column, aligned);
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) part.of[e] += v.of[e];
      if (++terms < kClose) continue;
      close();
      terms = 0;
    }
    close();
    store_run(out + item, total, aligned);
  }
}

template <class T>
static void forward(const EmbeddingArgs& a, int64_t n) {
  const bool whole = a.width % Vec128<T>::size == 0 && a.weight_step % Vec128<T>::size == 0;
  with_run<T>(whole, [&]<int kRun>(std::integral_constant<int, kRun>) {
    launch("embedding_fwd", forward_kernel<T, kRun>, grid_stride(n * a.width / kRun), a, n * a.width);
  });
}
template <class T>
static void backward(const EmbeddingArgs& a, int64_t rows) {
  const Segments by_row(a.indices, a.count, rows, a.padding);
  with_run<T>(a.width % Vec128<T>::size == 0, [&]<int kRun>(std::integral_constant<int, kRun>) {
    launch("embedding_bwd", backward_kernel<T, kRun>, grid_stride(rows * a.width / kRun), a, by_row.items, by_row.start,
           rows * a.width);
  });
}

void embedding_fwd_f32(const EmbeddingArgs& a, int64_t, int64_t n) { forward<float>(a, n); }
void embedding_fwd_f64(const EmbeddingArgs& a, int64_t, int64_t n) { forward<double>(a, n); }
void embedding_bwd_f32(const EmbeddingArgs& a, int64_t, int64_t n) { backward<float>(a, n); }
void embedding_bwd_f64(const EmbeddingArgs& a, int64_t, int64_t n) { backward<double>(a, n); }

}  // namespace dl::cuda
