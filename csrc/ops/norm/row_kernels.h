// Layer norm's and group norm's rows, forward and backward (formulas in norm.h). A row is read once for its statistics
// and, from the cache, once for the map; backward adds the parameters' gradients in the first of the two.
#pragma once
#include "blocks/rows/rows.h"
#include "ops/norm/norm.h"
#include "ops/norm/plane_sums.h"

namespace dl::DL_ISA_NS {

constexpr int64_t kRowBlock = 64;  // rows added up before they join the chunk's sums: short chains round less

#define LAMBDA(...) [&](__VA_ARGS__) __attribute__((always_inline))

template <class T>
static DL_INLINE Vec<T> weight_at(const T* w, int64_t i, int lanes) {
  return w ? load_n(w + i, lanes) : Vec<T>(T(1));
}

template <class T>
static void row_forward(const RowNormArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const T *weight = static_cast<const T*>(a.weight), *bias = static_cast<const T*>(a.bias);
  const T n = static_cast<T>(a.size);
  const int64_t params = a.size / a.inner;
  for (int64_t r = begin; r < end; ++r) {
    const T* x = static_cast<const T*>(a.x) + r * a.size;
    T *y = static_cast<T*>(a.out) + r * a.size, *stats = static_cast<T*>(a.stats) + 2 * r;
    const T shift = head_mean(x, a.size);
    T s1, s2;
    add_plane<T, false>(x, x, a.size, shift, &s1, &s2);
    const T offset = s1 / n, squares = s2 - offset * s1, var = squares < T(0) ? T(0) : squares / n;
    stats[0] = shift + offset;
    stats[1] = T(1) / sqrt(V(var + static_cast<T>(a.eps)))[0];
    const V mean(stats[0]), inv(stats[1]);
    const T *w = weight ? weight + r % a.groups * params : nullptr, *b = bias ? bias + r % a.groups * params : nullptr;
    if (a.inner == 1) {
      each_vector<T>(
          a.size, LAMBDA(int64_t i, int lanes) {
            const V v = (load_n(x + i, lanes) - mean) * inv * weight_at(w, i, lanes);
            store_n(y + i, b ? v + load_n(b + i, lanes) : v, lanes);
          });
      continue;
    }
    for (int64_t c = 0; c < params; ++c) {
      const V scale(w ? stats[1] * w[c] : stats[1]), add(b ? b[c] : T(0));
      const int64_t at = c * a.inner;
      each_vector<T>(
          a.inner, LAMBDA(int64_t i, int lanes) {
            store_n(y + at + i, (load_n(x + at + i, lanes) - mean) * scale + add, lanes);
          });
    }
  }
}

// One row with a parameter an element; sums: its params' two runs of `width` that the products are added to, or null.
template <class T>
static DL_INLINE void element_row(const T* x, const T* g, const T* w, T* dx, T mean, T inv, int64_t n, T* sums,
                                  int64_t width) {
  using V = Vec<T>;
  const V m(mean), scale(inv);
  T s1, s2;
  sum_pairs<T>(
      n, &s1, &s2, LAMBDA(int64_t i, int lanes) {
        const V d = load_n(x + i, lanes, mean) - m, gi = load_n(g + i, lanes), v = w ? gi * load_n(w + i, lanes) : gi;
        if (sums) {
          store_n(sums + i, load_n(sums + i, lanes) + gi * d * scale, lanes);
          store_n(sums + width + i, load_n(sums + width + i, lanes) + gi, lanes);
        }
        return Pair<T>{v, v * d};
      });
  if (!dx) return;
  const V c1(s1 / static_cast<T>(n)), c2(s2 / static_cast<T>(n) * inv * inv);
  each_vector<T>(
      n, LAMBDA(int64_t i, int lanes) {
        const V v = load_n(g + i, lanes) * weight_at(w, i, lanes);
        store_n(dx + i, (v - c1 - (load_n(x + i, lanes) - m) * c2) * scale, lanes);
      });
}

// One row with a parameter a run of `inner` elements; sums: two numbers a run, or null.
template <class T>
static DL_INLINE void run_row(const T* x, const T* g, const T* w, T* dx, T mean, T inv, int64_t n, int64_t inner,
                              T* sums) {
  using V = Vec<T>;
  T s1 = 0, s2 = 0;
  for (int64_t at = 0, c = 0; at < n; at += inner, ++c) {
    T sg, sgd;
    add_plane<T, true>(x + at, g + at, inner, mean, &sg, &sgd);
    if (sums) sums[2 * c] = sgd * inv, sums[2 * c + 1] = sg;
    s1 += w ? sg * w[c] : sg;
    s2 += w ? sgd * w[c] : sgd;
  }
  if (!dx) return;
  const V m(mean), scale(inv), c1(s1 / static_cast<T>(n)), c2(s2 / static_cast<T>(n) * inv * inv);
  for (int64_t at = 0, c = 0; at < n; at += inner, ++c) {
    const V wc(w ? w[c] : T(1));
    each_vector<T>(
        inner, LAMBDA(int64_t i, int lanes) {
          const V d = load_n(x + at + i, lanes) - m;
          store_n(dx + at + i, (load_n(g + at + i, lanes) * wc - c1 - d * c2) * scale, lanes);
        });
  }
}

template <class T>
static void row_backward(const RowNormArgs& a, int64_t begin, int64_t end) {
  const T *weight = static_cast<const T*>(a.weight), *stats = static_cast<const T*>(a.stats);
  const int64_t params = a.size / a.inner, width = a.groups * params;
  T* sums = static_cast<T*>(a.sums);
  T *total = nullptr, *block = nullptr;
  if (sums && a.inner == 1) {
    total = sums + begin / a.grain * 4 * width;
    block = total + 2 * width;
    for (int64_t j = 0; j < 4 * width; ++j) total[j] = T(0);
  }
  for (int64_t r = begin; r < end; ++r) {
    const T *x = static_cast<const T*>(a.x) + r * a.size, *g = static_cast<const T*>(a.g) + r * a.size;
    const int64_t first = r % a.groups * params;
    const T* w = weight ? weight + first : nullptr;
    T* dx = a.out ? static_cast<T*>(a.out) + r * a.size : nullptr;
    const T mean = stats[2 * r], inv = stats[2 * r + 1];
    if (a.inner > 1) {
      run_row(x, g, w, dx, mean, inv, a.size, a.inner, sums ? sums + r * params * 2 : nullptr);
      continue;
    }
    element_row(x, g, w, dx, mean, inv, a.size, block ? block + first : nullptr, width);
    if (block && ((r - begin + 1) % (kRowBlock * a.groups) == 0 || r + 1 == end))
      for (int64_t j = 0; j < 2 * width; ++j) total[j] += block[j], block[j] = T(0);
  }
}

#undef LAMBDA

}  // namespace dl::DL_ISA_NS
