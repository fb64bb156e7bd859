// Copies operands into the panels that the micro-kernels read. For blocks/gemm/cpu.cpp only.
//   A panel, up to MR rows: row-major [MR][kPitch], or k-major [kc][MR] where A is contiguous along m.
//   B panel, NR columns: [k][NR], zero beyond the last column.
// Limit: the loads of the source; a copy moves a register a cycle, a transpose of W×W takes W log2 W shuffles.
#pragma once
#include "blocks/gemm/gemm.h"
#include "blocks/gemm/tiles.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

template <class T>
struct Shape {
  static constexpr Tile tile = kTiles[static_cast<int>(Isa::DL_ISA_NS)][sizeof(T) == 8];
  static constexpr int MR = tile.mr, W = tile.lanes, NR = kTileVectors * W;
  static constexpr int64_t KC = tile.kc, kPitch = tile.kc + kPanelPad;
  static_assert(W == Vec<T>::size);
};

template <class T>
static DL_INLINE void copy_short(T* dst, const T* src, int64_t n) {  // n < W
#if defined(__AVX512F__)
  store_n(dst, load_n(src, static_cast<int>(n), T(0)), static_cast<int>(n));
#else
  for (int64_t i = 0; i < n; ++i) {
    dst[i] = src[i];
    asm("" ::: "memory");  // keeps the loop from becoming a call of memcpy, dearer than the few elements
  }
#endif
}

template <class T>
static DL_INLINE void copy_run(T* dst, const T* src, int64_t n) {
  using V = Vec<T>;
  if (n < V::size) return copy_short(dst, src, n);
  for (int64_t i = 0; i + V::size < n; i += V::size) V::load(src + i).store(dst + i);
  V::load(src + n - V::size).store(dst + n - V::size);  // the last register overlaps the one before
}

template <class T>
static DL_INLINE void zero_run(T* dst, int64_t n) {
  __builtin_memset(dst, 0, static_cast<size_t>(n) * sizeof(T));
}

#define DL_INTERLEAVE(LANES, LOW, HIGH) \
  template <class V> \
  static DL_INLINE void interleave##LANES(V& a, V& b) { \
    const V low = __builtin_shufflevector(a.v, b.v, LOW), high = __builtin_shufflevector(a.v, b.v, HIGH); \
    a = low; \
    b = high; \
  }
