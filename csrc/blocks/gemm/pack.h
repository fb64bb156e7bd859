// Copies operands into the panels that the micro-kernels read. For blocks/gemm/cpu.cpp only.
//   A panel, up to MR rows: row-major [MR][kPitch], or k-major [kc][MR] where A is contiguous along m.
//   B panel, NR columns: [k][NR], zero beyond the last column.
// Limit: the loads of the source; a copy moves a register a cycle, a transpose of W×W takes W log2 W shuffles.
#pragma once
#include "blocks/gemm/patches.h"

namespace dl::DL_ISA_NS {

// Where element k of an operand's row lies, for all but patches.
static DL_INLINE int64_t k_offset(const GemmOperand& o, int64_t k) {
  if (!o.tap_offset) return k * o.k_stride;
  return o.tap_offset[k / o.tap_channels] + k % o.tap_channels * o.k_stride;
}

static DL_INLINE bool along_k(const GemmOperand& o) { return !o.patches && !o.tap_offset && o.k_stride == 1; }

// ---- A
template <class T>
static DL_INLINE bool k_major(const GemmOperand& a) {
  return !a.patches && a.stride == 1 && (a.tap_offset || a.k_stride != 1);
}

template <class T>
static void pack_a(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, int64_t m, T* panel,
                   int64_t together = 1) {
  using S = Shape<T>;
  const T* data = static_cast<const T*>(a.data);
  if (kc == 0) return;         // patches of no taps have no run to begin at
  if (rows & 1 && rows > 1) {  // the row beyond, which the next even kernel reads
    const int64_t row = k_major<T>(a) ? 1 : S::kPitch, step = k_major<T>(a) ? S::MR : 1;
    for (int64_t k = 0; k < kc; ++k) panel[rows * row + k * step] = T(0);
  }
  if (a.patches) {
    Pixel<T> x = pixel_at(*a.patches, data, i0, together);
    const Column start = column_at(*a.patches, k0);
    for (int i = 0; i < rows; ++i) {
      T* dst = panel + i * S::kPitch;
      if (is_inside(*a.patches, x))
        copy_inside(*a.patches, x, start, dst, kc);
      else
        copy_columns(*a.patches, x, start, dst, kc);
      next_pixel(*a.patches, x, together);
    }
  } else if (k_major<T>(a)) {
    if (S::MR <= S::W && i0 + S::W <= m) {  // whole registers: what is too much is overwritten by the next k
      for (int64_t k = 0; k < kc; ++k) Vec<T>::load(data + i0 + k_offset(a, k0 + k)).store(panel + k * S::MR);
    } else {
      for (int64_t k = 0; k < kc; ++k) copy_run(panel + k * S::MR, data + i0 + k_offset(a, k0 + k), rows);
    }
  } else if (along_k(a)) {
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
    const T* src = static_cast<const T*>(a.data) + k_offset(a, k0 + k);
    T* dst = block + k * S::MR;
    for (int64_t t = 0; t < panels; ++t, dst += kBlockPitch<T>) {
      const int64_t rows = row[t + 1] - row[t];
      copy_run(dst, src + row[t], rows);
      if (rows & 1) dst[rows] = T(0);
    }
  }
}

// ---- B
// n <= W runs of kn elements, `stride` apart, through registers: element k of run i to dst[k * pitch + i].
template <class T>
static DL_INLINE void pack_transposed(const T* src, int64_t stride, int n, int64_t kn, T* dst, int64_t pitch) {
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
  for (int k = 0; k < W && k < kn; ++k) r[k].store(dst + k * pitch);
}

// One panel of n <= NR columns from column j, rows [k0, k0 + kc), to [kc][NR].
template <class T>
static void pack_b_panel(const GemmOperand& b, int64_t j, int n, int64_t k0, int64_t kc, T* panel) {
  using S = Shape<T>;
  const T* src = static_cast<const T*>(b.data) + j * b.stride;
  if (b.stride == 1) {
    for (int64_t k = 0; k < kc; ++k) {
      T* dst = panel + k * S::NR;
      copy_run(dst, src + k_offset(b, k0 + k), n);
      if (n < S::NR) zero_run(dst + n, S::NR - n);
    }
  } else if (along_k(b)) {
    for (int64_t k = 0; k < kc; k += S::W)
      for (int i = 0; i < S::NR; i += S::W)
        pack_transposed(src + i * b.stride + k0 + k, b.stride, n - i < S::W ? n - i : S::W, kc - k,
                        panel + k * S::NR + i, S::NR);
  } else {
    for (int64_t k = 0; k < kc; ++k) {
      T* dst = panel + k * S::NR;
      const T* at = src + k_offset(b, k0 + k);
      for (int i = 0; i < S::NR; ++i) dst[i] = i < n ? at[i * b.stride] : T(0);
    }
  }
}

// Rows [k0, k0 + kc) × columns [n0, n1), as panels of [kc][NR].
template <class T>
static void pack_b_block(const GemmOperand& b, int64_t k0, int64_t kc, int64_t n0, int64_t n1, T* block) {
  constexpr int64_t kWide = Shape<T>::NR;
  for (int64_t j = n0; j < n1; j += kWide)
    pack_b_panel(b, j, static_cast<int>(n1 - j < kWide ? n1 - j : kWide), k0, kc, block + (j - n0) * kc);
}

// Rows (pixels) [k0, k0 + kc) × columns [n0, n1) of B's patches, as panels of [kc][NR].
template <class T>
static void pack_b_patches(const GemmOperand& b, int64_t k0, int64_t kc, int64_t n0, int64_t n1, T* block,
                           int64_t together = 1) {
  using S = Shape<T>;
  Pixel<T> x = pixel_at(*b.patches, static_cast<const T*>(b.data), k0, together);
  const Column start = column_at(*b.patches, n0);
  for (int64_t k = 0; k < kc; ++k) {
    Column from = start;
    const bool inside = is_inside(*b.patches, x);
    T* dst = block + k * S::NR;
    for (int64_t j = n0; j < n1; j += S::NR, dst += kc * S::NR) {
      const int64_t n = n1 - j < S::NR ? n1 - j : S::NR;
      if (n < S::NR) zero_run(dst, S::NR);
      if (inside)
        copy_inside(*b.patches, x, from, dst, n);
      else
        copy_columns(*b.patches, x, from, dst, n);
      if (j + S::NR < n1) from = advance(*b.patches, from, n);
    }
    next_pixel(*b.patches, x, together);
  }
}

}  // namespace dl::DL_ISA_NS
