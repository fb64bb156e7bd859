// Reductions over a warp and a block. The order of the operations depends on the block's shape alone, so every run
// gives the same bits; every thread gets the result.
#pragma once

#include "cuda/launch.h"

namespace dl::cuda {

struct SumOf {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct MaxOf {  // a NaN wins
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};

/// All 32 lanes take part. A butterfly: 5 shuffles.
template <class Op, class T>
__device__ T warp_reduce(T v, Op op = {}) {
  for (int distance = 16; distance > 0; distance /= 2) v = op(v, static_cast<T>(__shfl_xor_sync(~0u, v, distance)));
  return v;
}

/// All threads of a one-dimensional block take part, whose size is a multiple of 32.
template <class Op, class T>
__device__ T block_reduce(T v, Op op = {}) {
  struct Partial {
    T of_warp[32];
  };
  Partial& partial = shared<Partial>();
  const unsigned warp = threadIdx.x / 32, warps = blockDim.x / 32;
  v = warp_reduce(v, op);
  if (threadIdx.x % 32 == 0) partial.of_warp[warp] = v;
  __syncthreads();
  T total = partial.of_warp[0];
  for (unsigned w = 1; w < warps; ++w) total = op(total, partial.of_warp[w]);
  __syncthreads();  // the next call writes partial again
  return total;
}

}  // namespace dl::cuda
