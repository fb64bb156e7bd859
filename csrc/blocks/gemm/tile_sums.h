// What every product on tiles does alike: the tiles' shape, and the sums in tiles 0 to 3, C's quarters. For cpu_amx.cpp
// only.
#pragma once
#include <immintrin.h>

#include "simd/vec.h"
#ifdef DLCORE_TILES_ON_HOST
#include "simd/tiles_host.h"
#endif

namespace dl::DL_ISA_NS {

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// R and C: halves of 32 rows and columns in use.
template <int R, int C>
static DL_INLINE void begin_sums(const float* sums, bool add) {
  asm volatile("" ::: "memory");  // the compiler does not know that tiles are loaded from memory
  if (add) {
    _tile_loadd(0, sums, 64);
    if constexpr (C == 2) _tile_loadd(1, sums + 256, 64);
    if constexpr (R == 2) _tile_loadd(2, sums + 512, 64);
    if constexpr (R == 2 && C == 2) _tile_loadd(3, sums + 768, 64);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
}
template <int R, int C>
static DL_INLINE void keep_sums(float* sums) {
  _tile_stored(0, sums, 64);
  if constexpr (C == 2) _tile_stored(1, sums + 256, 64);
  if constexpr (R == 2) _tile_stored(2, sums + 512, 64);
  if constexpr (R == 2 && C == 2) _tile_stored(3, sums + 768, 64);
}

// to += x, where they are in use.
static DL_INLINE void add_sums(float* to, const float* x, int rows, int columns) {
  for (int i = 0; i < rows; i += 16)
    for (int j = 0; j < columns; j += 16) {
      float* t = to + i * 32 + j * 16;
      const float* s = x + i * 32 + j * 16;
#pragma GCC unroll 16
      for (int k = 0; k < 256; k += 16)
        _mm512_store_ps(t + k, _mm512_add_ps(_mm512_load_ps(t + k), _mm512_load_ps(s + k)));
    }
}

}  // namespace dl::DL_ISA_NS
