// Reads rows of the matrix that gemm.h's Patches describe: a cursor walks the columns of one pixel's row. For
// blocks/gemm/cpu.cpp only. Limit: a register copied a cycle; for runs of a few elements some 5 instructions a run.
#pragma once
#include "blocks/gemm/moves.h"

namespace dl::DL_ISA_NS {

template <class T>
struct Pixel {
  const T* image;  // of this n
  int64_t h, w;    // the pixel's corner, from which dh and dw count
  int64_t left;    // images up to the last that lies side by side with it
};
struct Column {
  int64_t run, at;  // within the run, in elements
};

// `together`: as in GemmArgs.
template <class T>
static DL_INLINE Pixel<T> pixel_at(const Patches& s, const T* data, int64_t i, int64_t together = 1) {
  const int64_t q = i / together % s.q, np = i / together / s.q, p = np % s.p, n = np / s.p + i % together;
  return {data + n * s.stride_n, p * s.step_h, q * s.step_w, together - i % together};
}

template <class T>
static DL_INLINE void next_pixel(const Patches& s, Pixel<T>& x, int64_t together = 1) {
  if (together > 1) {
    x.image += s.stride_n;
    if (--x.left) return;
    x.image -= together * s.stride_n;
    x.left = together;
  }
  x.w += s.step_w;
  if (x.w < s.q * s.step_w) return;
  x.w = 0;
  x.h += s.step_h;
  if (x.h < s.p * s.step_h) return;
  x.h = 0;
  x.image += s.stride_n;  // never reached where all images lie together
}

static DL_INLINE Column column_at(const Patches& s, int64_t j) {
  const int64_t length = s.run_width * s.channels;
  return {j / length, j % length};
}

template <class T>
static DL_INLINE bool is_inside(const Patches& s, const Pixel<T>& x) {
  return x.h + s.dh_min >= 0 && x.h + s.dh_end <= s.h && x.w + s.dw_min >= 0 && x.w + s.dw_end <= s.w;
}

// Elements [from, from + n) of one run; src is the run's start, inside the image or not.
template <class T>
static DL_INLINE void copy_clipped(const Patches& s, int64_t h, int64_t w, const T* src, int64_t from, T* dst,
                                   int64_t n) {
  if (static_cast<uint64_t>(h) >= static_cast<uint64_t>(s.h)) return zero_run(dst, n);
  const int64_t end = from + n;
  int64_t lo = w < 0 ? -w * s.channels : 0, hi = w + s.run_width > s.w ? (s.w - w) * s.channels : end;
  lo = lo < from ? from : lo > end ? end : lo;
  hi = hi > end ? end : hi < lo ? lo : hi;
  if (lo > from) zero_run(dst, lo - from);
  if (hi > lo) copy_run(dst + (lo - from), src + lo, hi - lo);
  if (hi < end) zero_run(dst + (hi - from), end - hi);
}

static DL_INLINE Column advance(const Patches& s, Column from, int64_t n) {
  const int64_t length = s.run_width * s.channels;
  for (from.at += n; from.at >= length; from.at -= length) ++from.run;
  return from;
}

// `n` columns of the pixel's row, all its taps inside the image.
template <class T>
static DL_INLINE void copy_inside(const Patches& s, const Pixel<T>& x, Column from, T* dst, int64_t n) {
  const int64_t length = s.run_width * s.channels;
  const T* pixel = x.image + x.h * s.stride_h + x.w * s.stride_w;
  int64_t len = length - from.at < n ? length - from.at : n;
  copy_run(dst, pixel + s.offset[from.run] + from.at, len);
  for (int64_t run = from.run + 1; len < n; ++run) {
    const int64_t more = n - len < length ? n - len : length;
    copy_run(dst + len, pixel + s.offset[run], more);
    len += more;
  }
}

// `n` columns of any pixel's row.
template <class T>
static DL_INLINE void copy_columns(const Patches& s, const Pixel<T>& x, Column from, T* dst, int64_t n) {
  const int64_t length = s.run_width * s.channels;
  while (n > 0) {
    const int64_t left = length - from.at, len = left < n ? left : n;
    const int64_t h = x.h + s.dh[from.run], w = x.w + s.dw[from.run];
    copy_clipped(s, h, w, x.image + h * s.stride_h + w * s.stride_w, from.at, dst, len);
    dst += len;
    n -= len;
    from = {from.run + 1, 0};
  }
}

}  // namespace dl::DL_ISA_NS
