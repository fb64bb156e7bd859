// Counting on CUDA: what is not 0, and equal numbers (index.h).
#pragma once

#include "cuda/prefix.cuh"
#include "cuda/vec128.cuh"
#include "ops/index/index.h"

namespace dl::cuda {

constexpr unsigned kCountThreads = 256;
constexpr int kBools = 8;        // a thread's of NonzeroArgs::chunk: one load
constexpr int kHeldBins = 4096;  // 32-bit counts of a block: 16 KB, so that an SM holds 8 blocks' and more

struct Bools {
  uint8_t of[kBools];
  int64_t first;

  __device__ Bools(const uint8_t* x, int64_t n, int64_t chunk) : first(blockIdx.x * chunk + threadIdx.x * kBools) {
    if (first + kBools <= n && is_aligned<kBools>(x)) {
      const Pack<uint8_t, kBools> pack = load_pack<kBools>(x + first);
      DL_UNROLL
      for (int k = 0; k < kBools; ++k) of[k] = pack.of[k];
    } else {
      DL_UNROLL
      for (int k = 0; k < kBools; ++k) of[k] = first + k < n ? x[first + k] : 0;
    }
  }
  __device__ int count() const {
    int n = 0;
    DL_UNROLL
    for (int k = 0; k < kBools; ++k) n += of[k];
    return n;
  }
};

static __global__ void count_nonzero_kernel(NonzeroArgs a) {
  const int count = block_reduce<SumOf>(Bools(a.x, a.n, a.chunk).count());
  if (threadIdx.x > 0) return;
  a.start[blockIdx.x] = count;
  if (blockIdx.x == 0) a.start[gridDim.x] = 0;
}

static __global__ void write_nonzero_kernel(const __grid_constant__ NonzeroArgs a) {
  const Bools bools(a.x, a.n, a.chunk);
  int all;
  int64_t* row = a.rows + (a.start[blockIdx.x] + sum_before(bools.count(), &all)) * a.ndim;
  DL_UNROLL
  for (int k = 0; k < kBools; ++k) {
    if (!bools.of[k]) continue;
    int64_t at = bools.first + k;
    for (int d = a.ndim - 1; d >= 0; --d) {
      row[d] = at % a.shape[d];
      at /= a.shape[d];
    }
    row += a.ndim;
  }
}

static Shape chunks_of(const NonzeroArgs& a) {
  return {.blocks = dim3(static_cast<unsigned>((a.n + a.chunk - 1) / a.chunk)), .threads = kCountThreads};
}
static void count_nonzero(const NonzeroArgs& a) {
  const Shape shape = chunks_of(a);
  launch("nonzero_count", count_nonzero_kernel, shape, a);
  prefix_sums("nonzero_count", a.start, static_cast<int64_t>(shape.blocks.x) + 1);
}
static void write_nonzero(const NonzeroArgs& a) { launch("nonzero", write_nonzero_kernel, chunks_of(a), a); }

using Count = unsigned long long;  // as atomics take them

static __global__ void clear_kernel(Count* to) { *to = 0; }

static __global__ void largest_number_kernel(const int64_t* x, int64_t n, Count* most) {
  Count largest = 0;
  for (int64_t i = first_item(); i < n; i += item_step()) largest = MaxOf()(largest, static_cast<Count>(x[i]));
  largest = block_reduce<MaxOf>(largest);
  if (threadIdx.x == 0) atomicMax(most, largest);
}

// Blocks count in shared memory where their bins fit, so that few additions meet at one address of all blocks.
template <bool held>
static __global__ void count_numbers_kernel(BincountArgs a, int64_t n) {
  struct Held {
    unsigned of[held ? kHeldBins : 1];
  };
  Count* const counts = reinterpret_cast<Count*>(a.counts);
  Held& here = shared<Held>();
  for (int64_t v = threadIdx.x; held && v < a.bins; v += blockDim.x) here.of[v] = 0;
  __syncthreads();
  for (int64_t i = first_item(); i < n; i += item_step()) {
    const int64_t v = a.x[i];
    if constexpr (held)
      atomicAdd(&here.of[v], 1);
    else
      atomicAdd(counts + v, 1);
  }
  __syncthreads();
  for (int64_t v = threadIdx.x; held && v < a.bins; v += blockDim.x)
    if (here.of[v]) atomicAdd(counts + v, here.of[v]);
}

static void largest_number(const BincountArgs& a, int64_t n) {
  Count* const most = reinterpret_cast<Count*>(a.most);
  launch("bincount", clear_kernel, {.blocks = 1, .threads = 1}, most);
  launch("bincount", largest_number_kernel, grid_stride(n), a.x, n, most);
}
static void count_numbers(const BincountArgs& a, int64_t n) {
  launch("bincount", a.bins <= kHeldBins ? count_numbers_kernel<true> : count_numbers_kernel<false>, grid_stride(n), a,
         n);
}

}  // namespace dl::cuda
