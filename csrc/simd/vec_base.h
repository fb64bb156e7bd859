// What the compiler's vector types lack, for the baseline: lane by lane, which the compiler turns into sqrtps, roundps.
#pragma once
#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace dl::DL_ISA_NS {

template <class T>
DL_INLINE Vec<T> sqrt(Vec<T> x) {
  for (int i = 0; i < Vec<T>::size; ++i) x.v[i] = sizeof(T) == 4 ? __builtin_sqrtf(x.v[i]) : __builtin_sqrt(x.v[i]);
  return x;
}
template <class T>
DL_INLINE Vec<T> muladd(Vec<T> a, Vec<T> b, Vec<T> c) {
  return a * b + c;
}
template <class T>
DL_INLINE Vec<T> round_even(Vec<T> x) {
  for (int i = 0; i < Vec<T>::size; ++i) x.v[i] = sizeof(T) == 4 ? __builtin_rintf(x.v[i]) : __builtin_rint(x.v[i]);
  return x;
}
template <class T>
DL_INLINE Vec<T> at_most(Vec<T> x, Vec<T> high) {
  return select(x > high, high, x);
}
template <class T>
DL_INLINE Vec<T> at_least(Vec<T> x, Vec<T> low) {
  return select(x < low, low, x);
}
template <class T>
DL_INLINE bool all_between(Vec<T> x, Vec<T> low, Vec<T> high) {
  const auto inside = (x > low) & (x < high);
  bool all = true;
  for (int i = 0; i < Vec<T>::size; ++i) all &= inside.m[i] != 0;
  return all;
}
// The product of the low 32 bits of each lane, unsigned, in all 64.
DL_INLINE Vec<int64_t> multiply_low_halves(Vec<int64_t> a, Vec<int64_t> b) {
#ifdef __SSE2__
  return (Vec<int64_t>::Native)_mm_mul_epu32((__m128i)a.v, (__m128i)b.v);
#else
  const Vec<int64_t> low(int64_t{0xFFFFFFFF});
  return bit_and(a, low) * bit_and(b, low);
#endif
}

}  // namespace dl::DL_ISA_NS
