// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): 128 random bits from a 64-bit
// key and a 128-bit counter. A stream's draws come in groups of 64 words from 16 consecutive counters: word w of
// counter k is draw 16 w + k of its group, so that every vector width up to 16 lanes stores whole vectors, and so does
// a CUDA thread that owns neighbouring counters. Draw i depends on (seed, position, i) alone.
#pragma once
#include "core/dtype.h"
#ifndef __CUDACC__
#include "simd/vec.h"
#endif

namespace dl::DL_ISA_NS {

constexpr int kCounters = 16, kGroup = 4 * kCounters;
constexpr uint32_t kMul0 = 0xD2511F53, kMul1 = 0xCD9E8D57, kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

// The 4 words of one counter: what CUDA calls, and the plain statement of what philox_group computes.
DL_HD inline void philox(uint64_t seed, uint64_t counter, uint32_t* words) {
  uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32), c2 = 0, c3 = 0;
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round, k0 += kWeyl0, k1 += kWeyl1) {
    const uint64_t p0 = uint64_t{kMul0} * c0, p1 = uint64_t{kMul1} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

#ifndef __CUDACC__
// The 64 words of group `group` of the stream that begins at `position`. A word lives in the low half of a 64-bit lane,
// whose high half is never read: the 32 × 32 → 64 bit product is one instruction there.
inline void philox_group(uint64_t seed, uint64_t position, int64_t group, uint32_t* words) {
  using V = Vec<int64_t>;
  constexpr int S = V::size, N = kCounters / S;
  const uint64_t first = position + static_cast<uint64_t>(group) * kCounters;
  typename V::Native lane, c0[N], c1[N], c2[N], c3[N];
  for (int k = 0; k < S; ++k) lane[k] = k;
  for (int n = 0; n < N; ++n) {
    c0[n] = lane + static_cast<int64_t>(first + static_cast<uint64_t>(n * S));
    c1[n] = c0[n] >> 32;
    c2[n] = c3[n] = typename V::Native{};
  }
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round, k0 += kWeyl0, k1 += kWeyl1)
    for (int n = 0; n < N; ++n) {
      const auto p0 = multiply_low_halves(V(c0[n]), V(int64_t{kMul0})).v;
      const auto p1 = multiply_low_halves(V(c2[n]), V(int64_t{kMul1})).v;
      c0[n] = (p1 >> 32) ^ c1[n] ^ int64_t { k0 };
      c2[n] = (p0 >> 32) ^ c3[n] ^ int64_t { k1 };
      c1[n] = p1;
      c3[n] = p0;
    }
  typedef uint32_t Half __attribute__((vector_size(DL_VEC_BYTES / 2)));
  for (int n = 0; n < N; ++n) {
    const Half out[4] = {__builtin_convertvector(c0[n], Half), __builtin_convertvector(c1[n], Half),
                         __builtin_convertvector(c2[n], Half), __builtin_convertvector(c3[n], Half)};
    for (int w = 0; w < 4; ++w) __builtin_memcpy(words + w * kCounters + n * S, &out[w], sizeof(Half));
  }
}
#endif

}  // namespace dl::DL_ISA_NS
