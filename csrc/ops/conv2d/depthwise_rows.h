// Where a row of pixels of a depthwise convolution, or of its gradients, reads; and its channels as vectors. For
// cpu.cpp only.
#pragma once
#include "ops/conv2d/conv2d.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

struct Span {
  int64_t begin, end;
};
// Along one dimension, pixel i of the result reads pixel i * step + at + tap * distance of an image of `size`.
struct Reading {
  int64_t step, at, distance, taps, size;

  DL_INLINE bool outside(int64_t i, int64_t tap) const {
    const int64_t pixel = i * step + at + tap * distance;
    return pixel < 0 || pixel >= size;
  }
  DL_INLINE Span inside(int64_t i) const {
    Span s{0, taps};
    while (s.begin < s.end && outside(i, s.begin)) ++s.begin;
    while (s.end > s.begin && outside(i, s.end - 1)) --s.end;
    return s;
  }
  // The pixels, of `count`, that read with all their taps.
  DL_INLINE Span whole(int64_t count) const {
    Span s{0, count};
    while (s.begin < s.end && (outside(s.begin, 0) || outside(s.begin, taps - 1))) ++s.begin;
    while (s.end > s.begin && (outside(s.end - 1, 0) || outside(s.end - 1, taps - 1))) --s.end;
    return s;
  }
};

template <class T, bool Part>
static DL_INLINE Vec<T> load_lanes(const T* p, int n) {
  return Part ? load_n(p, n, T(0)) : Vec<T>::load(p);
}
template <class T, bool Part>
static DL_INLINE void store_lanes(T* p, Vec<T> x, int n) {
  if (Part)
    store_n(p, x, n);
  else
    x.store(p);
}

// f(channel, lanes, Flag: whether those are fewer than a register's) for each vector of channels.
template <bool B>
struct Flag {
  static constexpr bool value = B;
};
template <class T, class F>
static DL_INLINE void each_vector(int64_t channels, const F& f) {
  constexpr int64_t size = Vec<T>::size;
  int64_t c = 0;
  for (; c + size <= channels; c += size) f(c, static_cast<int>(size), Flag<false>{});
  if (c < channels) f(c, static_cast<int>(channels - c), Flag<true>{});
}

// What the pixels of a row share: its taps inside the image, and distances in elements.
template <class T>
struct RowOf {
  const T *x, *taps, *bias;   // x: of the row's first pixel's first tap
  int64_t channels, width;    // of the kernel
  int64_t row, column, step;  // between taps of a column, of a row; between pixels
  int64_t next_g;             // dw: from a row of g to the next
  int64_t next_row;           // from the first tap to a row that only the next row of pixels reads
  Span rows;                  // of its taps that are inside the image
  bool past_caches, relu;
};

// Row p of y of image n; its taps read x.
template <class T>
static DL_INLINE RowOf<T> row_of_y(const DepthwiseArgs& a, const Reading& rows, int64_t n, int64_t p) {
  const ConvShape& s = a.shape;
  const int64_t row = a.x_stride[1], column = a.x_stride[2];
  return {static_cast<const T*>(a.x) + n * a.x_stride[0] + (p * s.stride_h - s.top) * row - s.left * column,
          static_cast<const T*>(a.taps),
          static_cast<const T*>(a.bias),
          s.c,
          s.s,
          s.dilation_h * row,
          s.dilation_w * column,
          s.stride_w * column,
          s.q * s.c,
          ((s.r - 1) * s.dilation_h + s.stride_h) * row,
          rows.inside(p),
          a.past_caches,
          a.relu};
}

}  // namespace dl::DL_ISA_NS
