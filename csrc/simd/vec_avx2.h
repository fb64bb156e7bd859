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

}  // namespace dl::DL_ISA_NS
