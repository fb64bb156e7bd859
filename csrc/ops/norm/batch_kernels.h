// Batch norm's two sums over the batch and the two maps that use them, forward and backward (formulas in norm.h).
// A kernel's range is parts. Each pass reads x (and g) once; the sums keep 4 columns of vectors in registers, 8 chains
// of additions, enough to hide an addition's latency of 4 cycles at 2 a cycle.
#pragma once
#include "ops/norm/norm.h"
#include "ops/norm/plane_sums.h"
#include "simd/relu.h"
#include "simd/stream.h"

namespace dl::DL_ISA_NS {

struct Part {
  int64_t at, n, row, channel;  // first element, elements; elements of a row, or the channel of a plane
};

static Part part_of(const NormArgs& a, int64_t part) {
  if (a.inner == 1) {
    const int64_t at = part * a.step * a.width, left = a.total - at, most = a.step * a.width;
    return {at, left < most ? left : most, a.width, 0};
  }
  const int64_t segments = (a.inner + a.step - 1) / a.step, plane = part / segments, from = part % segments * a.step;
  const int64_t left = a.inner - from;
  return {plane * a.inner + from, left < a.step ? left : a.step, 0, plane % a.channels};
}

template <bool kFull, class T>
static DL_INLINE Vec<T> load(const T* p, int n) {
  if constexpr (kFull)
    return Vec<T>::load(p);
  else
    return load_n(p, n);
}

enum class Sum { squares, gradient, relu_gradient };

// g where y > 0, y = d * scale + bias being the forward's formula; the others' gradient stops at the relu.
template <class T>
static DL_INLINE Vec<T> through_relu(Vec<T> g, Vec<T> d, Vec<T> scale, Vec<T> bias) {
  return select(d * scale + bias > Vec<T>(T(0)), g, Vec<T>(T(0)));
}

// K vectors of columns of at most kTile rows, d = x - center: s1 += Σ d, s2 += Σ d², or for gradients Σ g and Σ g d.
// Behind `center` lie, `lanes` apart, what through_relu needs.
template <class T, Sum kSum, int K, bool kFull>
static DL_INLINE void add_tile(const T* x, const T* g, int64_t rows, int64_t row, const T* center, int64_t lanes, T* s1,
                               T* s2, int n) {
  using V = Vec<T>;
  V a1[K], a2[K], c[K], scale[K], bias[K];
  for (int k = 0; k < K; ++k) {
    a1[k] = a2[k] = V(T(0));
    c[k] = load<kFull>(center + k * V::size, n);
    if constexpr (kSum == Sum::relu_gradient) {
      scale[k] = load<kFull>(center + lanes + k * V::size, n);
      bias[k] = load<kFull>(center + 2 * lanes + k * V::size, n);
    }
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int k = 0; k < K; ++k) {
      const V d = load<kFull>(x + r * row + k * V::size, n) - c[k];
      V first = d;
      if constexpr (kSum != Sum::squares) first = load<kFull>(g + r * row + k * V::size, n);
      if constexpr (kSum == Sum::relu_gradient) first = through_relu<T>(first, d, scale[k], bias[k]);
      a1[k] = a1[k] + first;
      a2[k] = a2[k] + first * d;
    }
  for (int k = 0; k < K; ++k) {
    T *p1 = s1 + k * V::size, *p2 = s2 + k * V::size;
    if constexpr (kFull) {
      (V::load(p1) + a1[k]).store(p1);
      (V::load(p2) + a2[k]).store(p2);
    } else {
      store_n(p1, load_n(p1, n) + a1[k], n);
      store_n(p2, load_n(p2, n) + a2[k], n);
    }
  }
}

template <class T, Sum kSum>
static void add_rows(const T* x, const T* g, int64_t rows, int64_t row, const T* center, int64_t lanes, T* s1, T* s2) {
  constexpr int64_t V = Vec<T>::size;
  for (int64_t r = 0; r < rows; r += kTile) {
    const int64_t m = rows - r < kTile ? rows - r : kTile, at = r * row;
    int64_t j = 0;
    for (; j + 4 * V <= row; j += 4 * V)
      add_tile<T, kSum, 4, true>(x + at + j, g + at + j, m, row, center + j, lanes, s1 + j, s2 + j, V);
    for (; j + V <= row; j += V)
      add_tile<T, kSum, 1, true>(x + at + j, g + at + j, m, row, center + j, lanes, s1 + j, s2 + j, V);
    if (j < row)
      add_tile<T, kSum, 1, false>(x + at + j, g + at + j, m, row, center + j, lanes, s1 + j, s2 + j,
                                  static_cast<int>(row - j));
  }
}

template <class T, Sum kSum>
static void add(const T* x, const T* g, int64_t n, int64_t row, const T* center, int64_t lanes, T* s1, T* s2) {
  const int64_t rows = n / row, whole = rows * row;
  add_rows<T, kSum>(x, g, rows, row, center, lanes, s1, s2);
  if (whole < n) add_rows<T, kSum>(x + whole, g + whole, 1, n - whole, center, lanes, s1, s2);
}

template <class T>
static void fill(T* p, int64_t n, T value) {
  for (int64_t i = 0; i < n; ++i) p[i] = value;
}

template <class T>
static void batch_stats(const NormArgs& a, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const Part p = part_of(a, i);
    const T* x = static_cast<const T*>(a.x) + p.at;
    T *shift = static_cast<T*>(a.sums) + 3 * i * a.lanes, *s1 = shift + a.lanes, *s2 = s1 + a.lanes;
    if (a.inner > 1) {
      *shift = head_mean(x, p.n);
      add_plane<T, false>(x, x, p.n, *shift, s1, s2);
      continue;
    }
    const int64_t rows = p.n / p.row / kHead, head = rows ? rows * p.row : p.n < p.row ? p.n : p.row;
    fill(shift, 3 * a.lanes, T(0));
    add<T, Sum::squares>(x, x, head, p.row, shift, 0, s1, s2);
    for (int64_t j = 0; j < a.lanes; ++j) shift[j] = s1[j] / static_cast<T>(rows ? rows : 1);
    fill(s1, 2 * a.lanes, T(0));
    add<T, Sum::squares>(x, x, p.n, p.row, shift, 0, s1, s2);
  }
}

