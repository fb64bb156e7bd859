// Kernels of float32 on bfloat16 in memory: a tile of each operand is widened into L1, computed there, and rounded once
// on its way out. Every formula has its bfloat16 row this way, without a body of its own; the pass through L1 is hidden
// by the wait for memory.
#pragma once
#include "simd/half.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

constexpr int64_t kWideTile = 1024;  // elements: 4 KB an operand, four of them and the result in half of L1

static inline void widen_run(const BFloat16* x, int64_t step, float* to, int64_t n) {
  if (step == 1)
    for (int64_t i = 0; i < n; ++i) to[i] = widen(x[i]);
  else
    for (int64_t i = 0; i < n; ++i) to[i] = widen(x[i * step]);
}

static inline void narrow_run(const float* x, BFloat16* to, int64_t step, int64_t n) {
  if (step == 1)
    for (int64_t i = 0; i < n; ++i) to[i] = narrow<BFloat16>(x[i]);
  else
    for (int64_t i = 0; i < n; ++i) to[i * step] = narrow<BFloat16>(x[i]);
}

}  // namespace dl::DL_ISA_NS
