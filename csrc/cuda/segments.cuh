// Places sorted by the key found there, and where each key's places begin. What a gradient with rows named many times
// is summed by, in order and without atomics on floats.
#pragma once

#include "cuda/radix_sort.cuh"

namespace dl::cuda {

/// A key above a place: sorted by the key, equals stay in the order of their places.
using KeyedPlace = uint64_t;
__device__ __forceinline__ KeyedPlace keyed_place(int64_t key, int64_t place) {
  return static_cast<KeyedPlace>(key) << 32 | static_cast<KeyedPlace>(place);
}
__device__ __forceinline__ int64_t key_of(KeyedPlace e) { return static_cast<int64_t>(e >> 32); }
__device__ __forceinline__ int64_t place_of(KeyedPlace e) { return static_cast<int64_t>(e & 0xffffffff); }

/// n of them, whose keys are at most `most`.
inline void sort_by_key(RadixSort<KeyedPlace>* items, int64_t most) {
  items->sort("sort_by_key", 32, most ? 96 - __builtin_clzll(static_cast<unsigned long long>(most)) : 32);
}

// Keys outside [0, limit), and `skipped`, sort behind all others.
static __global__ void number_items_kernel(const int64_t* keys, int64_t n, int64_t limit, int64_t skipped,
                                           KeyedPlace* to) {
  for (int64_t i = first_item(); i < n; i += item_step()) {
    const int64_t key = keys[i], held = key < limit ? key : limit;
    to[i] = keyed_place(key < 0 || key == skipped ? limit : held, i);
  }
}

// start[v]: of key v's items; start[limit]: behind the last that counts.
static __global__ void find_starts_kernel(const KeyedPlace* items, int64_t n, int64_t limit, int32_t* start) {
  for (int64_t i = first_item(); i <= n; i += item_step()) {
    const int64_t from = i == 0 ? 0 : key_of(items[i - 1]) + 1, to = i == n ? limit : key_of(items[i]);
    for (int64_t v = from; v <= to; ++v) start[v] = static_cast<int32_t>(i);
  }
}

/// Of n keys in [0, limit): items[start[v]] … items[start[v + 1] - 1] are the places of key v, ascending.
class Segments {
 public:
  Segments(const int64_t* keys, int64_t n, int64_t limit, int64_t skipped)
      : sort_(1, n), start_(static_cast<std::size_t>(limit + 1) * sizeof(int32_t)) {
    if (n) launch("segments", number_items_kernel, grid_stride(n), keys, n, limit, skipped, sort_.entries);
    sort_by_key(&sort_, limit);
    items = sort_.entries;
    launch("segments", find_starts_kernel, grid_stride(n + 1), items, n, limit, start_.as<int32_t>());
    start = start_.as<const int32_t>();
  }
  const KeyedPlace* items;
  const int32_t* start;

 private:
  RadixSort<KeyedPlace> sort_;
  Scratch start_;
};

}  // namespace dl::cuda
