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

}  // namespace dl::DL_ISA_NS
