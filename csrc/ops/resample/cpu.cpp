// Rows of y, or of dx, by the tables of resample.h. Channels are the vector lanes where there are several; a row of
// planes is blended along the other axis first, in vectors, or gathers its pixels.
// Limit: memory bandwidth with channels as lanes; else two to four loads an element.
#include "blocks/images/lanes.h"
#include "ops/resample/formula.h"
#include "ops/resample/resample.h"

namespace dl::DL_ISA_NS {

template <class T>
static void nearest(const ResampleArgs& a, int64_t begin, int64_t end) {
  const int64_t n = a.channels, width = a.w.out * n;
  const auto bytes = static_cast<size_t>(n) * sizeof(T);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t p = row % a.h.out;
    T* y = static_cast<T*>(a.y) + row * width;
    if (row > begin && p > 0 && a.h.low[p] == a.h.low[p - 1]) {
      __builtin_memcpy(y, y - width, static_cast<size_t>(width) * sizeof(T));
      continue;
    }
    const T* x = static_cast<const T*>(a.x) + (row / a.h.out * a.h.in + a.h.low[p]) * a.w.in * n;
    if (n == 1)
      for (int64_t q = 0; q < a.w.out; ++q) y[q] = x[a.w.low[q]];
    else
      for (int64_t q = 0; q < a.w.out; ++q) __builtin_memcpy(y + q * n, x + a.w.low[q] * n, bytes);
  }
}

template <class T>
struct LinearPixel {
  const T *x00, *x01, *x10, *x11;
  T h0, h1, w0, w1;
  T* y;

  template <int K, bool kFull>
  DL_INLINE void run(int64_t c, int n) const {
    using V = Vec<T>;
    for (int k = 0; k < K; ++k, c += V::size)
      store<kFull>(y + c,
                   blend(load<kFull>(x00 + c, n), load<kFull>(x01 + c, n), load<kFull>(x10 + c, n),
                         load<kFull>(x11 + c, n), V(h0), V(h1), V(w0), V(w1)),
                   n);
  }
};

template <class T>
static void linear(const ResampleArgs& a, int64_t begin, int64_t end) {
  const int64_t n = a.channels;
  const T *h0 = static_cast<const T*>(a.h.low_weight), *h1 = static_cast<const T*>(a.h.high_weight);
  const T *w0 = static_cast<const T*>(a.w.low_weight), *w1 = static_cast<const T*>(a.w.high_weight);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t p = row % a.h.out;
    const T* image = static_cast<const T*>(a.x) + row / a.h.out * a.h.in * a.w.in * n;
    const T *top = image + a.h.low[p] * a.w.in * n, *bottom = image + a.h.high[p] * a.w.in * n;
    T* y = static_cast<T*>(a.y) + row * a.w.out * n;
    const T above = h0[p], below = h1[p];
    if (n == 1) {
      for (int64_t q = 0; q < a.w.out; ++q) {
        const int32_t i = a.w.low[q], j = a.w.high[q];
        y[q] = blend(top[i], top[j], bottom[i], bottom[j], above, below, w0[q], w1[q]);
      }
      continue;
    }
    for (int64_t q = 0; q < a.w.out; ++q) {
      const int64_t i = a.w.low[q] * n, j = a.w.high[q] * n;
      each_block<T>(n, LinearPixel<T>{top + i, top + j, bottom + i, bottom + j, above, below, w0[q], w1[q], y + q * n});
    }
  }
}

// The rows of y that read one row of x, and the columns that read one pixel.
template <class T>
struct Covers {
  const int32_t* out;
  const T* weight;
  int64_t n;
};
template <class T>
static DL_INLINE Covers<T> covers_of(const ResampleAxis& axis, int64_t i) {
  const int32_t at = axis.cover_at[i];
  return {axis.cover + at, static_cast<const T*>(axis.cover_weight) + at, axis.cover_at[i + 1] - at};
}

template <class T>
struct GradPixel {
  Covers<T> h, w;
  const T* g;  // the image's
  int64_t columns, channels;
  T* dx;

  template <int K, bool kFull>
  DL_INLINE void run(int64_t c, int n) const {
    using V = Vec<T>;
    V sum[K];
    for (int k = 0; k < K; ++k) sum[k] = V(T(0));
    for (int64_t i = 0; i < h.n; ++i) {
      V row[K];
      for (int k = 0; k < K; ++k) row[k] = V(T(0));
      for (int64_t j = 0; j < w.n; ++j) {
        const T* at = g + (h.out[i] * columns + w.out[j]) * channels + c;
        for (int k = 0; k < K; ++k) row[k] = row[k] + load<kFull>(at + k * V::size, n) * V(w.weight[j]);
      }
      for (int k = 0; k < K; ++k) sum[k] = sum[k] + row[k] * V(h.weight[i]);
    }
    for (int k = 0; k < K; ++k) store<kFull>(dx + c + k * V::size, sum[k], n);
  }
};

// A row of dx of one channel. The rows of g that read it are blended in vectors, then each element adds its columns; a
// row too wide for the stack adds both at once.
template <class T>
static void grad_row(const ResampleArgs& a, const Covers<T>& h, const T* g, T* dx) {
  constexpr int64_t kWidth = 4096;  // 32 KB of float64: what L1 holds
  T blend[kWidth];
  const bool wide = a.w.out > kWidth;
  if (!wide) {
    for (int64_t q = 0; q < a.w.out; ++q) blend[q] = T(0);
    for (int64_t i = 0; i < h.n; ++i) {
      const T *row = g + h.out[i] * a.w.out, weight = h.weight[i];
      for (int64_t q = 0; q < a.w.out; ++q) blend[q] += row[q] * weight;
    }
  }
  for (int64_t j = 0; j < a.w.in; ++j) {
    const Covers<T> w = covers_of<T>(a.w, j);
    T sum = T(0);
    for (int64_t k = 0; k < w.n; ++k) {
      T column = T(0);
      if (wide)
        for (int64_t i = 0; i < h.n; ++i) column += g[h.out[i] * a.w.out + w.out[k]] * h.weight[i];
      else
        column = blend[w.out[k]];
      sum += column * w.weight[k];
    }
    dx[j] = sum;
  }
}

template <class T>
static void gradient(const ResampleArgs& a, int64_t begin, int64_t end) {
  const int64_t n = a.channels;
  for (int64_t row = begin; row < end; ++row) {
    const T* g = static_cast<const T*>(a.x) + row / a.h.in * a.h.out * a.w.out * n;
    T* dx = static_cast<T*>(a.y) + row * a.w.in * n;
    const Covers<T> h = covers_of<T>(a.h, row % a.h.in);
    if (n == 1)
      grad_row(a, h, g, dx);
    else
      for (int64_t j = 0; j < a.w.in; ++j)
        each_block<T>(n, GradPixel<T>{h, covers_of<T>(a.w, j), g, a.w.out, n, dx + j * n});
  }
}

void resample_nearest_u8(const ResampleArgs& a, int64_t b, int64_t e) { nearest<uint8_t>(a, b, e); }
#define KERNELS(T, NAME) \
  void resample_nearest_##NAME(const ResampleArgs& a, int64_t b, int64_t e) { nearest<T>(a, b, e); } \
  void resample_linear_##NAME(const ResampleArgs& a, int64_t b, int64_t e) { linear<T>(a, b, e); } \
  void resample_bwd_##NAME(const ResampleArgs& a, int64_t b, int64_t e) { gradient<T>(a, b, e); }
KERNELS(float, f32)
KERNELS(double, f64)

}  // namespace dl::DL_ISA_NS
