// Operands of bfloat16 as tiles and registers of pairs read them. For cpu_<isa>.cpp only.
//   A: [step of 32 k][32 rows][32 k]; rows beyond the last are zeros up to 16 or 32
//   B: [panel of 32 columns][step of 32 k][2 × 16 columns][16 pairs of k][16 columns][2]
// What lies beyond k is zeros in both, so that no garbage there becomes a NaN. Limit: a register loaded and stored for
// 32 elements where they lie along k (A) or n (B); a transpose of 16 × 16 pairs, 64 shuffles for 512 elements, where
// not.
#pragma once
#include "blocks/gemm16/gemm16.h"
#include "blocks/gemm16/moves16.h"

// After the copies above.
#include "blocks/gemm/patches.h"

namespace dl::DL_ISA_NS {

constexpr int64_t kStep = kTileDepth, kBlock = kStep * 32;  // elements of 32 rows or columns in a step
constexpr int64_t kStepsInL1 = 20;                          // of a panel of A: 40 of 48 KB
constexpr int64_t kMostColumns = 512;                       // of a task

static DL_INLINE int64_t offset_of(const GemmOperand& o, int64_t k) {
  if (!o.tap_offset) return k * o.k_stride;
  return o.tap_offset[k / o.tap_channels] + k % o.tap_channels * o.k_stride;
}

// ---- A
// A row of kc elements to its place in every step.
static DL_INLINE void spread_row(const Bits16* row, int64_t kc, Bits16* dst) {
  for (int64_t k = 0; k < kc; k += kStep, dst += kBlock) _mm512_store_si512(dst, load16(row + k, kc - k));
}

// Rows of kc elements, `pitch` apart, a step of all at a time: a row's places in the steps share two sets of L1.
static DL_INLINE void spread_rows(const Bits16* src, int64_t pitch, int rows, int64_t kc, Bits16* dst) {
  for (int64_t k = 0; k < kc; k += kStep, dst += kBlock) {
    const __mmask32 mask = first16(kc - k);
    for (int i = 0; i < rows; ++i)
      _mm512_store_si512(dst + i * kStep, _mm512_maskz_loadu_epi16(mask, src + i * pitch + k));
  }
}

static void pack_a_columns(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, Bits16* panel) {
  const Bits16* src = static_cast<const Bits16*>(a.data) + k0 * a.k_stride + i0;
  for (int64_t k = 0; k < kc; k += kStep, panel += kBlock) {
    __m512i low[16], high[16];
#pragma GCC unroll 16
    for (int p = 0; p < 16; ++p) {
      const int64_t at = k + 2 * p;
      const __m512i even = load16(src + at * a.k_stride, at < kc ? rows : 0);
      const __m512i odd = load16(src + (at + 1) * a.k_stride, at + 1 < kc ? rows : 0);
      low[p] = pairs_low(even, odd);
      high[p] = pairs_high(even, odd);
    }
    transpose_pairs(low);
    for (int i = 0; i < 16; ++i) _mm512_store_si512(panel + i * kStep, low[i]);
    if (rows <= 16) continue;
    transpose_pairs(high);
    for (int i = 0; i < 16; ++i) _mm512_store_si512(panel + (16 + i) * kStep, high[i]);
  }
}

// `kc` columns of a pixel's row, all inside the image, from a whole step on, where runs are whole steps.
static DL_INLINE void spread_inside(const Patches& s, const Pixel<Bits16>& x, Column from, int64_t kc, Bits16* dst) {
  const int64_t length = s.run_width * s.channels;
  const Bits16* pixel = x.image + x.h * s.stride_h + x.w * s.stride_w;
  for (int64_t k = 0, run = from.run, at = from.at; k < kc; ++run, at = 0) {
    const Bits16* src = pixel + s.offset[run] + at;
    const int64_t end = kc - k < length - at ? kc - k : length - at;
    for (int64_t i = 0; i < end; i += kStep, dst += kBlock) _mm512_store_si512(dst, load16(src + i, 32));
    k += end;
  }
}

static void pack_a_patches(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, Bits16* panel) {
  alignas(64) Bits16 row[kTileRun];
  Pixel<Bits16> x = pixel_at(*a.patches, static_cast<const Bits16*>(a.data), i0);
  const Column start = column_at(*a.patches, k0);
  const bool whole = a.patches->run_width * a.patches->channels % kStep == 0 && kc % kStep == 0;
  for (int i = 0; i < rows; ++i, next_pixel(*a.patches, x)) {
    const bool inside = is_inside(*a.patches, x);
    if (inside && whole) {
      spread_inside(*a.patches, x, start, kc, panel + i * kStep);
      continue;
    }
    if (inside)
      copy_inside(*a.patches, x, start, row, kc);
    else
      copy_columns(*a.patches, x, start, row, kc);
    spread_row(row, kc, panel + i * kStep);
  }
}

// Rows [i0, i0 + rows), at most 32, of columns [k0, k0 + kc).
static void pack_rows(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, Bits16* panel) {
  const auto* data = static_cast<const Bits16*>(a.data);
  if (kc == 0) return;
  if (!a.patches && !a.tap_offset && a.stride == 1 && a.k_stride != 1)
    return pack_a_columns(a, i0, rows, k0, kc, panel);
  for (int i = rows; i < (rows > 16 ? 32 : 16); ++i)
    for (int64_t k = 0; k < kc; k += kStep)
      _mm512_store_si512(panel + k / kStep * kBlock + i * kStep, _mm512_setzero_si512());
  if (a.patches) return pack_a_patches(a, i0, rows, k0, kc, panel);
  if (!a.tap_offset && a.k_stride == 1) return spread_rows(data + i0 * a.stride + k0, a.stride, rows, kc, panel);
  alignas(64) Bits16 row[kTileRun];
  for (int i = 0; i < rows; ++i) {
    for (int64_t k = 0; k < kc; ++k) row[k] = data[(i0 + i) * a.stride + offset_of(a, k0 + k)];
    spread_row(row, kc, panel + i * kStep);
  }
}

// ---- B
// Rows k and k + 1 of n columns, to panels `pitch` apart.
static DL_INLINE void spread_pair(const Bits16* even, const Bits16* odd, int64_t n, int64_t k, Bits16* dst,
                                  int64_t pitch) {
  dst += k / kStep * kBlock + k % kStep / 2 * 32;
  for (int64_t j = 0; j < n; j += 32, dst += pitch) {
    const __m512i e = load16(even + j, n - j), o = odd ? load16(odd + j, n - j) : _mm512_setzero_si512();
    _mm512_store_si512(dst, pairs_low(e, o));
    _mm512_store_si512(dst + kBlock / 2, pairs_high(e, o));
  }
}

// Zeros for the pairs of the last step that lie beyond kc.
static DL_INLINE void clear_rest(int64_t n, int64_t kc, Bits16* dst, int64_t pitch) {
  for (int64_t k = (kc + 1) / 2 * 2; k % kStep; k += 2)
    for (int64_t j = 0; j < n; j += 32)
      for (int half = 0; half < 2; ++half)
        _mm512_store_si512(dst + j / 32 * pitch + k / kStep * kBlock + half * kBlock / 2 + k % kStep / 2 * 32,
                           _mm512_setzero_si512());
}

static void pack_b_patches(const GemmOperand& b, int64_t n0, int64_t n, int64_t k0, int64_t kc, Bits16* dst,
                           int64_t pitch) {
  alignas(64) Bits16 rows[2][kMostColumns];
  Pixel<Bits16> x = pixel_at(*b.patches, static_cast<const Bits16*>(b.data), k0);
  const Column start = column_at(*b.patches, n0);
  for (int64_t k = 0; k < kc; ++k) {
    if (is_inside(*b.patches, x))
      copy_inside(*b.patches, x, start, rows[k % 2], n);
    else
      copy_columns(*b.patches, x, start, rows[k % 2], n);
    next_pixel(*b.patches, x);
    if (k % 2 || k + 1 == kc) spread_pair(rows[0], k % 2 ? rows[1] : nullptr, n, k & ~int64_t{1}, dst, pitch);
  }
}

// Columns that lie along k: a transpose of pairs.
static void pack_b_columns(const GemmOperand& b, int64_t j, int64_t n, int64_t k0, int64_t kc, Bits16* dst) {
  const Bits16* src = static_cast<const Bits16*>(b.data) + j * b.stride + k0;
  for (int64_t k = 0; k < kc; k += kStep, dst += kBlock)
    for (int half = 0; half < 2 && half * 16 < n; ++half) {
      __m512i r[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) {
        const int64_t column = half * 16 + i;
        r[i] = column < n ? load16(src + column * b.stride + k, kc - k) : _mm512_setzero_si512();
      }
      transpose_pairs(r);
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) _mm512_store_si512(dst + half * kBlock / 2 + i * 32, r[i]);
    }
}

