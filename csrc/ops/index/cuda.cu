// Moves single elements where indices say (index.h). Called by index.cpp and several.cpp for all of them at once.
// gather: a thread an element of the result, beside its neighbours'. scatter: a thread a line, index after index, where
// there are many lines or few indices; else the indices are sorted, stably, and the thread at the first of equal ones
// adds them all, in order (of those that replace, the last one's writes). So both are the CPU's bits.
// Limit: memory bandwidth where neighbours' indices are near each other, 32-byte sectors where not; the sort.
#include "cuda/nest.cuh"
#include "cuda/segments.cuh"
#include "ops/index/counts.cuh"
#include "ops/index/index.h"

namespace dl::cuda {

constexpr int64_t kManyLines = 1 << 14;  // threads: from here on waiting for memory costs less than sorting
constexpr int64_t kFewIndices = 16;  // of a line: reading them one after the other costs less than a sort's launches

__device__ __forceinline__ bool is_in(int64_t index, int64_t limit) { return index >= 0 && index < limit; }

template <class T>
static __global__ void gather_kernel(IndexArgs a, int64_t items) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    int64_t at[3];
    nest_offsets(a.nest, item, at);
    const int64_t index = a.index[at[1]];
    static_cast<T*>(a.out)[at[0]] = is_in(index, a.limit) ? static_cast<const T*>(a.in)[at[2] + index * a.step] : T(0);
  }
}

struct Set {
  static constexpr bool last_stays = true;
  template <class T>
  static __device__ void to(T& d, T s) {
    d = s;
  }
};
struct Add {
  static constexpr bool last_stays = false;
  template <class T>
  static __device__ void to(T& d, T s) {
    d += s;
  }
};
struct Or {
  static constexpr bool last_stays = false;
  static __device__ void to(uint8_t& d, uint8_t s) { d |= s; }
};

template <class T, class Op>
static __global__ void scatter_lines_kernel(IndexArgs a, int64_t lines) {
  for (int64_t line = first_item(); line < lines; line += item_step()) {
    int64_t at[3];
    nest_offsets(a.nest, line, at);
    T* out = static_cast<T*>(a.out) + at[0];
    const T* in = static_cast<const T*>(a.in) + at[2];
    for (int64_t j = 0; j < a.count; ++j) {
      const int64_t index = a.index[at[1] + j * a.index_step];
      if (is_in(index, a.limit)) Op::to(out[index * a.step], in[j * a.in_step]);
    }
  }
}

// An element of dst is line · limit + index, and its places are line · count + j; where all lines share the indices
// (`sorted_lines` is 1) they are sorted once. What is out of range sorts behind all others.
static __global__ void number_indices_kernel(IndexArgs a, int64_t sorted_lines, KeyedPlace* to) {
  for (int64_t item = first_item(); item < sorted_lines * a.count; item += item_step()) {
    int64_t at[3];
    nest_offsets(a.nest, item / a.count, at);
    const int64_t index = a.index[at[1] + item % a.count * a.index_step];
    to[item] = keyed_place(is_in(index, a.limit) ? item / a.count * a.limit + index : sorted_lines * a.limit, item);
  }
}

template <class T, class Op>
static __global__ void scatter_sorted_kernel(IndexArgs a, const KeyedPlace* sorted, int64_t sorted_lines,
                                             int64_t lines) {
  const int64_t places = sorted_lines * a.count, each = lines / sorted_lines;
  const auto has_key = [&](int64_t i, int64_t key) { return i >= 0 && i < places && key_of(sorted[i]) == key; };
  for (int64_t item = first_item(); item < places * each; item += item_step()) {
    const int64_t i = item / each, key = key_of(sorted[i]);
    if (key == sorted_lines * a.limit || has_key(Op::last_stays ? i + 1 : i - 1, key)) continue;
    int64_t at[3];
    nest_offsets(a.nest, each > 1 ? item % each : key / a.limit, at);
    T* const out = static_cast<T*>(a.out) + at[0] + key % a.limit * a.step;
    const T* in = static_cast<const T*>(a.in) + at[2];
    T value = *out;
    int64_t k = i;
    do {
      Op::to(value, in[place_of(sorted[k]) % a.count * a.in_step]);
      ++k;
    } while (!Op::last_stays && has_key(k, key));
    *out = value;
  }
}

