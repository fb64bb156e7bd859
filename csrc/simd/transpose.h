// transpose(r): an N×N block held in N registers of N lanes, by log2 N rounds of interleaving row i with row i + N/2.
#pragma once
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

template <int... I>
struct Lanes {};
template <int N, int... I>
struct CountLanes : CountLanes<N - 1, N - 1, I...> {};
template <int... I>
struct CountLanes<0, I...> {
  using type = Lanes<I...>;
};

// From lane `first` on: a, b, a, b, …
template <int First, class T, int... I>
DL_INLINE Vec<T> interleave(Vec<T> a, Vec<T> b, Lanes<I...>) {
#ifdef __clang__
  return __builtin_shufflevector(a.v, b.v, (First + I / 2 + I % 2 * Vec<T>::size)...);
#else
  constexpr typename Vec<T>::MaskNative order = {(First + I / 2 + I % 2 * Vec<T>::size)...};
  return __builtin_shuffle(a.v, b.v, order);
#endif
}

template <class T>
DL_INLINE void transpose(Vec<T> (&r)[Vec<T>::size]) {
  constexpr int n = Vec<T>::size;
  const typename CountLanes<n>::type lanes;
  for (int round = 1; round < n; round *= 2) {
    Vec<T> t[n];
    for (int i = 0; i < n / 2; ++i) {
      t[2 * i] = interleave<0>(r[i], r[i + n / 2], lanes);
      t[2 * i + 1] = interleave<n / 2>(r[i], r[i + n / 2], lanes);
    }
    for (int i = 0; i < n; ++i) r[i] = t[i];
  }
}

}  // namespace dl::DL_ISA_NS
