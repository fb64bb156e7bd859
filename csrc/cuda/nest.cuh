// A Nest (core/nest.h) in kernels that read or write strided memory: the offsets of an element, or of a pack.
#pragma once

#include "core/nest.h"
#include "cuda/launch.h"

namespace dl::cuda {

/// offset[k]: where element `item` of the nest lies in operand k, in elements.
template <int K>
__device__ __forceinline__ void nest_offsets(const Nest& nest, int64_t item, int64_t (&offset)[K]) {
  for (int k = 0; k < K; ++k) offset[k] = 0;
  for (int d = 0; d < nest.ndim; ++d) {
    const int64_t index = item % nest.size[d];
    item /= nest.size[d];
    for (int k = 0; k < K; ++k) offset[k] += index * nest.stride[k][d];
  }
}

/// Makes items of the nest packs of N elements, where all operands' lie side by side and at multiples of N from the
/// first; else leaves it. One dimension may end within its last pack.
template <int N, int K>
bool to_packs(Nest& nest) {
  if (nest.ndim > 1 && nest.size[0] % N != 0) return false;
  for (int k = 0; k < K; ++k) {
    if (nest.stride[k][0] != 1) return false;
    for (int d = 1; d < nest.ndim; ++d)
      if (nest.stride[k][d] % N != 0) return false;
  }
  nest.size[0] = (nest.size[0] + N - 1) / N;
  for (int k = 0; k < K; ++k) nest.stride[k][0] = N;
  return true;
}

}  // namespace dl::cuda
