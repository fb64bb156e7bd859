// What the pooling kernels share: channels in blocks of vectors, taps in small integers, an element's covers.
#pragma once
#include "ops/pool2d/pool2d.h"
#include "simd/vec.h"

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

template <bool kFull, class T>
static DL_INLINE Vec<T> load(const T* p, int n) {
  if constexpr (kFull)
    return Vec<T>::load(p);
  else
    return load_n(p, n);
}
template <bool kFull, class T>
static DL_INLINE void store(T* p, Vec<T> x, int n) {
  if constexpr (kFull)
    x.store(p);
  else
    store_n(p, x, n);
}

// body.template run<K, full>(c, n) over the channels: blocks of 4 vectors (their chains overlap), single ones, and the
// rest as one vector that overlaps the one before, or is partly filled.
template <class T, class Body>
static DL_INLINE void each_block(int64_t channels, const Body& body) {
  constexpr int V = Vec<T>::size;
  int64_t c = 0;
  for (; c + 4 * V <= channels; c += 4 * V) body.template run<4, true>(c, V);
  for (; c + V <= channels; c += V) body.template run<1, true>(c, V);
  if (c == channels) return;
  if (channels >= V)
    body.template run<1, true>(channels - V, V);
  else
    body.template run<1, false>(0, static_cast<int>(channels));
}

// The covers of one input element along an axis.
struct Covers {
  const PoolCover *begin, *end;
};
static DL_INLINE Covers covers_of(const PoolAxis& axis, int64_t i) {
  return {axis.covers + axis.cover_at[i], axis.covers + axis.cover_at[i + 1]};
}

}  // namespace dl::DL_ISA_NS
