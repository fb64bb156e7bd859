// AMX's tiles in ordinary memory, for tests on machines without them (-DDLCORE_TILES_ON_HOST=ON): the intrinsics that
// tile_sums.h's users call, slowly. As Intel's manual defines TDPBF16PS: of each sum the even and the
// odd terms are chains of their own, rounded to nearest even, subnormals taken as and flushed to zero. Included after
// immintrin.h, by cpu_amx.cpp of any folder alone.
#pragma once
#include <immintrin.h>

namespace dl::DL_ISA_NS {

struct HostTile {
  alignas(64) unsigned char rows[16][64];
};
inline thread_local HostTile host_tiles[8];

static inline void host_load(int tile, const void* from, long pitch) {
  for (int i = 0; i < 16; ++i)
    _mm512_store_si512(host_tiles[tile].rows[i], _mm512_loadu_si512(static_cast<const char*>(from) + i * pitch));
}
static inline void host_store(int tile, void* to, long pitch) {
  for (int i = 0; i < 16; ++i)
    _mm512_storeu_si512(static_cast<char*>(to) + i * pitch, _mm512_load_si512(host_tiles[tile].rows[i]));
}
static inline void host_zero(int tile) {
  for (auto& row : host_tiles[tile].rows) _mm512_store_si512(row, _mm512_setzero_si512());
}
static inline __m512 host_even(__m512i pairs) { return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16)); }
static inline __m512 host_odd(__m512i pairs) {
  return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
}
static inline void host_products(int sums, int a, int b) {
  const unsigned flags = _mm_getcsr();
  _mm_setcsr(0x1f80 | 0x8040);  // nearest even, no traps, subnormals are zeros
  for (int i = 0; i < 16; ++i) {
    __m512 even = _mm512_setzero_ps(), odd = even;
    for (int k = 0; k < 16; ++k) {
      const __m512i right = _mm512_load_si512(host_tiles[b].rows[k]);
      int pair;
      __builtin_memcpy(&pair, host_tiles[a].rows[i] + 4 * k, 4);
      const __m512i left = _mm512_set1_epi32(pair);
      even = _mm512_fmadd_ps(host_even(left), host_even(right), even);
      odd = _mm512_fmadd_ps(host_odd(left), host_odd(right), odd);
    }
    float* row = reinterpret_cast<float*>(host_tiles[sums].rows[i]);
    _mm512_store_ps(row, _mm512_add_ps(_mm512_load_ps(row), _mm512_add_ps(even, odd)));
  }
  _mm_setcsr(flags);
}

}  // namespace dl::DL_ISA_NS

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stream_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbf16ps
#define _tile_loadconfig(config) static_cast<void>(config)
#define _tile_release() static_cast<void>(0)
#define _tile_loadd(tile, from, pitch) host_load(tile, from, pitch)
#define _tile_stream_loadd(tile, from, pitch) host_load(tile, from, pitch)
#define _tile_stored(tile, to, pitch) host_store(tile, to, pitch)
#define _tile_zero(tile) host_zero(tile)
#define _tile_dpbf16ps(sums, a, b) host_products(sums, a, b)
