// out[i] = x[i] * scale where word i >= threshold, else 0 (dropout.h). Called by dropout.cpp for all groups at once. A
// thread owns a counter of the generator: 4 elements, 16 apart, beside its neighbours'.
// Limit: memory bandwidth; the generator's 10 rounds come close.
#include "blocks/random/philox.h"
#include "cuda/launch.h"
#include "ops/dropout/dropout.h"

namespace dl::cuda {

template <class T>
static __global__ void dropout_kernel(DropoutArgs a, int64_t counters) {
  const T *x = static_cast<const T*>(a.x), scale = static_cast<T>(a.scale);
  T* out = static_cast<T*>(a.out);
  for (int64_t counter = first_item(); counter < counters; counter += item_step()) {
    uint32_t words[4];
    philox(a.seed, a.position + static_cast<uint64_t>(counter), words);
    const int64_t first = counter / kCounters * kGroup + counter % kCounters;
    DL_UNROLL
    for (int w = 0; w < 4; ++w) {
      const int64_t i = first + w * kCounters;
      if (i < a.n) out[i] = words[w] >= a.threshold ? x[i] * scale : T(0);
    }
  }
}

template <class T>
static void dropout(const DropoutArgs& a, int64_t groups) {
  launch("dropout", dropout_kernel<T>, grid_stride(groups * kCounters), a, groups * kCounters);
}

void dropout_f32(const DropoutArgs& a, int64_t, int64_t groups) { dropout<float>(a, groups); }
void dropout_f64(const DropoutArgs& a, int64_t, int64_t groups) { dropout<double>(a, groups); }

}  // namespace dl::cuda