template <class T>
static void gather(const IndexArgs& a, int64_t n) {
  launch("gather", gather_kernel<T>, grid_stride(n), a, n);
}

template <class T, class Op>
static void scatter(const char* name, const IndexArgs& a, int64_t lines) {
  constexpr double kMostKeys = 4294967295.0, kMostPlaces = 2147483647.0;  // 32 bits of a KeyedPlace; counts are ints
  bool shared = true;
  for (int d = 0; d < a.nest.ndim; ++d) shared &= a.nest.stride[1][d] == 0;
  const int64_t sorted_lines = shared ? 1 : lines, places = sorted_lines * a.count;
  const bool sortable = static_cast<double>(sorted_lines) * static_cast<double>(a.limit) < kMostKeys &&
                        static_cast<double>(places) < kMostPlaces;
  if (lines >= kManyLines || a.count <= kFewIndices || !sortable)
    return launch(name, scatter_lines_kernel<T, Op>, grid_stride(lines), a, lines);
  RadixSort<KeyedPlace> sort(1, places);
  launch(name, number_indices_kernel, grid_stride(places), a, sorted_lines, sort.entries);
  sort_by_key(&sort, sorted_lines * a.limit);
  launch(name, scatter_sorted_kernel<T, Op>, grid_stride(lines * a.count), a, sort.entries, sorted_lines, lines);
}

static __global__ void offsets_kernel(OffsetArgs a, int64_t items) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    int64_t offset = 0;
    bool in = true;
    for (int k = 0; k < a.count; ++k) {
      int64_t index = a.index[k][item];
      if (index < 0) index += a.size[k];
      in &= is_in(index, a.size[k]);
      offset += index * a.step[k];
    }
    a.out[item] = in ? offset : -1;
  }
}

void gather_8(const IndexArgs& a, int64_t, int64_t n) { gather<uint8_t>(a, n); }
void gather_16(const IndexArgs& a, int64_t, int64_t n) { gather<int16_t>(a, n); }
void gather_32(const IndexArgs& a, int64_t, int64_t n) { gather<int32_t>(a, n); }
void gather_64(const IndexArgs& a, int64_t, int64_t n) { gather<int64_t>(a, n); }
void scatter_8(const IndexArgs& a, int64_t, int64_t n) { scatter<uint8_t, Set>("scatter", a, n); }
void scatter_16(const IndexArgs& a, int64_t, int64_t n) { scatter<int16_t, Set>("scatter", a, n); }
void scatter_32(const IndexArgs& a, int64_t, int64_t n) { scatter<int32_t, Set>("scatter", a, n); }
void scatter_64(const IndexArgs& a, int64_t, int64_t n) { scatter<int64_t, Set>("scatter", a, n); }
void scatter_add_b8(const IndexArgs& a, int64_t, int64_t n) { scatter<uint8_t, Or>("scatter_add", a, n); }
void scatter_add_u8(const IndexArgs& a, int64_t, int64_t n) { scatter<uint8_t, Add>("scatter_add", a, n); }
void scatter_add_i32(const IndexArgs& a, int64_t, int64_t n) { scatter<int32_t, Add>("scatter_add", a, n); }
void scatter_add_i64(const IndexArgs& a, int64_t, int64_t n) { scatter<int64_t, Add>("scatter_add", a, n); }
void scatter_add_f32(const IndexArgs& a, int64_t, int64_t n) { scatter<float, Add>("scatter_add", a, n); }
void scatter_add_f64(const IndexArgs& a, int64_t, int64_t n) { scatter<double, Add>("scatter_add", a, n); }

void index_offsets_i64(const OffsetArgs& a, int64_t, int64_t n) {
  launch("index_offsets", offsets_kernel, grid_stride(n), a, n);
}
void nonzero_count_b8(const NonzeroArgs& a, int64_t, int64_t) { count_nonzero(a); }
void nonzero_b8(const NonzeroArgs& a, int64_t, int64_t) { write_nonzero(a); }
void bincount_most_i64(const BincountArgs& a, int64_t, int64_t n) { largest_number(a, n); }
void bincount_i64(const BincountArgs& a, int64_t, int64_t n) { count_numbers(a, n); }

}  // namespace dl::cuda