template <class T>
static void relu_plane(const T* x, const T* g, int64_t n, T mean, T scale, T bias, T* s1, T* s2) {
  using V = Vec<T>;
  const V m(mean), s(scale), b(bias);
  sum_pairs<T>(n, s1, s2, [&](int64_t i, int lanes) __attribute__((always_inline)) {
    const V d = load_n(x + i, lanes, mean) - m, first = through_relu<T>(load_n(g + i, lanes), d, s, b);
    return Pair<T>{first, first * d};
  });
}

template <class T>
static void batch_sums(const NormArgs& a, int64_t begin, int64_t end) {
  const T* mean = static_cast<const T*>(a.params);
  for (int64_t i = begin; i < end; ++i) {
    const Part p = part_of(a, i);
    const T *x = static_cast<const T*>(a.x) + p.at, *g = static_cast<const T*>(a.g) + p.at;
    T *s1 = static_cast<T*>(a.sums) + 2 * i * a.lanes, *s2 = s1 + a.lanes;
    if (a.inner > 1) {
      const T* q = mean + p.channel;
      if (a.relu)
        relu_plane(x, g, p.n, q[0], q[a.channels], q[2 * a.channels], s1, s2);
      else
        add_plane<T, true>(x, g, p.n, q[0], s1, s2);
      continue;
    }
    fill(s1, 2 * a.lanes, T(0));
    if (a.relu)
      add<T, Sum::relu_gradient>(x, g, p.n, p.row, mean, a.lanes, s1, s2);
    else
      add<T, Sum::gradient>(x, g, p.n, p.row, mean, a.lanes, s1, s2);
  }
}

