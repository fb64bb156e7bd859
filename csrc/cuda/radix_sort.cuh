// Rows of unsigned entries sorted by some of their bits: stable, least digit first, 8 bits a pass (Knuth, "The Art of
// Computer Programming" 3, 5.2.5). A pass counts the digits of each tile, adds up the counts, and places the entries:
// each is read and written once. Nothing depends on the order in which blocks run.
// Limit: memory bandwidth; below some 100 000 entries, five launches a pass.
#pragma once

#include "cuda/prefix.cuh"

namespace dl::cuda {

constexpr int kDigits = 256, kSortWarps = 8, kSortItems = 8;  // a thread's entries: 16-byte ones fill 32 registers
constexpr int kSortThreads = 32 * kSortWarps;
constexpr int64_t kSortTile = kSortThreads * kSortItems;

template <class E>
__device__ __forceinline__ unsigned digit_of(E entry, int shift) {
  return static_cast<unsigned>(entry >> shift) & (kDigits - 1);
}

// counts[row][digit][tile]: added up in this order they are where each tile's equal digits begin.
template <class E>
static __global__ void count_digits_kernel(const E* entries, int64_t n, int64_t tiles, int shift, int32_t* counts) {
  static_assert(kSortThreads == kDigits, "a thread a digit");
  struct Held {
    int of[kDigits];
  };
  Held& held = shared<Held>();
  held.of[threadIdx.x] = 0;
  __syncthreads();
  const int64_t row = blockIdx.x / tiles, tile = blockIdx.x % tiles, first = tile * kSortTile;
  const int64_t last = first + kSortTile < n ? first + kSortTile : n;
  for (int64_t i = first + threadIdx.x; i < last; i += kSortThreads)
    atomicAdd(&held.of[digit_of(entries[row * n + i], shift)], 1);
  __syncthreads();
  counts[(row * kDigits + threadIdx.x) * tiles + tile] = held.of[threadIdx.x];
}

// A warp's entries are neighbours, 32 at a time: the place of one among its equals is how many lanes below and earlier
// rounds have its digit, then those of the warps before.
template <class E>
static __global__ void place_entries_kernel(const E* from, int64_t n, int64_t tiles, int shift, const int32_t* starts,
                                            E* to) {
  struct Held {
    int of[kSortWarps][kDigits];
  };
  Held& held = shared<Held>();
  for (int w = 0; w < kSortWarps; ++w) held.of[w][threadIdx.x] = 0;
  __syncthreads();
  const int64_t row = blockIdx.x / tiles, tile = blockIdx.x % tiles;
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64_t first = tile * kSortTile + warp * (32 * kSortItems) + lane;
  E entry[kSortItems];
  int before[kSortItems];
  DL_UNROLL
  for (int k = 0; k < kSortItems; ++k) {
    const bool in = first + 32 * k < n;
    entry[k] = in ? from[row * n + first + 32 * k] : E(0);
    const unsigned digit = in ? digit_of(entry[k], shift) : kDigits;
    const unsigned equals = __match_any_sync(~0u, digit);
    const int below = __popc(equals & ((1u << lane) - 1)), earlier = in ? held.of[warp][digit] : 0;
    before[k] = earlier + below;
    __syncwarp();
    if (in && below == 0) held.of[warp][digit] = earlier + __popc(equals);
    __syncwarp();
  }
  __syncthreads();
  int at = starts[(row * kDigits + threadIdx.x) * tiles + tile];
  for (int w = 0; w < kSortWarps; ++w) {
    const int count = held.of[w][threadIdx.x];
    held.of[w][threadIdx.x] = at;
    at += count;
  }
  __syncthreads();
  DL_UNROLL
  for (int k = 0; k < kSortItems; ++k)
    if (first + 32 * k < n) to[held.of[warp][digit_of(entry[k], shift)] + before[k]] = entry[k];
}

/// Memory for rows × n entries, together less than 2^31, and their sort. Write them to `entries`, sort, read `entries`.
template <class E>
class RadixSort {
 public:
  RadixSort(int64_t rows, int64_t n)
      : rows_(rows),
        n_(n),
        tiles_((n + kSortTile - 1) / kSortTile),
        a_(bytes()),
        b_(bytes()),
        counts_(static_cast<std::size_t>(rows * tiles_ * kDigits) * sizeof(int32_t)) {
    entries = a_.template as<E>();
  }
  /// Each row by bits [low, high).
  void sort(const char* name, int low, int high) {
    if (rows_ * n_ == 0) return;
    const Shape shape{.blocks = dim3(static_cast<unsigned>(rows_ * tiles_)), .threads = kSortThreads};
    int32_t* const counts = counts_.as<int32_t>();
    for (int shift = low; shift < high; shift += 8) {
      E* const to = entries == a_.template as<E>() ? b_.template as<E>() : a_.template as<E>();
      launch(name, count_digits_kernel<E>, shape, entries, n_, tiles_, shift, counts);
      prefix_sums(name, counts, rows_ * tiles_ * kDigits);
      launch(name, place_entries_kernel<E>, shape, entries, n_, tiles_, shift, counts, to);
      entries = to;
    }
  }
  E* entries;

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(rows_ * n_) * sizeof(E); }
  int64_t rows_, n_, tiles_;
  Scratch a_, b_, counts_;
};

}  // namespace dl::cuda
