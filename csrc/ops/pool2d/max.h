// Max pooling's loops. Channels last: a 3 × 3 window spends some 6 vector operations a tap, below the time of its
// memory.
#pragma once
#include "ops/pool2d/lanes.h"

namespace dl::DL_ISA_NS {

template <class T, class I>
struct MaxPixel {
  const PoolArgs& a;
  const PoolWindow &h, &w;
  const T* x;  // the image
  T* y;        // the pixel
  I* taps;

  template <int K, bool kFull>
  DL_INLINE void run(int64_t c, int n) const {
    using V = Vec<T>;
    const bool none = h.first >= h.last || w.first >= w.last;
    const int64_t start = none ? a.h.taps * a.w.taps : h.first * a.w.taps + w.first;
    V best[K];
    Vec<Int<T>> at[K];
    for (int k = 0; k < K; ++k) {
      best[k] = V(T(-__builtin_inf()));
      at[k] = Vec<Int<T>>(static_cast<Int<T>>(start));
    }
    for (int64_t r = h.first; r < h.last; ++r) {
      const int64_t row = (h.start + r * a.h.dilation) * a.w.in + w.start;
      for (int64_t s = w.first; s < w.last; ++s) {
        const T* p = x + (row + s * a.w.dilation) * a.channels + c;
        const Vec<Int<T>> tap(static_cast<Int<T>>(r * a.w.taps + s));
        for (int k = 0; k < K; ++k) {
          const V v = load<kFull>(p + k * V::size, n);
          const auto wins = (v > best[k]) | (v != v);
          best[k] = select(wins, v, best[k]);
          if constexpr (!__is_same(I, void)) at[k] = wins.m ? tap.v : at[k].v;
        }
      }
    }
    for (int k = 0; k < K; ++k) {
      store<kFull>(y + c + k * V::size, best[k], n);
      if constexpr (!__is_same(I, void)) store_taps<T>(taps + c + k * V::size, at[k], kFull ? V::size : n);
    }
  }
};

template <class T, class I>
static void max_rows(const PoolArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const T* x = static_cast<const T*>(a.x) + row / a.h.out * a.h.in * a.w.in * a.channels;
    for (int64_t q = 0; q < a.w.out; ++q) {
      const int64_t at = (row * a.w.out + q) * a.channels;
      I* taps = static_cast<I*>(a.taps);
      if constexpr (!__is_same(I, void)) taps += at;
      const MaxPixel<T, I> pixel{a, a.h.windows[row % a.h.out], a.w.windows[q], x, static_cast<T*>(a.y) + at, taps};
      each_block<T>(a.channels, pixel);
    }
  }
}

// One tap of `n` neighbouring windows, `step` apart (0: known at run time): a loop the compiler turns into vectors.
template <class T, int kStep>
static DL_INLINE void max_tap(const T* x, int64_t step, int64_t n, Int<T> tap, T* best, Int<T>* at) {
  if constexpr (kStep != 0) step = kStep;
  for (int64_t j = 0; j < n; ++j) {
    const T v = x[j * step];
    const bool wins = (v > best[j]) | (v != v);
    best[j] = wins ? v : best[j];
    at[j] = wins ? tap : at[j];
  }
}

template <class T, class I, int kStep>
static void max_planes(const PoolArgs& a, int64_t begin, int64_t end, int64_t step) {
  constexpr int64_t kBlock = 64;  // windows at once: their values and taps stay in L1
  const PoolWindow* windows = a.w.windows;
  for (int64_t row = begin * a.h.out; row < end * a.h.out; ++row) {
    const T* x = static_cast<const T*>(a.x) + row / a.h.out * a.h.in * a.w.in;
    const PoolWindow& h = a.h.windows[row % a.h.out];
    for (int64_t q = 0; q < a.w.out; q += kBlock) {
      const int64_t n = a.w.out - q < kBlock ? a.w.out - q : kBlock;
      T best[kBlock];
      Int<T> at[kBlock];
      for (int64_t j = 0; j < n; ++j) {
        const bool none = h.first >= h.last || windows[q + j].first >= windows[q + j].last;
        best[j] = T(-__builtin_inf());
        at[j] = static_cast<Int<T>>(none ? a.h.taps * a.w.taps : h.first * a.w.taps + windows[q + j].first);
      }
      for (int64_t r = h.first; r < h.last; ++r)
        for (int64_t s = 0; s < a.w.taps; ++s) {
          int64_t from = 0, to = n;  // the windows whose tap s is inside
          while (from < to && s < windows[q + from].first) ++from;
          while (from < to && s >= windows[q + to - 1].last) --to;
          if (from == to) continue;
          const int64_t first = windows[q + from].start + s * a.w.dilation;
          max_tap<T, kStep>(x + (h.start + r * a.h.dilation) * a.w.in + first, step, to - from,
                            static_cast<Int<T>>(r * a.w.taps + s), best + from, at + from);
        }
      for (int64_t j = 0; j < n; ++j) static_cast<T*>(a.y)[row * a.w.out + q + j] = best[j];
      if constexpr (!__is_same(I, void))
        for (int64_t j = 0; j < n; ++j) static_cast<I*>(a.taps)[row * a.w.out + q + j] = static_cast<I>(at[j]);
    }
  }
}

