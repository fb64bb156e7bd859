// What the compiler's vector types lack, for AVX2 + FMA (x86-64-v3).
#pragma once
#include <immintrin.h>

namespace dl::DL_ISA_NS {

DL_INLINE Vec<float> sqrt(Vec<float> x) { return _mm256_sqrt_ps(x.v); }
DL_INLINE Vec<double> sqrt(Vec<double> x) { return _mm256_sqrt_pd(x.v); }
// a * b + c, fused: for gemm and dot products only; formulas stay unfused so that all ISAs agree (DESIGN 5).
DL_INLINE Vec<float> muladd(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
DL_INLINE Vec<double> muladd(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm256_fmadd_pd(a.v, b.v, c.v); }
DL_INLINE Vec<float> round_even(Vec<float> x) {
  return _mm256_round_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
DL_INLINE Vec<double> round_even(Vec<double> x) {
  return _mm256_round_pd(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// One instruction each: a NaN in the second operand stays.
DL_INLINE Vec<float> at_most(Vec<float> x, Vec<float> high) { return _mm256_min_ps(high.v, x.v); }
DL_INLINE Vec<double> at_most(Vec<double> x, Vec<double> high) { return _mm256_min_pd(high.v, x.v); }
DL_INLINE Vec<float> at_least(Vec<float> x, Vec<float> low) { return _mm256_max_ps(low.v, x.v); }
DL_INLINE Vec<double> at_least(Vec<double> x, Vec<double> low) { return _mm256_max_pd(low.v, x.v); }
DL_INLINE bool all_between(Vec<float> x, Vec<float> low, Vec<float> high) {
  return _mm256_movemask_ps((__m256)((x.v > low.v) & (x.v < high.v))) == 0xFF;
}
DL_INLINE bool all_between(Vec<double> x, Vec<double> low, Vec<double> high) {
  return _mm256_movemask_pd((__m256d)((x.v > low.v) & (x.v < high.v))) == 0xF;
}
// The product of the low 32 bits of each lane, unsigned, in all 64.
DL_INLINE Vec<int64_t> multiply_low_halves(Vec<int64_t> a, Vec<int64_t> b) {
  return (Vec<int64_t>::Native)_mm256_mul_epu32((__m256i)a.v, (__m256i)b.v);
}

// The compiler's own conversion from vectors of bytes goes through scalar registers (GCC 12).
template <>
DL_INLINE Vec<int32_t> load_bytes(const uint8_t* p, int n) {
  uint64_t t = 0;
  __builtin_memcpy(&t, p, static_cast<size_t>(n));
  return (Vec<int32_t>::Native)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(t)));
}
template <>
DL_INLINE Vec<int64_t> load_bytes(const uint8_t* p, int n) {
  uint32_t t = 0;
  __builtin_memcpy(&t, p, static_cast<size_t>(n));
  return (Vec<int64_t>::Native)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(static_cast<int32_t>(t)));
}

}  // namespace dl::DL_ISA_NS
