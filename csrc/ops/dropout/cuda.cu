// out[i] = x[i] * scale where word i >= threshold, else 0 (dropout.h). Called by dropout.cpp for all groups at once. A
// thread owns neighbouring counters of the generator, as many as make 16 bytes: 4 such runs of elements, 16 apart.
// Limit: memory bandwidth; the generator's 10 rounds come close.
#include "blocks/random/philox.h"
#include "cuda/vec128.cuh"
#include "ops/dropout/dropout.h"

namespace dl::cuda {

template <class T>
static __global__ void dropout_kernel(DropoutArgs a, int64_t counters) {
  constexpr int kRun = Vec128<T>::size;
  const T *x = static_cast<const T*>(a.x), scale = static_cast<T>(a.scale);
  T* out = static_cast<T*>(a.out);
  const bool aligned = all_aligned<T, kRun>(x, out);
  for (int64_t counter = first_item() * kRun; counter < counters; counter += item_step() * kRun) {
    const int64_t first = counter / kCounters * kGroup + counter % kCounters;
    Pack<T, kRun> v[4];
    DL_UNROLL
    for (int w = 0; w < 4; ++w) v[w] = load_run_before<kRun>(x, first + w * kCounters, a.n, aligned);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) {
      uint32_t words[4];
      philox(a.seed, a.position + static_cast<uint64_t>(counter + e), words);
      DL_UNROLL
      for (int w = 0; w < 4; ++w) v[w].of[e] = words[w] >= a.threshold ? v[w].of[e] * scale : T(0);
    }
    DL_UNROLL
    for (int w = 0; w < 4; ++w) store_run_before(out, first + w * kCounters, a.n, v[w], aligned);
  }
}

template <class T>
static void dropout(const DropoutArgs& a, int64_t groups) {
  const int64_t counters = groups * kCounters;
  launch("dropout", dropout_kernel<T>, grid_stride(counters / Vec128<T>::size), a, counters);
}

void dropout_f32(const DropoutArgs& a, int64_t, int64_t groups) { dropout<float>(a, groups); }
void dropout_f64(const DropoutArgs& a, int64_t, int64_t groups) { dropout<double>(a, groups); }

}  // namespace dl::cuda