// out = formula(x, g, q) for n elements; param(k, i): the k-th parameter of the vector at i. With kStream n is a
// multiple of the vector and out is aligned.
template <bool kStream, class T, int K, class Formula, class Param>
static DL_INLINE void map_row(const T* x, const T* g, T* out, int64_t n, const Formula& formula, const Param& param) {
  using V = Vec<T>;
  V q[K];
  int64_t i = 0;
  for (; i + V::size <= n; i += V::size) {
    for (int k = 0; k < K; ++k) q[k] = param(k, i, V::size);
    const V y = formula(V::load(x + i), V::load(g + i), q);
    if constexpr (kStream)
      stream(out + i, y);
    else
      y.store(out + i);
  }
  if constexpr (!kStream)
    if (const int rest = static_cast<int>(n - i)) {
      for (int k = 0; k < K; ++k) q[k] = param(k, i, rest);
      store_n(out + i, formula(load_n(x + i, rest), load_n(g + i, rest), q), rest);
    }
}

// out = formula(x, g, q) where q holds the element's first K parameters.
template <bool kStream, class T, int K, class Formula>
static DL_INLINE void map_parts(const NormArgs& a, int64_t begin, int64_t end, const Formula& formula) {
  using V = Vec<T>;
  const T* params = static_cast<const T*>(a.params);
  for (int64_t i = begin; i < end; ++i) {
    const Part p = part_of(a, i);
    const T *x = static_cast<const T*>(a.x) + p.at, *g = static_cast<const T*>(a.g ? a.g : a.x) + p.at;
    T* out = static_cast<T*>(a.out) + p.at;
    if (a.inner > 1) {
      V q[K];
      for (int k = 0; k < K; ++k) q[k] = V(params[k * a.lanes + p.channel]);
      map_row<kStream, T, K>(x, g, out, p.n, formula,
                             [&](int k, int64_t, int) __attribute__((always_inline)) { return q[k]; });
      continue;
    }
    for (int64_t r = 0; r < p.n; r += p.row)
      map_row<kStream, T, K>(x + r, g + r, out + r, p.n - r < p.row ? p.n - r : p.row, formula,
                             [&](int k, int64_t j, int lanes)
                                 __attribute__((always_inline)) { return load_n(params + k * a.lanes + j, lanes); });
  }
}

template <class T, int K, class Formula>
static DL_INLINE void map(const NormArgs& a, int64_t begin, int64_t end, const Formula& formula) {
  if (!a.stream) return map_parts<false, T, K>(a, begin, end, formula);
  map_parts<true, T, K>(a, begin, end, formula);
  stream_end();
}

template <class T>
static void batch_forward(const NormArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  if (a.relu)
    map<T, 3>(a, begin, end, [](V x, V, const V* q) { return relu_of<T>((x - q[0]) * q[1] + q[2]); });
  else
    map<T, 3>(a, begin, end, [](V x, V, const V* q) { return (x - q[0]) * q[1] + q[2]; });
}

template <class T>
static void batch_backward(const NormArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  if (a.training && a.relu)
    map<T, 5>(a, begin, end, [](V x, V g, const V* q) __attribute__((always_inline)) {
      const V d = x - q[0];
      return (through_relu<T>(g, d, q[1], q[2]) - q[3] - d * q[4]) * q[1];
    });
  else if (a.training)
    map<T, 5>(a, begin, end, [](V x, V g, const V* q) { return (g - q[3] - (x - q[0]) * q[4]) * q[1]; });
  else if (a.relu)
    map<T, 3>(a, begin, end, [](V x, V g, const V* q) __attribute__((always_inline)) {
      return through_relu<T>(g, x - q[0], q[1], q[2]) * q[1];
    });
  else
    map<T, 2>(a, begin, end, [](V, V g, const V* q) { return g * q[1]; });
}

}  // namespace dl::DL_ISA_NS
