// What the compiler's vector types lack, for the baseline: lane by lane, which the compiler turns into sqrtps, roundps.
#pragma once

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
  for (int i = 0; i < Vec<T>::size; ++i)
    x.v[i] = sizeof(T) == 4 ? __builtin_rintf(x.v[i]) : __builtin_rint(x.v[i]);
  return x;
}

}  // namespace dl::DL_ISA_NS
