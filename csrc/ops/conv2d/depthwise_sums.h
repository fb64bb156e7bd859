// Convolutions of one channel a group, vectorised over the channels; for cpu.cpp only. Called by depthwise.cpp on a
// range of rows or chunks.
//   y[n,p,q,c] = b[c] + sum over the taps inside the image of x[…,c] w[r,s,c]; dx and dw likewise
// Limit: the bytes of the images; behind it one load for each multiply-add.
#pragma once
#include "ops/conv2d/depthwise_rows.h"
#include "simd/relu.h"
#include "simd/stream.h"

namespace dl::DL_ISA_NS {

// P pixels side by side in registers: a weight is loaded once for all of them.
template <class T, int P>
static DL_INLINE void sum_pixels(const RowOf<T>& r, const T* x, Span columns, T* y) {
  using V = Vec<T>;
  each_vector<T>(r.channels, [&](int64_t c, int lanes, auto part) __attribute__((always_inline)) {
    constexpr bool kPart = decltype(part)::value;
    V acc[P];
#pragma GCC unroll 8
    for (int i = 0; i < P; ++i) acc[i] = r.bias ? load_lanes<T, kPart>(r.bias + c, lanes) : V(T(0));
#pragma GCC unroll 8
    for (int i = 0; i < P; ++i) {  // memory works ahead of the sums: 0.92 ms for 28² of 64 × 32, without 1.25
      if (!r.past_caches) __builtin_prefetch(y + i * r.channels + c, 1);
      __builtin_prefetch(x + r.next_row + i * r.step + c);
    }
    for (int64_t i = r.rows.begin; i < r.rows.end; ++i)
      for (int64_t j = columns.begin; j < columns.end; ++j) {
        const T* at = x + i * r.row + j * r.column + c;
        const V w = load_lanes<T, kPart>(r.taps + (i * r.width + j) * r.channels + c, lanes);
#pragma GCC unroll 8
        for (int k = 0; k < P; ++k) acc[k] = muladd(load_lanes<T, kPart>(at + k * r.step, lanes), w, acc[k]);
      }
#pragma GCC unroll 8
    for (int i = 0; i < P; ++i) {
      T* to = y + i * r.channels + c;
      if (r.relu) acc[i] = relu_of<T>(acc[i]);
      if (kPart)
        store_n(to, acc[i], lanes);
      else if (r.past_caches)
        stream(to, acc[i]);
      else
        acc[i].store(to);
    }
  });
}

// A row of `count` pixels. The last block of whole ones may overlap the one before, whose sums it repeats.
template <class T>
static void sum_row(const RowOf<T>& r, const Reading& columns, int64_t count, T* y) {
  const Span whole = columns.whole(count), all{0, columns.taps};
  const auto edge = [&](int64_t q) { sum_pixels<T, 1>(r, r.x + q * r.step, columns.inside(q), y + q * r.channels); };
  for (int64_t q = 0; q < whole.begin; ++q) edge(q);
  for (int64_t q = whole.begin; q < whole.end;) {
    const int64_t size = whole.end - whole.begin, left = whole.end - q;
    const int block = left > 4 && size >= 8 ? 8 : size >= 4 ? 4 : 1;
    const int64_t at = left < block ? whole.end - block : q;
    const T* x = r.x + at * r.step;
    T* to = y + at * r.channels;
    if (block == 8)
      sum_pixels<T, 8>(r, x, all, to);
    else if (block == 4)
      sum_pixels<T, 4>(r, x, all, to);
    else
      sum_pixels<T, 1>(r, x, all, to);
    q = at + block;
  }
  for (int64_t q = whole.end; q < count; ++q) edge(q);
}

template <class T>
static void depthwise_fwd(const DepthwiseArgs& a, int64_t begin, int64_t end) {
  const ConvShape& s = a.shape;
  const Reading rows{s.stride_h, -s.top, s.dilation_h, s.r, s.h}, columns{s.stride_w, -s.left, s.dilation_w, s.s, s.w};
  for (int64_t row = begin; row < end; ++row)
    sum_row(row_of_y<T>(a, rows, row / s.p, row % s.p), columns, s.q, static_cast<T*>(a.out) + row * s.q * s.c);
  if (a.past_caches) stream_end();
}

// Input row h is read by output row p through tap i when p * stride = h + pad - i * dilation.
static DL_INLINE int64_t reader(int64_t at, int64_t stride, int64_t size) {  // -1: none
  return at >= 0 && at % stride == 0 && at / stride < size ? at / stride : -1;
}

// One row of dx behind a convolution that steps over pixels.
template <class T>
static void stepped_row(const DepthwiseArgs& a, int64_t row) {
  const ConvShape& s = a.shape;
  const T* taps = static_cast<const T*>(a.taps);
  const int64_t n = row / s.h, h = row % s.h;
  for (int64_t w = 0; w < s.w; ++w) {
    T* dx = static_cast<T*>(a.out) + (row * s.w + w) * s.c;
    each_vector<T>(s.c, [&](int64_t c, int lanes, auto part) __attribute__((always_inline)) {
      constexpr bool kPart = decltype(part)::value;
      Vec<T> acc(T(0));
      for (int64_t i = 0; i < s.r; ++i) {
        const int64_t p = reader(h + s.top - i * s.dilation_h, s.stride_h, s.p);
        if (p < 0) continue;
        for (int64_t j = 0; j < s.s; ++j) {
          const int64_t q = reader(w + s.left - j * s.dilation_w, s.stride_w, s.q);
          if (q < 0) continue;
          const T* g = static_cast<const T*>(a.g) + ((n * s.p + p) * s.q + q) * s.c + c;
          acc =
              muladd(load_lanes<T, kPart>(g, lanes), load_lanes<T, kPart>(taps + (i * s.s + j) * s.c + c, lanes), acc);
        }
      }
      store_part(dx + c, acc, lanes);
    });
  }
}

template <class T>
static void depthwise_bwd_x(const DepthwiseArgs& a, int64_t begin, int64_t end) {
  const ConvShape& s = a.shape;
  if (s.stride_h != 1 || s.stride_w != 1) {
    for (int64_t row = begin; row < end; ++row) stepped_row<T>(a, row);
    return;
  }
  const Reading rows{1, s.top, -s.dilation_h, s.r, s.p}, columns{1, s.left, -s.dilation_w, s.s, s.q};
  for (int64_t row = begin; row < end; ++row) {
    const int64_t n = row / s.h, h = row % s.h;
    const T* g = static_cast<const T*>(a.g) + ((n * s.p + h + s.top) * s.q + s.left) * s.c;
    const RowOf<T> r{g,
                     static_cast<const T*>(a.taps),
                     nullptr,
                     s.c,
                     s.s,
                     -s.dilation_h * s.q * s.c,
                     -s.dilation_w * s.c,
                     s.c,
                     0,
                     s.q * s.c,
                     rows.inside(h),
                     a.past_caches,
                     false};
    sum_row(r, columns, s.w, static_cast<T*>(a.out) + row * s.w * s.c);
  }
  if (a.past_caches) stream_end();
}

// Adds pixels of a row to the sums of N taps, from tap `first` on. `sum`, `g` and `x` are at the first channel, g and x
// at the first pixel.
template <class T, int N, bool Part>
static DL_INLINE void add_taps(const RowOf<T>& r, const T* g, const T* x, int64_t pixels, int64_t first, int lanes,
                               T* sum) {
  using V = Vec<T>;
  V acc[N];
  const T* at[N];
  const T *next_g = g + r.next_g, *next_x = x + r.next_row;
  int64_t i = first / r.width, j = first % r.width;
  sum += first * r.channels;
#pragma GCC unroll 9
  for (int t = 0; t < N; ++t) {
    acc[t] = load_lanes<T, Part>(sum + t * r.channels, lanes);
    at[t] = x + i * r.row + j * r.column;
    if (++j == r.width) {
      j = 0;
      ++i;
    }
  }
  for (int64_t q = 0, step = 0; q < pixels; ++q, step += r.step, g += r.channels, next_g += r.channels) {
    const V gv = load_lanes<T, Part>(g, lanes);
    __builtin_prefetch(next_g);
    __builtin_prefetch(next_x + step);
#pragma GCC unroll 9
    for (int t = 0; t < N; ++t) acc[t] = muladd(gv, load_lanes<T, Part>(at[t] + step, lanes), acc[t]);
  }
#pragma GCC unroll 9
  for (int t = 0; t < N; ++t) store_lanes<T, Part>(sum + t * r.channels, acc[t], lanes);
}

// Adds one pixel to the sums of its taps inside the image.
template <class T, bool Part>
static DL_INLINE void add_edge(const RowOf<T>& r, const T* g, const T* x, Span columns, int lanes, T* sum) {
  const Vec<T> gv = load_lanes<T, Part>(g, lanes);
  for (int64_t i = r.rows.begin; i < r.rows.end; ++i)
    for (int64_t j = columns.begin; j < columns.end; ++j) {
      T* to = sum + (i * r.width + j) * r.channels;
      const Vec<T> xv = load_lanes<T, Part>(x + i * r.row + j * r.column, lanes);
      store_lanes<T, Part>(to, muladd(gv, xv, load_lanes<T, Part>(to, lanes)), lanes);
    }
}

// Adds a row of y to the sums of all taps.
template <class T>
static void add_row(const RowOf<T>& r, const Reading& columns, Span whole, int64_t count, const T* g, T* sum) {
  const int64_t end = r.rows.end * r.width;
  each_vector<T>(r.channels, [&](int64_t c, int lanes, auto part) __attribute__((always_inline)) {
    constexpr bool kPart = decltype(part)::value;
    const auto edge = [&](int64_t q) __attribute__((always_inline)) {
      add_edge<T, kPart>(r, g + q * r.channels + c, r.x + q * r.step + c, columns.inside(q), lanes, sum + c);
    };
    for (int64_t q = 0; q < whole.begin; ++q) edge(q);
    for (int64_t q = whole.end; q < count; ++q) edge(q);
    const T *from_g = g + whole.begin * r.channels + c, *from_x = r.x + whole.begin * r.step + c;
    const int64_t pixels = whole.end - whole.begin;
    for (int64_t t = r.rows.begin * r.width; t < end;) {
      if (end - t >= 9) {
        add_taps<T, 9, kPart>(r, from_g, from_x, pixels, t, lanes, sum + c);
        t += 9;
      } else if (end - t >= 3) {
        add_taps<T, 3, kPart>(r, from_g, from_x, pixels, t, lanes, sum + c);
        t += 3;
      } else {
        add_taps<T, 1, kPart>(r, from_g, from_x, pixels, t, lanes, sum + c);
        t += 1;
      }
    }
  });
}

template <class T>
static void depthwise_bwd_w(const DepthwiseArgs& a, int64_t begin, int64_t end) {
  const ConvShape& s = a.shape;
  const Reading rows{s.stride_h, -s.top, s.dilation_h, s.r, s.h}, columns{s.stride_w, -s.left, s.dilation_w, s.s, s.w};
  const Span whole = columns.whole(s.q);
  const int64_t all = s.n * s.p;
  for (int64_t chunk = begin; chunk < end; ++chunk) {
    const int64_t first = chunk * a.chunk_rows, stop = first + a.chunk_rows < all ? first + a.chunk_rows : all;
    T* sum = static_cast<T*>(a.out) + chunk * s.r * s.s * s.c;
    __builtin_memset(sum, 0, static_cast<size_t>(s.r * s.s * s.c) * sizeof(T));
    for (int64_t row = first; row < stop; ++row)
      add_row(row_of_y<T>(a, rows, row / s.p, row % s.p), columns, whole, s.q,
              static_cast<const T*>(a.g) + row * s.q * s.c, sum);
  }
}

}  // namespace dl::DL_ISA_NS
