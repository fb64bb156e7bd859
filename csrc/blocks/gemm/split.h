// float32 as a sum of bfloat16 parts, for products on tiles. For cpu_amx.cpp only.
//   x = h + m + l: h is x rounded to bfloat16's 8 bits, m the rest rounded, l what is left, which 8 bits hold exactly
// (24 bits less two times 8, of which each rounding's sign saves one). Ties are rounded away from zero: half of the
// 2^-16 of values that tie, and the error bound is the same. The split is exact for 2^-110 <= |x| <= bfloat16's
// largest: below it l would be subnormal, which tiles count as zero.
// Limit: 21 vector instructions for 32 elements in three parts, on two ports.
#pragma once
#include <immintrin.h>

#include "blocks/gemm/tiles.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

using Part = uint16_t;                           // a bfloat16's bits
constexpr int64_t kPartBlock = kTileDepth * 32;  // a part's elements of 32 rows (A) or columns (B) in one step of k

// The smallest magnitude seen but for zeros: its bits less one, so that a zero is the largest number.
struct Least {
  __m512i v = _mm512_set1_epi32(-1);
  DL_INLINE void see(__m512 x) {
    const __m512i bits = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff));
    v = _mm512_min_epu32(v, _mm512_add_epi32(bits, _mm512_set1_epi32(-1)));
  }
  DL_INLINE bool too_small() const {
    constexpr int kSmallest = (127 - 110) << 23;  // 2^-110
    return _mm512_cmplt_epu32_mask(v, _mm512_set1_epi32(kSmallest - 1)) != 0;
  }
};

// The bits whose upper halves are the next part of x; x becomes the rest.
template <bool Last, bool Exact>
static DL_INLINE __m512i take_part(__m512& x) {
  if constexpr (Exact) return _mm512_castps_si512(x);
  const __m512i rounded = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000));
  if constexpr (!Last)
    x = _mm512_sub_ps(x,
                      _mm512_castsi512_ps(_mm512_and_si512(rounded, _mm512_set1_epi32(static_cast<int>(0xffff0000)))));
  return rounded;
}

static DL_INLINE __m512i upper_halves(__m512i lo, __m512i hi) {
  const __m512i odd = _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29, 27, 25,
                                       23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  return _mm512_permutex2var_epi16(lo, odd, hi);
}
// 32 elements of a row of A, lo the first 16: part s to dst + s * pitch.
template <int S, int s = 0>
static DL_INLINE void split_row(__m512 lo, __m512 hi, Part* dst, int64_t pitch = kPartBlock) {
  constexpr bool last = s + 1 == S, exact = s == 2;
  const __m512i a = take_part<last, exact>(lo), b = take_part<last, exact>(hi);
  _mm512_store_si512(dst + s * pitch, upper_halves(a, b));
  if constexpr (!last) split_row<S, s + 1>(lo, hi, dst, pitch);
}

// 16 columns of rows k and k + 1 of B, interleaved as tiles want them.
template <int S, int s = 0>
static DL_INLINE void split_pair(__m512 even, __m512 odd, Part* dst) {
  constexpr bool last = s + 1 == S, exact = s == 2;
  const __m512i a = take_part<last, exact>(even), b = take_part<last, exact>(odd);
  _mm512_store_si512(dst + s * kPartBlock, _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(a, 16), b));
  if constexpr (!last) split_pair<S, s + 1>(even, odd, dst);
}

static DL_INLINE __m512 load_some(const float* p, int64_t n) {  // zeros beyond n, which may be 0 or less
  const auto mask = static_cast<__mmask16>(n >= 16 ? 0xffff : n <= 0 ? 0 : (1u << n) - 1);
  return _mm512_maskz_loadu_ps(mask, p);
}

// `rows` rows of kc contiguous floats, `pitch` apart -> [step of 32 k][part][32 rows][32 k]. Rows up to `padded` are 0.
template <int S>
static void split_rows(const float* src, int64_t pitch, int rows, int padded, int64_t kc, Part* dst, Least& least) {
  for (int i = 0; i < rows; ++i) {
    const float* x = src + i * pitch;
    Part* at = dst + i * kTileDepth;
    int64_t k = 0;
    for (; k + 32 <= kc; k += 32, at += S * kPartBlock) {
      const __m512 lo = _mm512_loadu_ps(x + k), hi = _mm512_loadu_ps(x + k + 16);
      least.see(lo);
      least.see(hi);
      split_row<S>(lo, hi, at);
    }
    if (k < kc) {
      const __m512 lo = load_some(x + k, kc - k), hi = load_some(x + k + 16, kc - k - 16);
      least.see(lo);
      least.see(hi);
      split_row<S>(lo, hi, at);
    }
  }
  for (int i = rows; i < padded; ++i)
    for (int64_t block = 0; block < (kc + 31) / 32 * S; ++block)
      _mm512_store_si512(dst + block * kPartBlock + i * kTileDepth, _mm512_setzero_si512());
}

// kc rows of n <= 32 floats, `pitch` apart -> [step of 32 k][part][2 × 16 columns][16 pairs of k][16 columns][2].
template <int S>
static void split_columns(const float* src, int64_t pitch, int n, int64_t kc, Part* dst, Least& least) {
  for (int64_t k = 0; k < kc || k % 32; k += 2) {
    Part* at = dst + k / 32 * S * kPartBlock + k % 32 / 2 * kTileDepth;
    for (int half = 0; half < 2 && half * 16 < n; ++half) {
      const float* x = src + k * pitch + half * 16;
      const int64_t columns = n - half * 16;
      const __m512 even = load_some(x, k < kc ? columns : 0), odd = load_some(x + pitch, k + 1 < kc ? columns : 0);
      least.see(even);
      least.see(odd);
      split_pair<S>(even, odd, at + half * kPartBlock / 2);
    }
  }
}

}  // namespace dl::DL_ISA_NS
