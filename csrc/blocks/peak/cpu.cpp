// acc[k] = acc[k] * x + y, kPeakChains chains in registers. Called by peak.cpp.
// Limit: the multiply-add units; the baseline has no fused form and takes a multiply and an add.
#include "blocks/peak/peak.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

void fma_peak_f32(const PeakArgs& a, int64_t begin, int64_t end) {
  using V = Vec<float>;
  const V x(0.5f), y(1.0f);  // converges to 2: never subnormal, never infinite
  V acc[kPeakChains];
  for (int k = 0; k < kPeakChains; ++k) acc[k] = V(static_cast<float>(k));
  for (int64_t i = begin; i < end; ++i) {
#pragma GCC unroll 12
    for (int k = 0; k < kPeakChains; ++k) acc[k] = muladd(acc[k], x, y);
  }
  for (int k = 1; k < kPeakChains; ++k) acc[0] = acc[0] + acc[k];
  *a.sink = sum_lanes(acc[0]);
  *a.flops += 2.0 * V::size * kPeakChains * static_cast<double>(end - begin);
}

}  // namespace dl::DL_ISA_NS