// Where a window of a plane has its largest element, as row * step + column: the first of equal ones, the last NaN. The
// value is found in vectors along wide rows, then its place.
template <class T>
static int64_t max_place(const T* x, int64_t rows, int64_t step, int64_t n) {
  using V = Vec<T>;
  V top(T(-__builtin_inf()));
  T best = T(-__builtin_inf());
  for (int64_t r = 0; r < rows; ++r) {
    int64_t i = 0;
    for (; i + V::size <= n; i += V::size) top = maximum(V::load(x + r * step + i), top);
    for (; i < n; ++i) best = (x[r * step + i] > best) | (x[r * step + i] != x[r * step + i]) ? x[r * step + i] : best;
  }
  const T wide = max_lanes(top);
  if (wide > best || wide != wide) best = wide;
  if (best != best) {
    for (int64_t r = rows - 1;; --r)
      for (int64_t i = n - 1; i >= 0; --i)
        if (x[r * step + i] != x[r * step + i]) return r * step + i;
  }
  for (int64_t r = 0;; ++r)
    for (int64_t i = 0; i < n; ++i)
      if (x[r * step + i] == best) return r * step + i;
}

// Planes whose windows differ: adaptive ones, which are never empty.
template <class T, class I>
static void max_windows(const PoolArgs& a, int64_t begin, int64_t end) {
  int64_t at = begin * a.h.out * a.w.out;
  for (int64_t plane = begin; plane < end; ++plane) {
    const T* x = static_cast<const T*>(a.x) + plane * a.h.in * a.w.in;
    for (int64_t p = 0; p < a.h.out; ++p)
      for (int64_t q = 0; q < a.w.out; ++q, ++at) {
        const PoolWindow &h = a.h.windows[p], &w = a.w.windows[q];
        const T* from = x + h.start * a.w.in + w.start;
        const int64_t place = max_place(from, h.last, a.w.in, w.last);
        static_cast<T*>(a.y)[at] = from[place];
        if constexpr (!__is_same(I, void))
          static_cast<I*>(a.taps)[at] = static_cast<I>(place / a.w.in * a.w.taps + place % a.w.in);
      }
  }
}

template <class T, class I>
struct MaxGradPixel {
  const PoolArgs& a;
  Covers h, w;
  const T* g;  // the image's
  const I* taps;
  T* dx;  // the pixel's

  template <int K, bool kFull>
  DL_INLINE void run(int64_t c, int n) const {
    using V = Vec<T>;
    V sum[K];
    for (int k = 0; k < K; ++k) sum[k] = V(T(0));
    for (const PoolCover* p = h.begin; p < h.end; ++p)
      for (const PoolCover* q = w.begin; q < w.end; ++q) {
        const int64_t at = (p->out * a.w.out + q->out) * a.channels + c;
        const Vec<Int<T>> tap(static_cast<Int<T>>(p->tap * a.w.taps + q->tap));
        for (int k = 0; k < K; ++k) {
          const auto chosen = load_taps<T>(taps + at + k * V::size, kFull ? V::size : n) == tap;
          const V v = load<kFull>(g + at + k * V::size, n);
          sum[k] = sum[k] + (chosen.m ? v.v : V(T(0)).v);
        }
      }
    for (int k = 0; k < K; ++k) store<kFull>(dx + c + k * V::size, sum[k], n);
  }
};

template <class T, class I>
static void max_grad_rows(const PoolArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / a.h.in * a.h.out * a.w.out * a.channels;
    for (int64_t i = 0; i < a.w.in; ++i) {
      const MaxGradPixel<T, I> pixel{a,
                                     covers_of(a.h, row % a.h.in),
                                     covers_of(a.w, i),
                                     static_cast<const T*>(a.x) + image,
                                     static_cast<const I*>(a.taps) + image,
                                     static_cast<T*>(a.y) + (row * a.w.in + i) * a.channels};
      each_block<T>(a.channels, pixel);
    }
  }
}

// A plane belongs to one thread, so adding along the outputs is as fixed an order as gathering along the inputs.
template <class T, class I>
static void max_grad_planes(const PoolArgs& a, int64_t begin, int64_t end) {
  const int64_t size = a.h.in * a.w.in;
  for (int64_t plane = begin; plane < end; ++plane) {
    T* dx = static_cast<T*>(a.y) + plane * size;
    for (int64_t i = 0; i < size; ++i) dx[i] = T(0);
    int64_t i = plane * a.h.out * a.w.out;
    for (int64_t p = 0; p < a.h.out; ++p)
      for (int64_t q = 0; q < a.w.out; ++q, ++i) {
        const uint32_t tap = static_cast<uint32_t>(static_cast<const I*>(a.taps)[i]);
        const uint32_t columns = static_cast<uint32_t>(a.w.taps);
        const int64_t r = tap / columns, s = tap % columns;
        if (r == a.h.taps) continue;
        const int64_t h = a.h.windows[p].start + r * a.h.dilation, w = a.w.windows[q].start + s * a.w.dilation;
        dx[h * a.w.in + w] += static_cast<const T*>(a.x)[i];
      }
  }
}

}  // namespace dl::DL_ISA_NS
