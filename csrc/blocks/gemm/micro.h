// The micro-kernels: R rows × NV registers of C stay in registers over a panel's whole depth. For cpu.cpp only.
// Limit: two multiply-adds a cycle; a step of k loads NV registers of B and broadcasts R elements of A for R·NV of
// them.
#pragma once
#include "blocks/gemm/pack.h"
#include "blocks/gemm/store.h"

namespace dl::DL_ISA_NS {

// Rows of B fetched into L1 before they are used: 8 × 14 cycles cover L2's latency also while the core's second thread
// works for somebody else.
constexpr int kAhead = 8;

// Columns [j, j + n) of C, R rows: a panel of A (row-major or k-major) times kc rows of B, ldb apart.
template <class T, int R, int NV, bool KMajor>
static DL_INLINE void micro(const T* a, const T* b, int64_t ldb, int64_t kc, const Out<T>& o, int64_t j, int n) {
  using V = Vec<T>;
  constexpr int64_t row = KMajor ? 1 : Shape<T>::kPitch, step = KMajor ? Shape<T>::MR : 1;
  V acc[R][NV];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) acc[i][v] = V(T(0));
  if (o.stride == 1) {  // C may lie beyond L2: its lines arrive while the sums are made
#pragma GCC unroll 16
    for (int i = 0; i < R - 1; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) __builtin_prefetch(o.rows[i] + j + v * V::size, 1);
  }
  for (int64_t k = 0; k < kc; ++k) {
    V bv[NV];
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) bv[v] = V::load(b + v * V::size);
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) __builtin_prefetch(b + kAhead * ldb + v * V::size);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const V av(a[i * row]);
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) acc[i][v] = muladd(av, bv[v], acc[i][v]);
    }
    a += step;
    b += ldb;
  }
  if (o.stride == 1) return store_tile<T, R, NV>(acc, o, j, n);
  T tile[R][NV * V::size];
#pragma GCC unroll 16  // an index that is not constant would keep all of acc in memory, in the loop above too
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) acc[i][v].store(&tile[i][v * V::size]);
  scatter_tile(&tile[0][0], NV * V::size, o, j, n);
}

// Panels of B side by side: element (k, column j + c) of panel t is at data + t * panel_stride + k * ldb + c.
template <class T>
struct Panels {
  const T* data;
  int64_t panel_stride, ldb;
};

// One panel of A against columns [j, end) of B.
template <class T, int R, bool KMajor>
static void row_panel(const T* a, const Panels<T>& b, int64_t kc, const Out<T>& o, int64_t j, int64_t end) {
  using S = Shape<T>;
  const T* at = b.data;
  for (; j + S::W < end; j += S::NR, at += b.panel_stride) {
    int n = end - j < S::NR ? static_cast<int>(end - j) : S::NR;
    asm("" : "+r"(n));  // one copy of the loop, not one more for whole panels
    micro<T, R, 2, KMajor>(a, at, b.ldb, kc, o, j, n);
  }
  if (j < end) micro<T, R, 1, KMajor>(a, at, b.ldb, kc, o, j, static_cast<int>(end - j));
}

// Calls row_panel for one row or an even number of them: an odd count's last row is computed and not stored.
template <class T, int R = Shape<T>::MR>
static DL_INLINE void run_panel(bool by_k, const T* a, const Panels<T>& b, int64_t kc, const Out<T>& o, int64_t j,
                                int64_t end) {
  if constexpr (R > 2) {
    if (o.count <= R - 2) return run_panel<T, R - 2>(by_k, a, b, kc, o, j, end);
  } else if constexpr (R == 2) {
    if (o.count == 1) return run_panel<T, 1>(by_k, a, b, kc, o, j, end);
  }
  return by_k ? row_panel<T, R, true>(a, b, kc, o, j, end) : row_panel<T, R, false>(a, b, kc, o, j, end);
}

}  // namespace dl::DL_ISA_NS
