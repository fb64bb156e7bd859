// Gathers and sums rows (embedding.h). Called by embedding.cpp on a range of output rows.
// Limit: memory bandwidth; forward, the latency of rows that are not in cache; backward, clearing the table.
#include "ops/embedding/embedding.h"

#include "blocks/rows/rows.h"
#include "simd/stream.h"

namespace dl::DL_ISA_NS {

template <class T>
static void forward(const EmbeddingArgs& a, int64_t begin, int64_t end) {
  const T* weight = static_cast<const T*>(a.weight);
  T* out = static_cast<T*>(a.out);
  if (a.width == 1) {  // a bias: a copy of one element is not worth a call of memcpy
    for (int64_t i = begin; i < end; ++i) out[i] = weight[a.indices[i] * a.weight_step];
    return;
  }
  const auto bytes = static_cast<size_t>(a.width) * sizeof(T);
  for (int64_t i = begin; i < end; ++i)
    __builtin_memcpy(out + i * a.width, weight + a.indices[i] * a.weight_step, bytes);
}

// K vectors of one table row's gradient: the sum over its positions.
template <class T, int K>
static DL_INLINE void sum_positions(const T* g, int64_t width, const int64_t* order, int64_t count, T* out, int lanes) {
  constexpr int S = Vec<T>::size;
  Vec<T> total[K];
  sum_columns<T, K>(count, total, [&](int64_t r, int k) __attribute__((always_inline)) {
    return load_n(g + order[r] * width + k * S, lanes);
  });
  for (int k = 0; k < K; ++k) store_n(out + k * S, total[k], lanes);
}

// n zeros, past the caches: what they replace is not read, and nothing that is read soon makes way.
template <class T>
static void clear_past_caches(T* out, int64_t n) {
  constexpr int S = Vec<T>::size;
  int64_t i = 0;
  for (; i < n && reinterpret_cast<uintptr_t>(out + i) % DL_VEC_BYTES; ++i) out[i] = T(0);
  for (; i + S <= n; i += S) stream(out + i, Vec<T>(T(0)));
  for (; i < n; ++i) out[i] = T(0);
}

template <class T>
static void backward(const EmbeddingArgs& a, int64_t begin, int64_t end) {
  constexpr int S = Vec<T>::size, K = 4;
  const T* g = static_cast<const T*>(a.g);
  const int64_t width = a.width;
  for (int64_t v = begin; v < end; ++v) {
    T* out = static_cast<T*>(a.out) + v * width;
    const int64_t count = a.start[v + 1] - a.start[v];
    const int64_t* order = a.order + a.start[v];
    if (count == 0 && a.stream) {
      const int64_t first = v;
      while (v + 1 < end && a.start[v + 2] == a.start[first]) ++v;
      clear_past_caches(out, (v + 1 - first) * width);
      continue;
    }
    if (count == 0) {
      __builtin_memset(out, 0, static_cast<size_t>(width) * sizeof(T));
      continue;
    }
    int64_t j = 0;
    for (; j + K * S <= width; j += K * S) sum_positions<T, K>(g + j, width, order, count, out + j, S);
    for (; j + S <= width; j += S) sum_positions<T, 1>(g + j, width, order, count, out + j, S);
    if (j < width) sum_positions<T, 1>(g + j, width, order, count, out + j, static_cast<int>(width - j));
  }
  if (a.stream) stream_end();
}

void embedding_fwd_f32(const EmbeddingArgs& a, int64_t b, int64_t e) { forward<float>(a, b, e); }
void embedding_fwd_f64(const EmbeddingArgs& a, int64_t b, int64_t e) { forward<double>(a, b, e); }
void embedding_bwd_f32(const EmbeddingArgs& a, int64_t b, int64_t e) { backward<float>(a, b, e); }
void embedding_bwd_f64(const EmbeddingArgs& a, int64_t b, int64_t e) { backward<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
