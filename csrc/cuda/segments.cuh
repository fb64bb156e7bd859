// Positions sorted by the key found there: a stable radix sort, 8 bits a pass, and where each key's positions begin.
// What a gradient with rows named many times is summed by, in order and without atomics on floats.
#pragma once

#include "cuda/launch.h"
#include "cuda/scratch.h"

namespace dl::cuda {

constexpr int kDigits = 256, kSortTile = 256;  // a thread an item: it counts the equal digits before it in its tile

struct SortItem {
  int32_t key, place;
};

__device__ __forceinline__ int digit_of(SortItem item, int shift) { return item.key >> shift & (kDigits - 1); }

// Keys outside [0, keys), and `skipped`, sort behind all others.
static __global__ void number_items_kernel(const int64_t* keys, int64_t n, int64_t limit, int64_t skipped,
                                           SortItem* to) {
  for (int64_t i = first_item(); i < n; i += item_step()) {
    const bool counts = keys[i] >= 0 && keys[i] < limit && keys[i] != skipped;
    to[i] = {static_cast<int32_t>(counts ? keys[i] : limit), static_cast<int32_t>(i)};
  }
}

// counts[digit][tile]
static __global__ void count_digits_kernel(const SortItem* items, int64_t n, int shift, int32_t* counts) {
  struct Held {
    int of[kDigits];
  };
  Held& held = shared<Held>();
  held.of[threadIdx.x] = 0;
  __syncthreads();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kSortTile + threadIdx.x;
  if (i < n) atomicAdd(&held.of[digit_of(items[i], shift)], 1);
  __syncthreads();
  counts[static_cast<int64_t>(threadIdx.x) * gridDim.x + blockIdx.x] = held.of[threadIdx.x];
}

// Each count becomes the sum of those before it. One block: a thread sums its share, then adds the threads before.
static __global__ void scan_counts_kernel(int32_t* counts, int64_t n) {
  struct Held {
    int of[kSortTile];
  };
  Held& held = shared<Held>();
  const int64_t share = (n + kSortTile - 1) / kSortTile, first = threadIdx.x * share;
  const int64_t last = first + share < n ? first + share : n;
  int sum = 0;
  for (int64_t i = first; i < last; ++i) sum += counts[i];
  held.of[threadIdx.x] = sum;
  __syncthreads();
  int before = 0;
  for (unsigned t = 0; t < threadIdx.x; ++t) before += held.of[t];
  for (int64_t i = first; i < last; ++i) {
    const int here = counts[i];
    counts[i] = before;
    before += here;
  }
}

static __global__ void place_items_kernel(const SortItem* items, int64_t n, int shift, const int32_t* starts,
                                          SortItem* to) {
  struct Held {
    int of[kSortTile];
  };
  Held& held = shared<Held>();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kSortTile + threadIdx.x;
  const int digit = i < n ? digit_of(items[i], shift) : -1;
  held.of[threadIdx.x] = digit;
  __syncthreads();
  if (i >= n) return;
  int before = 0;
  for (unsigned t = 0; t < threadIdx.x; ++t) before += held.of[t] == digit;
  to[starts[static_cast<int64_t>(digit) * gridDim.x + blockIdx.x] + before] = items[i];
}

// start[v]: of key v's items; start[limit]: behind the last that counts.
static __global__ void find_starts_kernel(const SortItem* items, int64_t n, int64_t limit, int32_t* start) {
  for (int64_t i = first_item(); i <= n; i += item_step()) {
    const int64_t from = i == 0 ? 0 : items[i - 1].key + 1, to = i == n ? limit : items[i].key;
    for (int64_t v = from; v <= to; ++v) start[v] = static_cast<int32_t>(i);
  }
}

/// Of n keys in [0, limit): items.at(start[v]) … items.at(start[v + 1] - 1) are the places of key v, ascending.
class Segments {
 public:
  Segments(const int64_t* keys, int64_t n, int64_t limit, int64_t skipped)
      : a_(bytes(n)), b_(bytes(n)), start_(static_cast<std::size_t>(limit + 1) * sizeof(int32_t)) {
    const int64_t tiles = (n + kSortTile - 1) / kSortTile;
    const Scratch counts(static_cast<std::size_t>(tiles * kDigits) * sizeof(int32_t));
    SortItem *from = a_.as<SortItem>(), *to = b_.as<SortItem>();
    if (n) launch("segments", number_items_kernel, grid_stride(n), keys, n, limit, skipped, from);
    const Shape shape{.blocks = dim3(static_cast<unsigned>(tiles)), .threads = dim3(kSortTile)};
    for (int shift = 0; n && limit >> shift > 0; shift += 8) {
      launch("segments", count_digits_kernel, shape, from, n, shift, counts.as<int32_t>());
      launch("segments", scan_counts_kernel, {.blocks = 1, .threads = kSortTile}, counts.as<int32_t>(),
             tiles * kDigits);
      launch("segments", place_items_kernel, shape, from, n, shift, counts.as<const int32_t>(), to);
      SortItem* const sorted = to;
      to = from;
      from = sorted;
    }
    items = from;
    launch("segments", find_starts_kernel, grid_stride(n + 1), items, n, limit, start_.as<int32_t>());
    start = start_.as<const int32_t>();
  }
  const SortItem* items;
  const int32_t* start;

 private:
  static std::size_t bytes(int64_t n) { return static_cast<std::size_t>(n) * sizeof(SortItem); }
  Scratch a_, b_, start_;
};

}  // namespace dl::cuda
