// sum[t] += pairs of A × pairs of B. Called by peak.cpp.
// Limit: the multiply units, a product of 64 FLOP a cycle (Zen 4); each waits 6 cycles for its last sum.
#include <immintrin.h>

#include "blocks/peak/peak.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

void fma_peak_bf16(const PeakArgs& a, int64_t begin, int64_t end) {
  const auto small = (__m512bh)_mm512_set1_epi32(0x2b802b80);  // 2^-40 twice: sums stay finite
  __m512 sum[kPeakChains] = {};
  for (int64_t i = begin; i < end; ++i)
#pragma GCC unroll 12
    for (int c = 0; c < kPeakChains; ++c) {
      sum[c] = _mm512_dpbf16_ps(sum[c], small, small);
      asm("" : "+v"(sum[c]));
    }
  for (int c = 1; c < kPeakChains; ++c) sum[0] = _mm512_add_ps(sum[0], sum[c]);
  *a.sink = _mm512_cvtss_f32(sum[0]);
  *a.flops += 64.0 * kPeakChains * static_cast<double>(end - begin);
}

}  // namespace dl::DL_ISA_NS