// Columns [n0, n0 + n), at most kMostColumns, of rows [k0, k0 + kc), to panels `pitch` apart.
static void pack_columns(const GemmOperand& b, int64_t n0, int64_t n, int64_t k0, int64_t kc, Bits16* dst,
                         int64_t pitch) {
  const auto* data = static_cast<const Bits16*>(b.data);
  if (kc == 0) return;
  if (!b.patches && !b.tap_offset && b.k_stride == 1 && b.stride != 1) {
    for (int64_t j = 0; j < n; j += 32)
      pack_b_columns(b, n0 + j, n - j < 32 ? n - j : 32, k0, kc, dst + j / 32 * pitch);
    return;
  }
  if (b.patches) {
    pack_b_patches(b, n0, n, k0, kc, dst, pitch);
  } else {
    alignas(64) Bits16 rows[2][kMostColumns];
    for (int64_t k = 0; k < kc; k += 2) {
      const Bits16* row[2] = {};
      for (int i = 0; i < 2 && k + i < kc; ++i) {
        row[i] = data + n0 * b.stride + offset_of(b, k0 + k + i);
        if (b.stride == 1) continue;
        for (int64_t j = 0; j < n; ++j) rows[i][j] = row[i][j * b.stride];
        row[i] = rows[i];
      }
      spread_pair(row[0], row[1], n, k, dst, pitch);
    }
  }
  clear_rest(n, kc, dst, pitch);
}

}  // namespace dl::DL_ISA_NS
