// Average pooling's loops, for fixed and adaptive windows alike.
#pragma once
#include "ops/pool2d/lanes.h"

namespace dl::DL_ISA_NS {

static DL_INLINE double divisor_of(const PoolArgs& a, int64_t p, int64_t q) {
  return a.divisor != 0 ? a.divisor : static_cast<double>(a.h.windows[p].span * a.w.windows[q].span);
}

static DL_INLINE double share_of(const PoolArgs& a, int64_t p, int64_t q) {
  return a.divisor != 0 ? 1 / a.divisor : a.h.windows[p].share * a.w.windows[q].share;
}

template <class T>
struct AvgPixel {
  const PoolArgs& a;
  const PoolWindow &h, &w;
  const T* x;
  T* y;
  T divisor;

  template <int K, bool kFull>
  DL_INLINE void run(int64_t c, int n) const {
    using V = Vec<T>;
    V sum[K];
    for (int k = 0; k < K; ++k) sum[k] = V(T(0));
    for (int64_t r = h.first; r < h.last; ++r) {
      const T* p = x + ((h.start + r) * a.w.in + w.start + w.first) * a.channels + c;
      V row[K];  // a row's sum joins the window's: chains of rows + columns, not of rows × columns
      for (int k = 0; k < K; ++k) row[k] = V(T(0));
      for (int64_t s = w.first; s < w.last; ++s, p += a.channels)
        for (int k = 0; k < K; ++k) row[k] = row[k] + load<kFull>(p + k * V::size, n);
      for (int k = 0; k < K; ++k) sum[k] = sum[k] + row[k];
    }
    for (int k = 0; k < K; ++k) store<kFull>(y + c + k * V::size, sum[k] / V(divisor), n);
  }
};

template <class T>
static void avg_rows(const PoolArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t p = row % a.h.out;
    const T* x = static_cast<const T*>(a.x) + row / a.h.out * a.h.in * a.w.in * a.channels;
    for (int64_t q = 0; q < a.w.out; ++q) {
      const AvgPixel<T> pixel{a,
                              a.h.windows[p],
                              a.w.windows[q],
                              x,
                              static_cast<T*>(a.y) + (row * a.w.out + q) * a.channels,
                              static_cast<T>(divisor_of(a, p, q))};
      each_block<T>(a.channels, pixel);
    }
  }
}

// A window's sum in a plane: vectors along wide rows, else element by element.
template <class T>
static T window_sum(const T* x, int64_t rows, int64_t step, int64_t n) {
  using V = Vec<T>;
  if (n < V::size) {
    T sum = T(0);
    for (int64_t r = 0; r < rows; ++r, x += step) {
      T row = T(0);
      for (int64_t i = 0; i < n; ++i) row += x[i];
      sum += row;
    }
    return sum;
  }
  V sum(T(0));
  for (int64_t r = 0; r < rows; ++r, x += step) {
    int64_t i = V::size;
    V row = V::load(x);
    for (; i + V::size <= n; i += V::size) row = row + V::load(x + i);
    if (i < n) row = row + load_n(x + i, static_cast<int>(n - i));
    sum = sum + row;
  }
  return sum_lanes(sum);
}

template <class T>
static void avg_planes(const PoolArgs& a, int64_t begin, int64_t end) {
  T* y = static_cast<T*>(a.y) + begin * a.h.out * a.w.out;
  for (int64_t plane = begin; plane < end; ++plane) {
    const T* x = static_cast<const T*>(a.x) + plane * a.h.in * a.w.in;
    for (int64_t p = 0; p < a.h.out; ++p)
      for (int64_t q = 0; q < a.w.out; ++q) {
        const PoolWindow &h = a.h.windows[p], &w = a.w.windows[q];
        const T* from = x + (h.start + h.first) * a.w.in + w.start + w.first;
        const T sum = window_sum(from, h.last - h.first, a.w.in, w.last - w.first);
        *y++ = sum / static_cast<T>(divisor_of(a, p, q));
      }
  }
}

template <class T>
struct AvgGradPixel {
  const PoolArgs& a;
  Covers h, w;
  const T* g;
  T* dx;

  template <int K, bool kFull>
  DL_INLINE void run(int64_t c, int n) const {
    using V = Vec<T>;
    V sum[K];
    for (int k = 0; k < K; ++k) sum[k] = V(T(0));
    for (const PoolCover* p = h.begin; p < h.end; ++p)
      for (const PoolCover* q = w.begin; q < w.end; ++q) {
        const T* at = g + (p->out * a.w.out + q->out) * a.channels + c;
        const V share(static_cast<T>(share_of(a, p->out, q->out)));
        for (int k = 0; k < K; ++k) sum[k] = sum[k] + load<kFull>(at + k * V::size, n) * share;
      }
    for (int k = 0; k < K; ++k) store<kFull>(dx + c + k * V::size, sum[k], n);
  }
};

template <class T>
static void avg_grad_rows(const PoolArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const T* g = static_cast<const T*>(a.x) + row / a.h.in * a.h.out * a.w.out * a.channels;
    for (int64_t i = 0; i < a.w.in; ++i) {
      const AvgGradPixel<T> pixel{a, covers_of(a.h, row % a.h.in), covers_of(a.w, i), g,
                                  static_cast<T*>(a.y) + (row * a.w.in + i) * a.channels};
      each_block<T>(a.channels, pixel);
    }
  }
}

template <class T>
static void avg_grad_planes(const PoolArgs& a, int64_t begin, int64_t end) {
  for (int64_t plane = begin; plane < end; ++plane) {
    const T* g = static_cast<const T*>(a.x) + plane * a.h.out * a.w.out;
    for (int64_t i = 0; i < a.h.in; ++i) {
      T* dx = static_cast<T*>(a.y) + (plane * a.h.in + i) * a.w.in;
      for (int64_t j = 0; j < a.w.in; ++j) dx[j] = T(0);
      const Covers rows = covers_of(a.h, i);
      for (const PoolCover* p = rows.begin; p < rows.end; ++p)
        for (int64_t q = 0; q < a.w.out; ++q) {
          const PoolWindow& w = a.w.windows[q];
          const T share = g[p->out * a.w.out + q] * static_cast<T>(share_of(a, p->out, q));
          for (int64_t j = w.start + w.first; j < w.start + w.last; ++j) dx[j] += share;
        }
    }
  }
}

}  // namespace dl::DL_ISA_NS
