// What the pooling kernels share: taps in small integers, and an element's covers.
#pragma once
#include "blocks/images/lanes.h"
#include "ops/pool2d/pool2d.h"

namespace dl::DL_ISA_NS {

template <class T>
using Int = typename Lane<T>::Int;

// Taps of T's lanes, from and to memory as uint8_t or int32_t.
template <class T>
static DL_INLINE Vec<Int<T>> load_taps(const uint8_t* p, int n) {
  return load_bytes<Int<T>>(p, n);
}
template <class T>
static DL_INLINE Vec<Int<T>> load_taps(const int32_t* p, int n) {
  Int<T> t[Vec<T>::size] = {};
  for (int i = 0; i < n; ++i) t[i] = p[i];
  return Vec<Int<T>>::load(t);
}
template <class T>
static DL_INLINE void store_taps(uint8_t* p, Vec<Int<T>> taps, int n) {
  store_bytes<Int<T>>(p, taps, n);
}
template <class T>
static DL_INLINE void store_taps(int32_t* p, Vec<Int<T>> taps, int n) {
  for (int i = 0; i < n; ++i) p[i] = static_cast<int32_t>(taps[i]);
}

// The covers of one input element along an axis.
struct Covers {
  const PoolCover *begin, *end;
};
static DL_INLINE Covers covers_of(const PoolAxis& axis, int64_t i) {
  return {axis.covers + axis.cover_at[i], axis.covers + axis.cover_at[i + 1]};
}

}  // namespace dl::DL_ISA_NS
