// out[i] = x[i] * scale where word i >= threshold, else 0 (dropout.h). Called by dropout.cpp on a range of groups.
// Limit: the generator's 10 rounds (2.5 operations a word), close to memory bandwidth.
#include "ops/dropout/dropout.h"

#include "blocks/random/philox.h"

namespace dl::DL_ISA_NS {

template <class T>
static void dropout(const DropoutArgs& a, int64_t begin, int64_t end) {
  const T *x = static_cast<const T*>(a.x), scale = static_cast<T>(a.scale);
  T* out = static_cast<T*>(a.out);
  const uint32_t threshold = a.threshold;
  uint32_t words[kGroup];
  for (int64_t group = begin; group < end; ++group) {
    philox_group(a.seed, a.position, group, words);
    const T* from = x + group * kGroup;
    T* to = out + group * kGroup;
    const int64_t left = a.n - group * kGroup;
    if (left >= kGroup) {
      for (int e = 0; e < kGroup; ++e) to[e] = words[e] >= threshold ? from[e] * scale : T(0);
    } else {
      for (int e = 0; e < left; ++e) to[e] = words[e] >= threshold ? from[e] * scale : T(0);
    }
  }
}

void dropout_f32(const DropoutArgs& a, int64_t b, int64_t e) { dropout<float>(a, b, e); }
void dropout_f64(const DropoutArgs& a, int64_t b, int64_t e) { dropout<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
