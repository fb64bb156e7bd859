// The micro-kernels: R rows × NV registers of C stay in registers over a panel's whole depth. For cpu.cpp only.
// Limit: two multiply-adds a cycle; a step of k loads NV registers of B and broadcasts R elements of A for R·NV of
// them.
#pragma once
#include "blocks/gemm/pack.h"
#include "blocks/gemm/store.h"

namespace dl::DL_ISA_NS {

// Rows of B fetched into L1 before they are used: 16 × 14 cycles cover L2's latency also while the core's second thread
// works for somebody else (8 were 2 % slower then).
constexpr int kAhead = 16;

// A's R rows: a panel, row-major or k-major, or in place, `pitch` apart; turned: in place, side by side, with `pitch`
// from one k to the next. next() moves on by one k.
enum class AForm { panel, k_major, in_place, turned };
template <class T, int R, AForm Form>
struct RowsOfA {
  static constexpr int64_t kRow = Form == AForm::k_major ? 1 : Shape<T>::kPitch;
  const T* a;
  DL_INLINE RowsOfA(const T* data, int64_t) : a(data) {}
  DL_INLINE const T& element(int i) const { return a[i * kRow]; }
  DL_INLINE void next() { a += Form == AForm::k_major ? Shape<T>::MR : 1; }
};
// A pointer for each three rows: an address adds one or two pitches to it. Of a pointer for each row most would lie in
// memory.
template <class T, int R>
struct RowsOfA<T, R, AForm::in_place> {
  static constexpr int kPointers = (R + 2) / 3;
  const T* a[kPointers];
  int64_t pitch;
  DL_INLINE RowsOfA(const T* data, int64_t p) : pitch(p) {
#pragma GCC unroll 5
    for (int i = 0; i < kPointers; ++i) a[i] = data + 3 * i * pitch;
  }
  DL_INLINE const T& element(int i) const { return a[i / 3][i % 3 * pitch]; }
  DL_INLINE void next() {
#pragma GCC unroll 5
    for (int i = 0; i < kPointers; ++i) {
      ++a[i];
      asm("" : "+r"(a[i]));
    }
  }
};

template <class T, int R>
struct RowsOfA<T, R, AForm::turned> {
  const T* a;
  int64_t pitch;
  DL_INLINE RowsOfA(const T* data, int64_t p) : a(data), pitch(p) {}
  DL_INLINE const T& element(int i) const { return a[i]; }
  DL_INLINE void next() { a += pitch; }
};

// The last register of a row of B. Where AVX-512 reads less than a panel of B in place, nothing lies behind its last
// row.
template <class T, bool Whole>
static DL_INLINE Vec<T> load_last(const T* p, int n) {
#if defined(__AVX512F__)
  if constexpr (!Whole) return load_n(p, n, T(0));
#endif
  (void)n;
  return Vec<T>::load(p);
}

// acc += a * b. from_memory: AVX-512 multiplies by an element in memory as by a register of copies of it: an
// instruction less for a read more. Half of A's rows so balance the two: nothing is gained while a core is ours alone,
// 2 to 6 % while its second thread takes half of the places for instructions.
template <class T, int NV>
static DL_INLINE void add_products(const T& a, const Vec<T> (&b)[NV], Vec<T> (&acc)[NV], bool from_memory) {
#if defined(__AVX512F__)
  if (from_memory) {
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) {
      if constexpr (sizeof(T) == 4)
        asm("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(acc[v].v) : "v"(b[v].v), "m"(a));
      else
        asm("vfmadd231pd %2%{1to8%}, %1, %0" : "+v"(acc[v].v) : "v"(b[v].v), "m"(a));
    }
    return;
  }
#endif
  (void)from_memory;
  const Vec<T> every(a);
#pragma GCC unroll 2
  for (int v = 0; v < NV; ++v) acc[v] = muladd(every, b[v], acc[v]);
}

// Columns [j, j + n) of C, R rows: those of A times kc rows of B, ldb apart. Whole: n fills NV registers.
template <class T, int R, int NV, bool Whole, AForm Form>
static DL_INLINE void micro(RowsOfA<T, R, Form> a, const T* b, int64_t ldb, int64_t kc, const Out<T>& o, int64_t j,
                            int n) {
  using V = Vec<T>;
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
    for (int v = 0; v + 1 < NV; ++v) bv[v] = V::load(b + v * V::size);
    bv[NV - 1] = load_last<T, Whole>(b + (NV - 1) * V::size, n - (NV - 1) * V::size);
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) __builtin_prefetch(b + kAhead * ldb + v * V::size);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) add_products<T, NV>(a.element(i), bv, acc[i], i < R / 2);
    a.next();
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
template <class T, int R, AForm Form>
static void row_panel(const T* a, int64_t pitch, const Panels<T>& b, int64_t kc, const Out<T>& o, int64_t j,
                      int64_t end) {
  using S = Shape<T>;
  const T* at = b.data;
  for (; j + S::NR <= end; j += S::NR, at += b.panel_stride)
    micro<T, R, 2, true, Form>({a, pitch}, at, b.ldb, kc, o, j, S::NR);
  if (j + S::W < end) return micro<T, R, 2, false, Form>({a, pitch}, at, b.ldb, kc, o, j, static_cast<int>(end - j));
  if (j < end) micro<T, R, 1, false, Form>({a, pitch}, at, b.ldb, kc, o, j, static_cast<int>(end - j));
}

// Calls row_panel for one row or an even number of them: an odd count's last row is computed and not stored.
template <class T, int R = Shape<T>::MR>
static DL_INLINE void run_panel(AForm form, const T* a, int64_t pitch, const Panels<T>& b, int64_t kc, const Out<T>& o,
                                int64_t j, int64_t end) {
  if constexpr (R > 2) {
    if (o.count <= R - 2) return run_panel<T, R - 2>(form, a, pitch, b, kc, o, j, end);
  } else if constexpr (R == 2) {
    if (o.count == 1) return run_panel<T, 1>(form, a, pitch, b, kc, o, j, end);
  }
  if (form == AForm::in_place) return row_panel<T, R, AForm::in_place>(a, pitch, b, kc, o, j, end);
  if (form == AForm::k_major) return row_panel<T, R, AForm::k_major>(a, pitch, b, kc, o, j, end);
  row_panel<T, R, AForm::panel>(a, pitch, b, kc, o, j, end);
}

}  // namespace dl::DL_ISA_NS
