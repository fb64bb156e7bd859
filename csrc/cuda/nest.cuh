// The offsets of one element of a Nest (core/nest.h), for kernels that read or write strided memory.
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

}  // namespace dl::cuda
