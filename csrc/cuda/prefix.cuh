// Running totals of whole numbers: what comes before each thread of a block, and before each element of an array.
#pragma once

#include "cuda/reduce.cuh"
#include "cuda/scratch.h"

namespace dl::cuda {

constexpr unsigned kPrefixThreads = 256;
constexpr int64_t kPrefixTile = 2048;  // elements a block: eight rounds, so that few sums are left for the one block

/// Σ v of the threads before this one; *total: of all. All threads of a one-dimensional block take part, whose size is
/// a multiple of 32.
template <class T>
__device__ T sum_before(T v, T* total) {
  struct Held {
    T of_warp[32];
  };
  Held& held = shared<Held>();
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  T sum = v;
  for (unsigned distance = 1; distance < 32; distance *= 2) {
    const T below = __shfl_up_sync(~0u, sum, distance);
    if (lane >= distance) sum += below;
  }
  if (lane == 31) held.of_warp[warp] = sum;
  __syncthreads();
  T before = T(0), all = T(0);
  for (unsigned w = 0; w < blockDim.x / 32; ++w) {
    if (w == warp) before = all;
    all += held.of_warp[w];
  }
  __syncthreads();  // the next call writes held again
  *total = all;
  return before + sum - v;
}

template <class T>
static __global__ void tile_sums_kernel(const T* x, int64_t n, T* sums) {
  const int64_t first = blockIdx.x * kPrefixTile, last = first + kPrefixTile < n ? first + kPrefixTile : n;
  T sum = T(0);
  for (int64_t i = first + threadIdx.x; i < last; i += kPrefixThreads) sum += x[i];
  sum = block_reduce<SumOf>(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// A block a tile of x; before[tile], where given, is what comes before it. Coalesced: a round is one element a thread.
template <class T>
static __global__ void tile_prefix_kernel(T* x, int64_t n, int64_t tile, const T* before) {
  const int64_t first = blockIdx.x * tile, last = first + tile < n ? first + tile : n;
  T carry = before ? before[blockIdx.x] : T(0);
  for (int64_t round = first; round < last; round += kPrefixThreads) {
    const int64_t i = round + threadIdx.x;
    T total;
    const T sum = sum_before(i < last ? x[i] : T(0), &total);
    if (i < last) x[i] = carry + sum;
    carry += total;
  }
}

/// x[i] becomes x[0] + … + x[i - 1].
template <class T>
static void prefix_sums(const char* name, T* x, int64_t n) {
  const int64_t tiles = (n + kPrefixTile - 1) / kPrefixTile;
  const Shape one{.blocks = 1, .threads = kPrefixThreads};
  const Shape all{.blocks = dim3(static_cast<unsigned>(tiles)), .threads = kPrefixThreads};
  const Scratch sums(tiles > 1 ? static_cast<std::size_t>(tiles) * sizeof(T) : 0);
  T* const of_tile = sums.as<T>();
  if (tiles > 1) {
    launch(name, tile_sums_kernel<T>, all, x, n, of_tile);
    launch(name, tile_prefix_kernel<T>, one, of_tile, tiles, tiles, nullptr);
  }
  launch(name, tile_prefix_kernel<T>, tiles > 1 ? all : one, x, n, kPrefixTile, of_tile);
}

}  // namespace dl::cuda
