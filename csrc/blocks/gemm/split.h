// float32 as a sum of bfloat16 parts, for products on tiles. For cpu_amx.cpp only.
//   x = h + m + l: h is x rounded to bfloat16's 8 bits, m the rest rounded, l what is left, which 8 bits hold exactly
// (24 bits less two times 8, of which each rounding's sign saves one). Ties are rounded away from zero: half of the
// 2^-16 of values that tie, and the error bound is the same. The split is exact for 2^-110 <= |x| <= bfloat16's
// largest: below it l would be subnormal, which tiles count as zero.
// A tile's line holds pairs of k. Pairs are (k, k + 16), not (k, k + 1): the parts of two registers then meet by a
// shift and a blend, for A and B alike, where neighbours would need a permutation of three instructions. Limit: 22
// vector instructions for 32 elements in three parts, on two ports.
#pragma once
#include <immintrin.h>

#include "blocks/gemm/moves.h"
#include "blocks/gemm/tiles.h"

namespace dl::DL_ISA_NS {

using Part = uint16_t;                           // a bfloat16's bits
constexpr int64_t kPartBlock = kTileDepth * 32;  // a part's elements of 32 rows (A) or columns (B) in one step of k
constexpr int64_t kHalfBlock = kPartBlock / 2;   // of 16 of them: a tile
// From a step of a panel of A to the next: a line more than its parts, or the lines of a row that is split over all
// steps would share two of L1's 64 sets (12.9 -> 10.7 cycles of the clock a line).
template <int S>
constexpr int64_t kStepOfA = S * kPartBlock + kTileDepth;

// The smallest magnitude seen but for zeros.
struct Least {
  __m512 v = _mm512_set1_ps(1);
  DL_INLINE void see(__m512 x) {
    constexpr int kSmallerMagnitude = 0xa;
    const __mmask16 some = _mm512_test_epi32_mask(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff));
    v = _mm512_mask_range_ps(v, some, v, x, kSmallerMagnitude);
  }
  DL_INLINE bool too_small() const { return _mm512_cmp_ps_mask(v, _mm512_set1_ps(0x1p-110f), _CMP_LT_OQ) != 0; }
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

// A line of 16 pairs (x[i], y[i]): part s to dst + s * pitch.
template <int S, int s = 0>
static DL_INLINE void split_pairs(__m512 x, __m512 y, Part* dst, int64_t pitch = kPartBlock) {
  constexpr bool last = s + 1 == S, exact = s == 2;
  const __m512i a = take_part<last, exact>(x), b = take_part<last, exact>(y);
  _mm512_store_si512(dst + s * pitch, _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(a, 16), b));
  if constexpr (!last) split_pairs<S, s + 1>(x, y, dst, pitch);
}

static DL_INLINE __mmask16 first(int64_t n) {  // of a register's lanes; n may be 0 or less, or more than 16
  return static_cast<__mmask16>(n >= 16 ? 0xffff : n <= 0 ? 0 : (1u << n) - 1);
}

// `rows` rows of kc contiguous floats, `pitch` apart -> steps of 32 k, kStepOfA apart: [part][32 rows][16 pairs of
// k][2]. Rows up to `padded` are 0.
template <int S>
static void split_rows(const float* src, int64_t pitch, int rows, int padded, int64_t kc, Part* dst, Least& least) {
  Least seen = least;  // in a register: dst might be it
  for (int i = 0; i < rows; ++i) {
    const float* x = src + i * pitch;
    Part* at = dst + i * kTileDepth;
    for (int64_t k = 0; k < kc; k += 32, at += kStepOfA<S>) {
      const __m512 lo = _mm512_maskz_loadu_ps(first(kc - k), x + k);
      const __m512 hi = _mm512_maskz_loadu_ps(first(kc - k - 16), x + k + 16);
      seen.see(lo);
      seen.see(hi);
      split_pairs<S>(lo, hi, at);
    }
  }
  for (int i = rows; i < padded; ++i)
    for (int64_t step = 0; step * kTileDepth < kc; ++step)
      for (int part = 0; part < S; ++part)
        _mm512_store_si512(dst + step * kStepOfA<S> + part * kPartBlock + i * kTileDepth, _mm512_setzero_si512());
  least = seen;
}

// kc rows of n <= 32 floats, `pitch` apart -> [step of 32 k][part][2 × 16 columns][16 pairs of k][16 columns][2].
template <int S>
static void split_columns(const float* src, int64_t pitch, int n, int64_t kc, Part* dst, Least& least) {
  Least seen = least;
  for (int64_t k = 0; k < kc; k += 32, src += 32 * pitch, dst += S * kPartBlock)
    for (int64_t i = 0; i < 16; ++i)
      for (int half = 0; half * 16 < n; ++half) {
        const float* x = src + i * pitch + half * 16;
        const __mmask16 columns = first(n - half * 16);
        const __m512 lo = _mm512_maskz_loadu_ps(k + i < kc ? columns : 0, x);
        const __m512 hi = _mm512_maskz_loadu_ps(k + i + 16 < kc ? columns : 0, x + 16 * pitch);
        seen.see(lo);
        seen.see(hi);
        split_pairs<S>(lo, hi, dst + half * kHalfBlock + i * kTileDepth);
      }
  least = seen;
}

// Runs of contiguous floats, `stride` apart. Of 16 by 16, those beyond `count` and `length` are zeros.
struct Runs {
  const float* data;
  int64_t stride, count, length;
  DL_INLINE void load(Vec<float> (&r)[16]) const {
    if (count >= 16 && length >= 16) {
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) r[i] = Vec<float>::load(data + i * stride);
      return;
    }
    const __mmask16 lanes = first(length);
    for (int i = 0; i < 16; ++i)
      r[i].v = (Vec<float>::Native)_mm512_maskz_loadu_ps(i < count ? lanes : 0, data + i * stride);
  }
};

// Element i of every run of x and of y to line i of a tile: 16 rows of A that lie along m, 16 columns of B along k.
template <int S, class Source>
static DL_INLINE void split_turned(const Source& x, const Source& y, Part* dst, Least& least) {
  alignas(64) float first_of_pairs[16][16];
  Vec<float> r[16];
  x.load(r);
  transpose<float>(r);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i].store(first_of_pairs[i]);
  y.load(r);
  transpose<float>(r);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    const __m512 lo = _mm512_load_ps(first_of_pairs[i]), hi = (__m512)r[i].v;
    least.see(lo);
    least.see(hi);
    split_pairs<S>(lo, hi, dst + i * kTileDepth);
  }
}

}  // namespace dl::DL_ISA_NS
