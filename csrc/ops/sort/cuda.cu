// Rows in order (sort.h). Called by sort.cpp for all rows at once. Entries are the CPU's: no two are equal, so that any
// sort is stable. Rows that fit shared memory are sorted there, several a block, by Batcher's bitonic network (Knuth,
// "The Art of Computer Programming" 3, 5.2.2); longer ones by cuda/radix_sort.cuh. topk and kth take theirs from a
// sorted row. Limit: short rows, the network's barriers; long ones, memory bandwidth: each 8 bits read and write all.
#include "cuda/radix_sort.cuh"
#include "ops/sort/formula.h"
#include "ops/sort/sort.h"

namespace dl::cuda {

constexpr int64_t kHeldBytes = 16 << 10;   // of a block's entries: 2048 of 8 bytes, so that an SM has room for 8 blocks
constexpr unsigned kNetworkThreads = 256;  // 4 exchanges each in a step of the network
constexpr int64_t kGroupEntries = 1LL << 27;  // long rows sorted at a time: 1 GB of entries, or 2, twice

enum class Wanted { first, kth };

// Result j of a sorted row: its index, and the element there.
template <class C, Wanted wanted, class K>
static __device__ void write_result(const SortArgs& a, int64_t row, int64_t j, const typename C::Entry* sorted) {
  using Key = typename C::Key;
  int64_t place = j;
  if (wanted == Wanted::kth) {
    place = a.rank - 1;
    if (K::has_nan && a.nan_first && C::key_of(sorted[a.n - 1]) == K::nan) {
      place = a.n - 1;
      for (int64_t below = -1; place - below > 1;) {  // NaNs are last: to the first of them
        const int64_t middle = below + (place - below) / 2;
        if (C::key_of(sorted[middle]) == K::nan)
          place = middle;
        else
          below = middle;
      }
    }
  }
  const int64_t index = C::index_of(sorted[place]);
  a.indices[row * a.k + j] = index;
  static_cast<Key*>(a.values)[row * a.k + j] = static_cast<const Key*>(a.x)[row * a.n + index];
}

// A block sorts blockDim.y rows of `length`, a power of two: the row's entries, and above them what sorts behind all.
template <class C, Wanted wanted, class K>
static __global__ void short_rows_kernel(SortArgs a, int64_t rows, int64_t length) {
  using Entry = typename C::Entry;
  Entry* const held = dynamic_shared<Entry>();
  const int64_t each = kHeldBytes / static_cast<int64_t>(sizeof(Entry)) / length, first = blockIdx.x * each;
  const int64_t mine = rows - first < each ? rows - first : each, entries = mine * length;
  for (int64_t at = threadIdx.x; at < entries; at += kNetworkThreads) {
    const int64_t i = at % length;
    held[at] =
        i < a.n ? C::entry(static_cast<const typename C::Key*>(a.x)[(first + at / length) * a.n + i], i) : ~Entry(0);
  }
  __syncthreads();
  for (int64_t size = 2; size <= length; size *= 2)
    for (int64_t stride = size / 2; stride > 0; stride /= 2) {
      for (int64_t pair = threadIdx.x; pair < entries / 2; pair += kNetworkThreads) {
        const int64_t low = pair / stride * (2 * stride) + pair % stride, high = low + stride;
        const bool ascending = (low % length & size) == 0;
        const Entry x = held[low], y = held[high];
        if ((y < x) == ascending) {
          held[low] = y;
          held[high] = x;
        }
      }
      __syncthreads();
    }
  for (int64_t at = threadIdx.x; at < mine * a.k; at += kNetworkThreads)
    write_result<C, wanted, K>(a, first + at / a.k, at % a.k, held + at / a.k * length);
}

template <class C>
static __global__ void make_entries_kernel(const typename C::Key* x, int64_t n, int64_t items,
                                           typename C::Entry* entries) {
  for (int64_t item = first_item(); item < items; item += item_step()) entries[item] = C::entry(x[item], item % n);
}

template <class C, Wanted wanted, class K>
static __global__ void write_results_kernel(SortArgs a, int64_t first_row, int64_t items,
                                            const typename C::Entry* sorted) {
  for (int64_t item = first_item(); item < items; item += item_step())
    write_result<C, wanted, K>(a, first_row + item / a.k, item % a.k, sorted + item / a.k * a.n);
}

template <class K, bool descending, Wanted wanted>
static void sort_rows(const char* name, const SortArgs& a, int64_t rows) {
  using C = Coded<K, descending>;
  using Entry = typename C::Entry;
  constexpr int64_t kHeld = kHeldBytes / static_cast<int64_t>(sizeof(Entry));
  if (a.n <= kHeld) {
    int64_t length = 1;
    while (length < a.n) length *= 2;
    const int64_t each = kHeld / length;
    const Shape shape{.blocks = dim3(static_cast<unsigned>((rows + each - 1) / each)),
                      .threads = kNetworkThreads,
                      .shared_bytes = static_cast<std::size_t>(kHeldBytes)};
    return launch(name, short_rows_kernel<C, wanted, K>, shape, a, rows, length);
  }
  const int64_t group = a.n < kGroupEntries ? kGroupEntries / a.n : 1;
  for (int64_t first = 0; first < rows; first += group) {
    const int64_t count = rows - first < group ? rows - first : group;
    const auto* x = static_cast<const typename C::Key*>(a.x) + first * a.n;
    RadixSort<Entry> sort(count, a.n);
    launch(name, make_entries_kernel<C>, grid_stride(count * a.n), x, a.n, count * a.n, sort.entries);
    sort.sort(name, C::shift, C::shift + 8 * C::digits);
    launch(name, write_results_kernel<C, wanted, K>, grid_stride(count * a.k), a, first, count * a.k, sort.entries);
  }
}

template <class K>
static void in_order(const char* name, const SortArgs& a, int64_t rows) {
  a.descending ? sort_rows<K, true, Wanted::first>(name, a, rows) : sort_rows<K, false, Wanted::first>(name, a, rows);
}

// The first place whose element is not less than (right: is greater than) the value; after all of them for NaN.
template <class T>
static __global__ void search_kernel(SearchArgs a, int64_t items) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const T* sorted = static_cast<const T*>(a.sorted) + item / a.each * a.row_step;
    const T value = static_cast<const T*>(a.values)[item];
    int64_t first = 0;
    for (int64_t size = a.n; size > 0;) {
      const int64_t half = (size + 1) / 2;
      const T x = sorted[first + half - 1];
      if (a.right ? !(x > value) : !(x >= value)) first += half;
      size -= half;
    }
    a.out[item] = first;
  }
}

#define KERNELS(SUFFIX, KEY) \
  void sort_##SUFFIX(const SortArgs& a, int64_t, int64_t n) { in_order<KEY>("sort", a, n); } \
  void topk_##SUFFIX(const SortArgs& a, int64_t, int64_t n) { in_order<KEY>("topk", a, n); } \
  void kth_##SUFFIX(const SortArgs& a, int64_t, int64_t n) { sort_rows<KEY, false, Wanted::kth>("kth", a, n); }
#define SEARCH(SUFFIX, T) \
  void searchsorted_##SUFFIX(const SearchArgs& a, int64_t, int64_t n) { \
    launch("searchsorted", search_kernel<T>, grid_stride(n), a, n); \
  }

KERNELS(u8, KeyU8)
KERNELS(i32, KeyI32)
KERNELS(i64, KeyI64)
KERNELS(f16, KeyF16)
KERNELS(bf16, KeyBF16)
KERNELS(f32, KeyF32)
KERNELS(f64, KeyF64)
SEARCH(u8, uint8_t)
SEARCH(i32, int32_t)
SEARCH(i64, int64_t)
SEARCH(f32, float)
SEARCH(f64, double)

}  // namespace dl::cuda
