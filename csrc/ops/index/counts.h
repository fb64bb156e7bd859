// Counting on the CPU: what is not 0, and equal numbers (index.h).
#pragma once
#include "ops/index/index.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

static void count_nonzero(const NonzeroArgs& a, int64_t begin, int64_t end) {
  int64_t n = 0, i = begin;
  for (; i + 8 <= end; i += 8) {
    uint64_t word;
    __builtin_memcpy(&word, a.x + i, 8);
    n += __builtin_popcountll(word);
  }
  for (; i < end; ++i) n += a.x[i];
  a.start[begin / a.chunk + 1] = n;
}

// f(position) for each byte that is 1, eight bytes at a time.
template <class F>
static DL_INLINE void each_true(const uint8_t* p, int64_t begin, int64_t end, const F& f) {
  int64_t i = begin;
  for (; i + 8 <= end; i += 8) {
    uint64_t word;
    __builtin_memcpy(&word, p + i, 8);
    for (; word; word &= word - 1) f(i + __builtin_ctzll(word) / 8);
  }
  for (; i < end; ++i)
    if (p[i]) f(i);
}

static void write_nonzero(const NonzeroArgs& a, int64_t begin, int64_t end) {
  const int ndim = a.ndim;
  int64_t* row = a.rows + a.start[begin / a.chunk] * ndim;
  each_true(a.x, begin, end, [&](int64_t at) __attribute__((always_inline)) {
    for (int d = ndim - 1; d > 0; --d) {
      row[d] = at % a.shape[d];
      at /= a.shape[d];
    }
    if (ndim) row[0] = at;
    row += ndim;
  });
}

static void largest_number(const BincountArgs& a, int64_t begin, int64_t end) {
  uint64_t first = 0, second = 0;  // two chains of comparisons side by side
  const auto number = [&](int64_t i) __attribute__((always_inline)) { return static_cast<uint64_t>(a.x[i]); };
  for (int64_t i = begin; i < end; i += 2) {
    const uint64_t one = number(i), other = number(i + 1 < end ? i + 1 : i);
    first = one > first ? one : first;
    second = other > second ? other : second;
  }
  a.most[begin / a.chunk] = first > second ? first : second;
}

static void count_numbers(const BincountArgs& a, int64_t begin, int64_t end) {
  const int64_t step = a.tables > 1 ? a.bins : 0;
  int64_t* one = a.counts + begin / a.chunk * a.tables * a.bins;
  int64_t *two = one + step, *three = two + step, *four = three + step;
  int64_t i = begin;
  for (; i + 4 <= end; i += 4) {
    ++one[a.x[i]];
    ++two[a.x[i + 1]];
    ++three[a.x[i + 2]];
    ++four[a.x[i + 3]];
  }
  for (; i < end; ++i) ++one[a.x[i]];
}

}  // namespace dl::DL_ISA_NS
