// Rows in order (sort.h). Called by sort.cpp on a range of rows, with scratch for one.
// Limit: sort, the scattered stores of each digit's pass; topk, reading x once; kth, reading the entries twice.
#include "ops/sort/formula.h"
#include "ops/sort/sort.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

constexpr int64_t kShort = 48;  // entries: beyond, counting four digits costs less than shifting half of what was seen
constexpr int kBlock = 32;      // elements that topk looks at at once
constexpr int64_t kFew = 16;    // entries that topk keeps in order as they come: beyond, shifting them costs more

template <class E>
static void insertion_sort(E* p, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const E e = p[i];
    int64_t j = i;
    for (; j > 0 && e < p[j - 1]; --j) p[j] = p[j - 1];
    p[j] = e;
  }
}

// Few entries are put in their places at once. A place is the number of entries below: no two are equal, the index is a
// part of them. Each lane counts for one entry.
constexpr int64_t kRanked = 12 * Vec<int64_t>::size;  // entries: beyond, counting digits costs less than n² comparisons
static void rank_sort(const uint64_t* p, uint64_t* q, int64_t n) {
  using V = Vec<int64_t>;
  alignas(64) int64_t key[kRanked], place[V::size];
  for (int64_t i = 0; i < n; ++i) key[i] = static_cast<int64_t>(p[i] ^ uint64_t(1) << 63);
  for (int64_t i = n; i % V::size; ++i) key[i] = 0;
  for (int64_t i = 0; i < n; i += V::size) {
    const V mine = V::load(key + i);
    V below(0);
    for (int64_t j = 0; j < n; ++j) below = below + select<int64_t>(V(key[j]) < mine, V(1), V(0));
    below.store(place);
    for (int64_t j = i; j < n && j < i + V::size; ++j) q[place[j - i]] = p[j];
  }
}

// Least digit first. A digit that all entries share is skipped. Returns where the result lies: p or q.
template <class C, class E>
static E* radix_sort(E* p, E* q, int64_t n) {
  if constexpr (sizeof(E) == 8) {
    if (n <= kRanked) {
      rank_sort(p, q, n);
      return q;
    }
  }
  if (n <= kShort) {
    insertion_sort(p, n);
    return p;
  }
  int64_t count[C::digits][256] = {};
  for (int64_t i = 0; i < n; ++i)
    for (int d = 0; d < C::digits; ++d) ++count[d][C::digit(p[i], d)];
  for (int d = 0; d < C::digits; ++d) {
    int64_t* next = count[d];
    if (next[C::digit(p[0], d)] == n) continue;
    for (int64_t b = 0, at = 0; b < 256; ++b) {
      const int64_t size = next[b];
      next[b] = at;
      at += size;
    }
    for (int64_t i = 0; i < n; ++i) q[next[C::digit(p[i], d)]++] = p[i];
    E* swap = p;
    p = q;
    q = swap;
  }
  return p;
}

// Moves the k smallest of n entries, whose equals are in order, to the front, in no particular order. Greatest digit
// first: what lies below the k-th's digit is in, what lies above is out, and the rest is looked at again.
template <class C, class E>
static void select_first(E* p, E* q, int64_t n, int64_t k) {
  int64_t low = 0;  // p[0, low) are in; p[low, n) are the candidates for the others
  for (int d = C::digits - 1; d >= 0 && n - low > kShort && k < n; --d) {
    int64_t count[256] = {};
    for (int64_t i = low; i < n; ++i) ++count[C::digit(p[i], d)];
    unsigned pivot = 0;
    for (int64_t seen = low; seen + count[pivot] < k; ++pivot) seen += count[pivot];
    int64_t same = 0;
    for (int64_t i = low; i < n; ++i) {
      const E e = p[i];
      const unsigned digit = C::digit(e, d);
      p[low] = e;
      q[same] = e;
      low += digit < pivot;
      same += digit == pivot;
    }
    for (int64_t i = 0; i < same; ++i) p[low + i] = q[i];
    n = low + same;
  }
  if (n - low <= kShort) insertion_sort(p + low, n - low);
}