#define DL_LIST(...) __VA_ARGS__
DL_INTERLEAVE(2, DL_LIST(0, 2), DL_LIST(1, 3))
DL_INTERLEAVE(4, DL_LIST(0, 4, 1, 5), DL_LIST(2, 6, 3, 7))
DL_INTERLEAVE(8, DL_LIST(0, 8, 1, 9, 2, 10, 3, 11), DL_LIST(4, 12, 5, 13, 6, 14, 7, 15))
DL_INTERLEAVE(16, DL_LIST(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
              DL_LIST(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31))
#undef DL_LIST
#undef DL_INTERLEAVE

// r[i][j] becomes r[j][i]: log2 W rounds, each of which interleaves row i with row i + W/2.
template <class T>
static DL_INLINE void transpose(Vec<T> (&r)[Vec<T>::size]) {
  constexpr int W = Vec<T>::size;
#pragma GCC unroll 4
  for (int round = 1; round < W; round *= 2) {
    Vec<T> t[W];
#pragma GCC unroll 8
    for (int i = 0; i < W / 2; ++i) {
      t[2 * i] = r[i];
      t[2 * i + 1] = r[i + W / 2];
      if constexpr (W == 2) interleave2(t[2 * i], t[2 * i + 1]);
      if constexpr (W == 4) interleave4(t[2 * i], t[2 * i + 1]);
      if constexpr (W == 8) interleave8(t[2 * i], t[2 * i + 1]);
      if constexpr (W == 16) interleave16(t[2 * i], t[2 * i + 1]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) r[i] = t[i];
  }
}

// Where element k of an operand's row lies, for all but patches.
static DL_INLINE int64_t k_offset(const GemmOperand& o, int64_t k) {
  if (!o.tap_offset) return k * o.k_stride;
  return o.tap_offset[k / o.tap_channels] + k % o.tap_channels * o.k_stride;
}

// ---- Patches: a cursor walks the columns of one pixel's row.
template <class T>
struct Pixel {
  const T* image;  // of this n
  int64_t h, w;    // the pixel's corner, from which dh and dw count
};
struct Column {
  int64_t run, at;  // within the run, in elements
};

template <class T>
static DL_INLINE Pixel<T> pixel_at(const Patches& s, const T* data, int64_t i) {
  const int64_t q = i % s.q, np = i / s.q, p = np % s.p, n = np / s.p;
  return {data + n * s.stride_n, p * s.step_h, q * s.step_w};
}

template <class T>
static DL_INLINE void next_pixel(const Patches& s, Pixel<T>& x) {
  x.w += s.step_w;
  if (x.w < s.q * s.step_w) return;
  x.w = 0;
  x.h += s.step_h;
  if (x.h < s.p * s.step_h) return;
  x.h = 0;
  x.image += s.stride_n;
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

// The next `n` columns of the pixel's row.
template <class T>
static DL_INLINE void copy_columns(const Patches& s, const Pixel<T>& x, bool inside, Column& from, T* dst, int64_t n) {
  const int64_t length = s.run_width * s.channels;
  while (n > 0) {
    const int64_t left = length - from.at, len = left < n ? left : n;
    const int64_t h = x.h + s.dh[from.run], w = x.w + s.dw[from.run];
    const T* src = x.image + h * s.stride_h + w * s.stride_w;
    if (inside)
      copy_run(dst, src + from.at, len);
    else
      copy_clipped(s, h, w, src, from.at, dst, len);
    dst += len;
    n -= len;
    from.at += len;
    if (from.at == length) from = {from.run + 1, 0};
  }
}

// ---- A
template <class T>
static DL_INLINE bool k_major(const GemmOperand& a) {
  return !a.patches && !a.tap_offset && a.stride == 1 && a.k_stride != 1;
}

template <class T>
static void pack_a(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, int64_t m, T* panel) {
  using S = Shape<T>;
  const T* data = static_cast<const T*>(a.data);
  if (rows & 1 && rows > 1) {  // the row beyond, which the next even kernel reads
    const int64_t row = k_major<T>(a) ? 1 : S::kPitch, step = k_major<T>(a) ? S::MR : 1;
    for (int64_t k = 0; k < kc; ++k) panel[rows * row + k * step] = T(0);
  }
  if (a.patches) {
    Pixel<T> x = pixel_at(*a.patches, data, i0);
    const Column start = column_at(*a.patches, k0);
    for (int i = 0; i < rows; ++i) {
      Column from = start;
      copy_columns(*a.patches, x, is_inside(*a.patches, x), from, panel + i * S::kPitch, kc);
      next_pixel(*a.patches, x);
    }
  } else if (k_major<T>(a)) {
    const T* src = data + i0 + k0 * a.k_stride;
    if (S::MR <= S::W && i0 + S::W <= m) {  // whole registers: what is too much is overwritten by the next k
      for (int64_t k = 0; k < kc; ++k) Vec<T>::load(src + k * a.k_stride).store(panel + k * S::MR);
    } else {
      for (int64_t k = 0; k < kc; ++k) copy_run(panel + k * S::MR, src + k * a.k_stride, rows);
    }
  } else if (!a.tap_offset && a.k_stride == 1) {
    for (int i = 0; i < rows; ++i) copy_run(panel + i * S::kPitch, data + (i0 + i) * a.stride + k0, kc);
  } else {
    for (int64_t k = 0; k < kc; ++k) {
      const T* src = data + i0 * a.stride + k_offset(a, k0 + k);
      for (int i = 0; i < rows; ++i) panel[i * S::kPitch + k] = src[i * a.stride];
    }
  }
}

// All panels of a k-major tile: panel t holds rows [row[t], row[t + 1]).
template <class T>
static constexpr int64_t kBlockPitch = Shape<T>::MR * Shape<T>::KC + Shape<T>::W;  // a last register may reach beyond

template <class T>
static void pack_a_block(const GemmOperand& a, const int64_t* row, int64_t panels, int64_t k0, int64_t kc, T* block) {
  using S = Shape<T>;
  for (int64_t k = 0; k < kc; ++k) {
    const T* src = static_cast<const T*>(a.data) + (k0 + k) * a.k_stride;
    T* dst = block + k * S::MR;
    for (int64_t t = 0; t < panels; ++t, dst += kBlockPitch<T>) {
      const int64_t rows = row[t + 1] - row[t];
      copy_run(dst, src + row[t], rows);
      if (rows & 1) dst[rows] = T(0);
    }
  }
}

// ---- B
// Columns [j, j + n) of rows [k, k + W) through registers, where B is contiguous along k.
template <class T>
static DL_INLINE void pack_transposed(const T* src, int64_t stride, int n, int64_t kn, T* dst) {
  constexpr int W = Shape<T>::W;
  Vec<T> r[W];
  if (n == W && kn >= W) {
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) r[i] = Vec<T>::load(src + i * stride);
  } else {
    for (int i = 0; i < W; ++i)
      r[i] = i >= n ? Vec<T>(T(0)) : kn >= W ? Vec<T>::load(src + i * stride) : load_n(src + i * stride, kn, T(0));
  }
  transpose<T>(r);
  for (int k = 0; k < W && k < kn; ++k) r[k].store(dst + k * Shape<T>::NR);
}

// One panel of n <= NR columns from column j, all of k, to [k][NR].
template <class T>
static void pack_b_panel(const GemmOperand& b, int64_t j, int n, int64_t k_size, T* panel) {
  using S = Shape<T>;
  const T* src = static_cast<const T*>(b.data) + j * b.stride;
  if (b.stride == 1) {
    for (int64_t k = 0; k < k_size; ++k) {
      T* dst = panel + k * S::NR;
      copy_run(dst, src + k_offset(b, k), n);
      if (n < S::NR) zero_run(dst + n, S::NR - n);
    }
  } else if (b.k_stride == 1 && !b.tap_offset) {
    for (int64_t k = 0; k < k_size; k += S::W)
      for (int i = 0; i < S::NR; i += S::W)
        pack_transposed(src + i * b.stride + k, b.stride, n - i < S::W ? n - i : S::W, k_size - k,
                        panel + k * S::NR + i);
  } else {
    for (int64_t k = 0; k < k_size; ++k) {
      T* dst = panel + k * S::NR;
      const T* at = src + k_offset(b, k);
      for (int i = 0; i < S::NR; ++i) dst[i] = i < n ? at[i * b.stride] : T(0);
    }
  }
}

// Rows (pixels) [k0, k0 + kc) × columns [n0, n1) of B's patches, as panels of [kc][NR].
template <class T>
static void pack_b_patches(const GemmOperand& b, int64_t k0, int64_t kc, int64_t n0, int64_t n1, T* block) {
  using S = Shape<T>;
  Pixel<T> x = pixel_at(*b.patches, static_cast<const T*>(b.data), k0);
  const Column start = column_at(*b.patches, n0);
  for (int64_t k = 0; k < kc; ++k) {
    Column from = start;
    const bool inside = is_inside(*b.patches, x);
    T* dst = block + k * S::NR;
    for (int64_t j = n0; j < n1; j += S::NR, dst += kc * S::NR) {
      const int64_t n = n1 - j < S::NR ? n1 - j : S::NR;
      copy_columns(*b.patches, x, inside, from, dst, n);
      if (n < S::NR) zero_run(dst + n, S::NR - n);
    }
    next_pixel(*b.patches, x);
  }
}

}  // namespace dl::DL_ISA_NS
