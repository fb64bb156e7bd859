// Sums over n elements that have one center, and a center to take: what batch norm's planes and row norm's rows share.
#pragma once
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

constexpr int64_t kTile = 16;  // rows summed in registers before they join the part's sums: short chains round less
constexpr int64_t kHead = 16;  // the shift is the mean of this fraction of a part: at least the same order as its mean

// The mean of the first sixteenth, at least a vector.
template <class T>
static T head_mean(const T* x, int64_t n) {
  using V = Vec<T>;
  if (n < V::size) return sum_lanes(load_n(x, static_cast<int>(n))) / static_cast<T>(n);
  const int64_t head = n / kHead / V::size * V::size;
  V sum = V::load(x);
  for (int64_t i = V::size; i < head; i += V::size) sum = sum + V::load(x + i);
  return sum_lanes(sum) / static_cast<T>(head > V::size ? head : V::size);
}

// Two sums over n elements: the lanes of 4 vectors, then theirs. pair(i, lanes) gives the terms of the `lanes` elements
// from i on, and 0 in the lanes past the end.
template <class T>
struct Pair {
  Vec<T> first, second;
};
template <class T, class Term>
static DL_INLINE void sum_pairs(int64_t n, T* s1, T* s2, const Term& pair) {
  using V = Vec<T>;
  V t1(T(0)), t2(T(0));
  int64_t i = 0;
  while (i + V::size <= n) {
    V a1[4], a2[4];
    for (int k = 0; k < 4; ++k) a1[k] = a2[k] = V(T(0));
    const auto add = [&](int k) __attribute__((always_inline)) {
      const Pair<T> p = pair(i, V::size);
      a1[k] = a1[k] + p.first;
      a2[k] = a2[k] + p.second;
      i += V::size;
    };
    for (int r = 0; r < kTile && i + 4 * V::size <= n; ++r)
      for (int k = 0; k < 4; ++k) add(k);
    for (int k = 0; k < 4 && i + V::size <= n; ++k) add(k);
    t1 = t1 + ((a1[0] + a1[1]) + (a1[2] + a1[3]));
    t2 = t2 + ((a2[0] + a2[1]) + (a2[2] + a2[3]));
  }
  if (const int rest = static_cast<int>(n - i)) {
    const Pair<T> p = pair(i, rest);
    t1 = t1 + p.first;
    t2 = t2 + p.second;
  }
  *s1 = sum_lanes(t1);
  *s2 = sum_lanes(t2);
}

// d = x - center: *s1 = Σ d, *s2 = Σ d², or with kGrad Σ g and Σ g d.
template <class T, bool kGrad>
static DL_INLINE void add_plane(const T* x, const T* g, int64_t n, T center, T* s1, T* s2) {
  using V = Vec<T>;
  const V c(center);
  sum_pairs<T>(n, s1, s2, [&](int64_t i, int lanes) __attribute__((always_inline)) {
    const V d = load_n(x + i, lanes, center) - c, first = kGrad ? load_n(g + i, lanes) : d;
    return Pair<T>{first, first * d};
  });
}

}  // namespace dl::DL_ISA_NS
