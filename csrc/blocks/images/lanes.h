// A pixel's channels in blocks of vectors, for kernels that walk images channels last.
#pragma once
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

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

}  // namespace dl::DL_ISA_NS
