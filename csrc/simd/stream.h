// Stores past the caches, for results that leave them anyway: the old contents are not read first, which saves a third
// of a map's traffic. The next reader then finds nothing in a cache: measure it together with the map.
#pragma once
#ifdef __SSE2__
#include <immintrin.h>
#endif
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

// A vector to memory aligned to it.
template <class T>
DL_INLINE void stream(T* p, Vec<T> x) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), (__m512i)x.v);
#elif defined(__AVX2__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), (__m256i)x.v);
#elif defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(p), (__m128i)x.v);
#else
  x.store(p);
#endif
}

// After a range's last stream, before another thread may read it.
DL_INLINE void stream_end() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

// Makes out[0, n) by f(to, first, m): elements first … first + m, at `to`. Where the result goes past the caches they
// are made a tile at a time, in L1, and leave from there: so each op's loop, whose stores are the compiler's, is the
// one that it has for small results. The pass through L1 is hidden by the wait for memory.
template <class R, class F>
DL_INLINE void each_tile(R* out, int64_t n, bool past_caches, const F& f) {
  constexpr int64_t line = 64 / sizeof(R), tile = 4096 / sizeof(R);
  alignas(64) R made[tile];
  for (int64_t i = 0; i < n;) {
    const int64_t left = n - i;
    const int64_t odd = static_cast<int64_t>(reinterpret_cast<uintptr_t>(out + i) % 64 / sizeof(R));
    const bool whole = past_caches && odd == 0 && left >= tile;
    const int64_t m = whole ? tile : past_caches && odd && line - odd < left ? line - odd : left;
    f(whole ? made : out + i, i, m);
    if (whole)
      for (int64_t k = 0; k < 4096; k += DL_VEC_BYTES)
        stream(reinterpret_cast<uint8_t*>(out + i) + k, Vec<uint8_t>::load(reinterpret_cast<const uint8_t*>(made) + k));
    i += m;
  }
  if (past_caches) stream_end();
}

}  // namespace dl::DL_ISA_NS
