// Short copies and transposes through registers, and the tile of this file's ISA. For blocks/gemm/cpu.cpp only.
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
  using V = Vec<T>;
  int64_t i = 0;
  for (; i + V::size <= n; i += V::size) V(T(0)).store(dst + i);
  if (i < n) store_n(dst + i, V(T(0)), static_cast<int>(n - i));
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

}  // namespace dl::DL_ISA_NS
