// C[t] += A B, kPeakTiles tiles of sums. Called by peak.cpp.
// Limit: the tile unit, a product of 16 × 16 × 32 every 16 cycles; each waits 52 for its last sum.
#include "blocks/gemm/tile_sums.h"
#include "blocks/peak/peak.h"

namespace dl::DL_ISA_NS {

void fma_peak_bf16(const PeakArgs& a, int64_t begin, int64_t end) {
  alignas(64) float small[32 * 32];
  for (float& x : small) x = 0x1.01p-40f;  // its halves are two bfloat16: sums stay finite
  const TileConfig config;
  _tile_loadconfig(&config);
  begin_sums<2, 2>(small, true);
  _tile_loadd(6, small, 64);
  _tile_loadd(7, small, 64);
  for (int64_t i = begin; i < end; ++i) {
    _tile_dpbf16ps(0, 6, 7);
    _tile_dpbf16ps(1, 6, 7);
    _tile_dpbf16ps(2, 6, 7);
    _tile_dpbf16ps(3, 6, 7);
  }
  _tile_stored(0, small, 64);
  _tile_release();
  *a.sink = small[0];
  *a.flops += 2.0 * 16 * 16 * 32 * kPeakTiles * static_cast<double>(end - begin);
}

}  // namespace dl::DL_ISA_NS
