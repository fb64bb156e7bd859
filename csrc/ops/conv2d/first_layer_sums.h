// Convolutions of few input channels, vectorised over the output channels; for cpu.cpp only. Called by first_layer.cpp
// on a range of tasks or chunks.
//   y[pixel, k] = b[k] + sum over the taps of x[pixel + offset[tap]] w[tap, k]
//   dw[tap, k] = sum over the pixels of x[pixel + offset[tap]] g[pixel, k]
// Limit: for one channel the bytes of y and g; else multiply-adds, 28 for each 16 loads in AVX-512.
#pragma once
#include "ops/conv2d/conv2d.h"
#include "simd/relu.h"
#include "simd/stream.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

// Sums in registers: two vectors of outputs for each of 14 pixels or taps leave 4 of 32 registers for operands, 6 leave
// 4 of 16. Rows of pixels, or taps, that are no multiple take the shorter blocks.
#if defined(__AVX512F__)
constexpr int kPixels = 14, kShortPixels = 4, kTaps[3] = {14, 9, 4};
#else
constexpr int kPixels = 6, kShortPixels = 3, kTaps[3] = {6, 5, 3};
#endif
constexpr int kAhead = 16;  // pixels of g fetched before use, 2 KB of 32 outputs: 380 µs for 28² of 64, else 510
static_assert(kTaps[0] <= kTapBlock && DL_VEC_BYTES / sizeof(float) <= kMaxLanes);

// The rows of x that a task reads, with their padding. Returns the task's rows of y.
template <class T>
static int64_t copy_rows(const FirstLayerArgs& a, int64_t n, int64_t p) {
  const ConvShape& s = a.shape;
  const int64_t left_p = s.p - p, count = left_p < a.task_rows ? left_p : a.task_rows;
  const int64_t width = a.pitch / s.c, rows = (count - 1) * s.stride_h + (s.r - 1) * s.dilation_h + 1;
  const int64_t first = s.left < width ? s.left : width, last = first + s.w < width ? first + s.w : width;
  const auto bytes = [&](int64_t pixels) { return static_cast<size_t>(pixels * s.c) * sizeof(T); };
  for (int64_t i = 0; i < rows; ++i) {
    T* to = static_cast<T*>(a.rows) + i * a.pitch;
    const int64_t h = p * s.stride_h - s.top + i;
    if (h < 0 || h >= s.h) {
      __builtin_memset(to, 0, bytes(width));
      continue;
    }
    const T* x = static_cast<const T*>(a.x) + n * a.x_stride[0] + h * a.x_stride[1];
    __builtin_memset(to, 0, bytes(first));
    __builtin_memset(to + last * s.c, 0, bytes(width - last));
    if (a.x_stride[2] == s.c) {
      __builtin_memcpy(to + first * s.c, x, bytes(last - first));
    } else {
      for (int64_t w = 0; w < last - first; ++w)
        for (int64_t c = 0; c < s.c; ++c) to[(first + w) * s.c + c] = x[w * a.x_stride[2] + c];
    }
  }
  return count;
}

// P pixels, `step` apart in x, times M vectors of outputs; `lanes` of the last vector are stored.
template <class T, int P, int M>
static DL_INLINE void sum_taps(const FirstLayerArgs& a, const T* x, int64_t step, const T* w, T* y, int lanes) {
  using V = Vec<T>;
  V acc[P][M];  // in registers if every loop over it is unrolled
#pragma GCC unroll 2
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 14
    for (int i = 0; i < P; ++i) acc[i][m] = V::load(w + a.taps * a.k_pitch + m * V::size);
  if (!a.past_caches) {  // y may lie beyond L2: its lines arrive while the sums are made
#pragma GCC unroll 14
    for (int i = 0; i < P; ++i)
#pragma GCC unroll 2
      for (int m = 0; m < M; ++m) __builtin_prefetch(y + i * a.shape.k + m * V::size, 1);
  }
  for (int64_t t = 0; t < a.taps; ++t, w += a.k_pitch) {
    const T* at = x + a.offset[t];
    V row[M];
#pragma GCC unroll 2
    for (int m = 0; m < M; ++m) row[m] = V::load(w + m * V::size);
#pragma GCC unroll 14
    for (int i = 0; i < P; ++i)
#pragma GCC unroll 2
      for (int m = 0; m < M; ++m) acc[i][m] = muladd(V(at[i * step]), row[m], acc[i][m]);
  }
  if (a.relu)
#pragma GCC unroll 14
    for (int i = 0; i < P; ++i)
#pragma GCC unroll 2
      for (int m = 0; m < M; ++m) acc[i][m] = relu_of<T>(acc[i][m]);
#pragma GCC unroll 14
  for (int i = 0; i < P; ++i)
#pragma GCC unroll 2
    for (int m = 0; m < M; ++m) {
      T* to = y + i * a.shape.k + m * V::size;
      if (a.past_caches)
        stream(to, acc[i][m]);
      else if (m < M - 1)
        acc[i][m].store(to);
      else
        store_part(to, acc[i][m], lanes);
    }
}

// A row of y. Its last block of pixels may overlap the one before, whose sums it repeats.
template <class T, int M>
static void row_of_pixels(const FirstLayerArgs& a, const T* x, int64_t k, T* y, int lanes) {
  const int64_t size = a.shape.q, step = a.shape.stride_w * a.shape.c;
  const T* w = static_cast<const T*>(a.w) + k;
  for (int64_t q = 0; q < size;) {
    const int64_t left = size - q;
    const int block = left > kPixels / 2 && size >= kPixels ? kPixels : size >= kShortPixels ? kShortPixels : 1;
    const int64_t at = left < block ? size - block : q;
    const T* from = x + at * step;
    T* to = y + at * a.shape.k + k;
    if (block == kPixels)
      sum_taps<T, kPixels, M>(a, from, step, w, to, lanes);
    else if (block == kShortPixels)
      sum_taps<T, kShortPixels, M>(a, from, step, w, to, lanes);
    else
      sum_taps<T, 1, M>(a, from, step, w, to, lanes);
    q = at + block;
  }
}