// One row by entries of C, made by make(element, index); an element is read back from its entry by value(entry, index).
template <class C, class Key, class Make, class Value>
static DL_INLINE void sort_row(const SortArgs& a, const Key* x, Key* values, int64_t* indices, const Make& make,
                               const Value& value) {
  auto* p = static_cast<typename C::Entry*>(a.scratch);
  for (int64_t i = 0; i < a.n; ++i) p[i] = make(x[i], i);
  const auto* sorted = radix_sort<C>(p, p + a.room, a.n);
  for (int64_t i = 0; i < a.k; ++i) {
    indices[i] = C::index_of(sorted[i]);
    values[i] = value(sorted[i], indices[i]);
  }
}

// Keys of 64 bits that lie within 2^32 of each other are sorted by what they exceed the least one by: half the bytes.
template <class K, bool descending>
static void sort_rows(const SortArgs& a, int64_t begin, int64_t end) {
  using C = Coded<K, descending>;
  using Key = typename C::Key;
  for (int64_t r = begin; r < end; ++r) {
    const Key* x = static_cast<const Key*>(a.x) + r * a.n;
    Key* values = static_cast<Key*>(a.values) + r * a.k;
    int64_t* indices = a.indices + r * a.k;
    const auto from_x = [=](auto, int64_t i) __attribute__((always_inline)) { return x[i]; };
    if constexpr (sizeof(Key) == 8) {
      using Near = Coded<Unsigned<uint32_t>, false>;
      Key low = ~Key(0), high = 0;
      for (int64_t i = 0; i < a.n; ++i) {
        const Key key = C::key(x[i]);
        low = key < low ? key : low;
        high = key > high ? key : high;
      }
      if (high - low <= UINT32_MAX) {
        const auto make = [=](Key bits, int64_t i) __attribute__((always_inline)) {
          return Near::entry(static_cast<uint32_t>(C::key(bits) - low), i);
        };
        if constexpr (K::has_nan)
          sort_row<Near>(a, x, values, indices, make, from_x);
        else  // a key is its element's, and the element is not fetched from anywhere in the row
          sort_row<Near>(a, x, values, indices, make, [=](uint64_t e, int64_t) __attribute__((always_inline)) {
            return C::element(Near::key_of(e) + low);
          });
        continue;
      }
    }
    sort_row<C>(a, x, values, indices, C::entry, from_x);
  }
}

// keep(i) for each element whose key is not above that of limit(), in order; limit() may sink on the way.
template <class C, class Limit, class Keep>
static DL_INLINE void each_candidate(const typename C::Key* x, int64_t n, const Limit& limit, const Keep& keep) {
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    const auto bound = C::key_of(limit());
    uint32_t in = 0;
    for (int j = 0; j < kBlock; ++j) in |= static_cast<uint32_t>(C::key(x[i + j]) <= bound) << j;
    for (; in; in &= in - 1) keep(i + __builtin_ctz(in));
  }
  for (; i < n; ++i) keep(i);
}

// The k first in order, few of them: each candidate goes to its place among those so far.
template <class C, class E>
static E* few_of_row(const SortArgs& a, const typename C::Key* x, E* p) {
  const int64_t k = a.k;
  for (int64_t j = 0; j <= k; ++j) p[j] = ~E(0);
  each_candidate<C>(
      x, a.n, [=] { return p[k - 1]; },
      [=](int64_t i) {
        const E e = C::entry(x[i], i);
        int64_t j = k;
        for (; j > 0 && e < p[j - 1]; --j) p[j] = p[j - 1];
        p[j] = e;  // p[k] is out
      });
  return p;
}

// Entries below a limit are kept; when `room` is full, the k first of them stay and the last of those is the limit.
template <class C, class E>
static E* first_of_row(const SortArgs& a, const typename C::Key* x, E* p) {
  E *q = p + a.room, limit = ~E(0);
  int64_t count = 0;
  each_candidate<C>(
      x, a.n, [&] { return limit; },
      [&](int64_t i) {
        const E e = C::entry(x[i], i);
        p[count] = e;
        count += e < limit;
        if (count < a.room) return;
        select_first<C>(p, q, count, a.k);
        count = a.k;
        limit = p[0];
        for (int64_t j = 1; j < a.k; ++j) limit = p[j] > limit ? p[j] : limit;
      });
  select_first<C>(p, q, count, a.k);
  return radix_sort<C>(p, q, a.k);
}

