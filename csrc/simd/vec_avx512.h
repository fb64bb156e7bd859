// What the compiler's vector types lack, for AVX-512 (x86-64-v4).
#pragma once
#include <immintrin.h>

namespace dl::DL_ISA_NS {

DL_INLINE Vec<float> sqrt(Vec<float> x) { return _mm512_sqrt_ps(x.v); }
DL_INLINE Vec<double> sqrt(Vec<double> x) { return _mm512_sqrt_pd(x.v); }
// a * b + c, fused: for gemm and dot products only; formulas stay unfused so that all ISAs agree (DESIGN 5).
DL_INLINE Vec<float> muladd(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
DL_INLINE Vec<double> muladd(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm512_fmadd_pd(a.v, b.v, c.v); }
DL_INLINE Vec<float> round_even(Vec<float> x) {
  return _mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
DL_INLINE Vec<double> round_even(Vec<double> x) {
  return _mm512_roundscale_pd(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// One instruction each: a NaN in the second operand stays.
DL_INLINE Vec<float> at_most(Vec<float> x, Vec<float> high) { return _mm512_min_ps(high.v, x.v); }
DL_INLINE Vec<double> at_most(Vec<double> x, Vec<double> high) { return _mm512_min_pd(high.v, x.v); }
DL_INLINE Vec<float> at_least(Vec<float> x, Vec<float> low) { return _mm512_max_ps(low.v, x.v); }
DL_INLINE Vec<double> at_least(Vec<double> x, Vec<double> low) { return _mm512_max_pd(low.v, x.v); }
DL_INLINE bool all_between(Vec<float> x, Vec<float> low, Vec<float> high) {
  return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(x.v, low.v, _CMP_GT_OQ), x.v, high.v, _CMP_LT_OQ) == 0xFFFF;
}
DL_INLINE bool all_between(Vec<double> x, Vec<double> low, Vec<double> high) {
  return _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(x.v, low.v, _CMP_GT_OQ), x.v, high.v, _CMP_LT_OQ) == 0xFF;
}
// y 2^n, as math.h's template of two exact products.
DL_INLINE Vec<float> times_pow2(Vec<float> y, Vec<float> n) { return _mm512_scalef_ps(y.v, n.v); }
DL_INLINE Vec<double> times_pow2(Vec<double> y, Vec<double> n) { return _mm512_scalef_pd(y.v, n.v); }
template <>
DL_INLINE Vec<float> load_n(const float* p, int n, float fill) {
  return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), static_cast<__mmask16>((1u << n) - 1), p);
}
template <>
DL_INLINE void store_n(float* p, Vec<float> x, int n) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), x.v);
}
template <>
DL_INLINE Vec<double> load_n(const double* p, int n, double fill) {
  return _mm512_mask_loadu_pd(_mm512_set1_pd(fill), static_cast<__mmask8>((1u << n) - 1), p);
}
template <>
DL_INLINE void store_n(double* p, Vec<double> x, int n) {
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << n) - 1), x.v);
}
// The product of the low 32 bits of each lane, unsigned, in all 64.
DL_INLINE Vec<int64_t> multiply_low_halves(Vec<int64_t> a, Vec<int64_t> b) {
  return (Vec<int64_t>::Native)_mm512_mul_epu32((__m512i)a.v, (__m512i)b.v);
}

// The compiler's own conversion between vectors of bytes and of integers goes through scalar registers (GCC 12).
template <>
DL_INLINE Vec<int32_t> load_bytes(const uint8_t* p, int n) {
  return (Vec<int32_t>::Native)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << n) - 1), p));
}
template <>
DL_INLINE Vec<int64_t> load_bytes(const uint8_t* p, int n) {
  return (Vec<int64_t>::Native)_mm512_cvtepu8_epi64(_mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << n) - 1), p));
}
template <>
DL_INLINE void store_bytes(uint8_t* p, Vec<int32_t> x, int n) {
  _mm512_mask_cvtepi32_storeu_epi8(p, static_cast<__mmask16>((1u << n) - 1), (__m512i)x.v);
}
template <>
DL_INLINE void store_bytes(uint8_t* p, Vec<int64_t> x, int n) {
  _mm512_mask_cvtepi64_storeu_epi8(p, static_cast<__mmask8>((1u << n) - 1), (__m512i)x.v);
}

}  // namespace dl::DL_ISA_NS
