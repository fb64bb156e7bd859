// Elements of 16 bits in registers: what moves.h has for floats. For cpu_<isa>.cpp only, and before patches.h, whose
// templates find the copies here by overload.
#pragma once
#include <immintrin.h>

#include "blocks/gemm/moves.h"

namespace dl::DL_ISA_NS {

using Bits16 = uint16_t;  // a bfloat16's

static DL_INLINE __mmask32 first16(int64_t n) { return n >= 32 ? 0xffffffff : n <= 0 ? 0 : (__mmask32{1} << n) - 1; }
static DL_INLINE __m512i load16(const Bits16* p, int64_t n) {  // zeros beyond n, which may be 0 or less
  return _mm512_maskz_loadu_epi16(first16(n), p);
}
static DL_INLINE void copy_run(Bits16* dst, const Bits16* src, int64_t n) {
  for (; n > 0; n -= 32, src += 32, dst += 32) _mm512_mask_storeu_epi16(dst, first16(n), load16(src, n));
}
static DL_INLINE void zero_run(Bits16* dst, int64_t n) {
  for (; n > 0; n -= 32, dst += 32) _mm512_mask_storeu_epi16(dst, first16(n), _mm512_setzero_si512());
}

// 16 columns of rows k and k + 1, side by side as pairs: the first 16 of each row, or the last.
static DL_INLINE __m512i pairs_low(__m512i even, __m512i odd) {
  const __m512i index = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6, 37,
                                         5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  return _mm512_permutex2var_epi16(even, index, odd);
}
static DL_INLINE __m512i pairs_high(__m512i even, __m512i odd) {
  const __m512i index = _mm512_set_epi16(63, 31, 62, 30, 61, 29, 60, 28, 59, 27, 58, 26, 57, 25, 56, 24, 55, 23, 54, 22,
                                         53, 21, 52, 20, 51, 19, 50, 18, 49, 17, 48, 16);
  return _mm512_permutex2var_epi16(even, index, odd);
}

// 16 × 16 pairs, rows to columns.
static DL_INLINE void transpose_pairs(__m512i (&r)[16]) {
  Vec<float> v[16];  // bits: nothing is computed with them
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) v[i].v = _mm512_castsi512_ps(r[i]);
  transpose<float>(v);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = _mm512_castps_si512(v[i].v);
}

}  // namespace dl::DL_ISA_NS