// f(k, vectors, lanes of the last) for two vectors of outputs, or the last one.
template <class T, class F>
static DL_INLINE void each_two_vectors(int64_t outputs, const F& f) {
  constexpr int64_t lanes = Vec<T>::size;
  for (int64_t k = 0; k < outputs; k += 2 * lanes) {
    const int64_t left = outputs - k;
    const int vectors = left > lanes ? 2 : 1;
    const int64_t last = left - (vectors - 1) * lanes;
    f(k, vectors, static_cast<int>(last < lanes ? last : lanes));
  }
}

template <class T>
static void first_layer_fwd(const FirstLayerArgs& a, int64_t begin, int64_t end) {
  const ConvShape& s = a.shape;
  for (int64_t task = begin; task < end; ++task) {
    const int64_t n = task / a.tasks_n, p = task % a.tasks_n * a.task_rows, count = copy_rows<T>(a, n, p);
    for (int64_t i = 0; i < count; ++i) {
      const T* x = static_cast<const T*>(a.rows) + i * s.stride_h * a.pitch;
      T* y = static_cast<T*>(a.out) + (n * s.p + p + i) * s.q * s.k;
      each_two_vectors<T>(s.k, [&](int64_t k, int vectors, int lanes) __attribute__((always_inline)) {
        if (vectors == 2)
          row_of_pixels<T, 2>(a, x, k, y, lanes);
        else
          row_of_pixels<T, 1>(a, x, k, y, lanes);
      });
    }
  }
  if (a.past_caches) stream_end();
}

// Adds a row of pixels to the sums of N taps and M vectors of outputs.
template <class T, int N, int M>
static void add_pixels(const FirstLayerArgs& a, const T* x, const int64_t* offset, const T* g, int lanes, T* sum) {
  using V = Vec<T>;
  const int64_t step = a.shape.stride_w * a.shape.c;
  V acc[N][M];
#pragma GCC unroll 14
  for (int t = 0; t < N; ++t)
#pragma GCC unroll 2
    for (int m = 0; m < M; ++m) acc[t][m] = V::load(sum + t * a.k_pitch + m * V::size);
  for (int64_t q = 0; q < a.shape.q; ++q, x += step, g += a.shape.k) {
    V row[M];
#pragma GCC unroll 2
    for (int m = 0; m < M - 1; ++m) row[m] = V::load(g + m * V::size);
    row[M - 1] = load_part(g + (M - 1) * V::size, lanes);
#pragma GCC unroll 2
    for (int m = 0; m < M; ++m) __builtin_prefetch(g + kAhead * a.shape.k + m * V::size);
#pragma GCC unroll 14
    for (int t = 0; t < N; ++t)
#pragma GCC unroll 2
      for (int m = 0; m < M; ++m) acc[t][m] = muladd(V(x[offset[t]]), row[m], acc[t][m]);
  }
#pragma GCC unroll 14
  for (int t = 0; t < N; ++t)
#pragma GCC unroll 2
    for (int m = 0; m < M; ++m) acc[t][m].store(sum + t * a.k_pitch + m * V::size);
}

// All taps: a last block may take spare ones, whose sums nobody reads.
template <class T, int M>
static void all_taps(const FirstLayerArgs& a, const T* x, const T* g, int lanes, T* sum) {
  for (int64_t t = 0; t < a.taps;) {
    const int64_t left = a.taps - t;
    const int64_t* offset = a.offset + t;
    T* to = sum + t * a.k_pitch;
    if (left <= kTaps[2]) {
      add_pixels<T, kTaps[2], M>(a, x, offset, g, lanes, to);
      t += kTaps[2];
    } else if (left <= kTaps[1]) {
      add_pixels<T, kTaps[1], M>(a, x, offset, g, lanes, to);
      t += kTaps[1];
    } else {
      add_pixels<T, kTaps[0], M>(a, x, offset, g, lanes, to);
      t += kTaps[0];
    }
  }
}

template <class T>
static void first_layer_bwd_w(const FirstLayerArgs& a, int64_t begin, int64_t end) {
  const ConvShape& s = a.shape;
  const int64_t size = (a.taps + kTapBlock - 1) * a.k_pitch, tasks = s.n * a.tasks_n;
  for (int64_t chunk = begin; chunk < end; ++chunk) {
    T* sum = static_cast<T*>(a.out) + chunk * size;
    __builtin_memset(sum, 0, static_cast<size_t>(size) * sizeof(T));
    const int64_t first = chunk * a.chunk_tasks, stop = first + a.chunk_tasks < tasks ? first + a.chunk_tasks : tasks;
    for (int64_t task = first; task < stop; ++task) {
      const int64_t n = task / a.tasks_n, p = task % a.tasks_n * a.task_rows, count = copy_rows<T>(a, n, p);
      for (int64_t i = 0; i < count; ++i) {
        const T* x = static_cast<const T*>(a.rows) + i * s.stride_h * a.pitch;
        const T* g = static_cast<const T*>(a.g) + (n * s.p + p + i) * s.q * s.k;
        each_two_vectors<T>(s.k, [&](int64_t k, int vectors, int lanes) __attribute__((always_inline)) {
          if (vectors == 2)
            all_taps<T, 2>(a, x, g + k, lanes, sum + k);
          else
            all_taps<T, 1>(a, x, g + k, lanes, sum + k);
        });
      }
    }
  }
}

}  // namespace dl::DL_ISA_NS