template <class K, bool descending>
static void topk_rows(const SortArgs& a, int64_t begin, int64_t end) {
  using C = Coded<K, descending>;
  for (int64_t r = begin; r < end; ++r) {
    const auto* x = static_cast<const typename C::Key*>(a.x) + r * a.n;
    auto* values = static_cast<typename C::Key*>(a.values) + r * a.k;
    int64_t* indices = a.indices + r * a.k;
    auto* scratch = static_cast<typename C::Entry*>(a.scratch);
    const auto* first = a.k <= kFew ? few_of_row<C>(a, x, scratch) : first_of_row<C>(a, x, scratch);
    for (int64_t i = 0; i < a.k; ++i) {
      indices[i] = C::index_of(first[i]);
      values[i] = x[indices[i]];
    }
  }
}

template <class K>
static void kth_rows(const SortArgs& a, int64_t begin, int64_t end) {
  using C = Coded<K, false>;
  using E = typename C::Entry;
  E* p = static_cast<E*>(a.scratch);
  for (int64_t r = begin; r < end; ++r) {
    const auto* x = static_cast<const typename C::Key*>(a.x) + r * a.n;
    int64_t nan = a.n;
    for (int64_t i = 0; i < a.n; ++i) p[i] = C::entry(x[i], i);
    if (K::has_nan && a.nan_first) {
      bool any = false;  // to the end, in registers
      for (int64_t i = 0; i < a.n; ++i) any |= K::key(x[i]) == K::nan;
      for (int64_t i = 0; any && i < nan; ++i)
        if (K::key(x[i]) == K::nan) nan = i;
    }
    int64_t index = nan;
    if (nan == a.n) {
      select_first<C>(p, p + a.room, a.n, a.rank);
      E last = p[0];
      for (int64_t j = 1; j < a.rank; ++j) last = p[j] > last ? p[j] : last;
      index = C::index_of(last);
    }
    a.indices[r] = index;
    static_cast<typename C::Key*>(a.values)[r] = x[index];
  }
}

// The first place whose element is not less than (right: is greater than) the value; after all of them for NaN.
template <class T>
static void search(const SearchArgs& a, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const T* sorted = static_cast<const T*>(a.sorted) + i / a.each * a.row_step;
    const T value = static_cast<const T*>(a.values)[i];
    const auto after = [&](T x) { return static_cast<int64_t>(a.right ? !(x > value) : !(x >= value)); };
    int64_t first = 0;
    for (int64_t size = a.n; size > 0;) {  // without branches: which half it is nobody can guess
      const int64_t half = (size + 1) / 2;
      first += half & -after(sorted[first + half - 1]);
      size -= half;
    }
    a.out[i] = first;
  }
}

#define KERNELS(SUFFIX, KEY) \
  void sort_##SUFFIX(const SortArgs& a, int64_t b, int64_t e) { \
    a.descending ? sort_rows<KEY, true>(a, b, e) : sort_rows<KEY, false>(a, b, e); \
  } \
  void topk_##SUFFIX(const SortArgs& a, int64_t b, int64_t e) { \
    a.descending ? topk_rows<KEY, true>(a, b, e) : topk_rows<KEY, false>(a, b, e); \
  } \
  void kth_##SUFFIX(const SortArgs& a, int64_t b, int64_t e) { kth_rows<KEY>(a, b, e); }

KERNELS(u8, KeyU8)
KERNELS(i32, KeyI32)
KERNELS(i64, KeyI64)
KERNELS(f16, KeyF16)
KERNELS(bf16, KeyBF16)
KERNELS(f32, KeyF32)
KERNELS(f64, KeyF64)

void searchsorted_u8(const SearchArgs& a, int64_t b, int64_t e) { search<uint8_t>(a, b, e); }
void searchsorted_i32(const SearchArgs& a, int64_t b, int64_t e) { search<int32_t>(a, b, e); }
void searchsorted_i64(const SearchArgs& a, int64_t b, int64_t e) { search<int64_t>(a, b, e); }
void searchsorted_f32(const SearchArgs& a, int64_t b, int64_t e) { search<float>(a, b, e); }
void searchsorted_f64(const SearchArgs& a, int64_t b, int64_t e) { search<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
