// Loops over one row, or over a few neighbouring columns, of a matrix: vectors with a tail, sums in a fixed tree, row
// maxima, sums of exponentials. Shared by softmax, losses and norms; for cpu*.cpp files only.
// A sum keeps 4 accumulators (latency 4 × throughput 1 on x86) and closes them every 64 steps, so that its rounding
// error grows with 64 + n / (256 vectors), not with n.
#pragma once
#include "simd/math.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

constexpr int64_t kSumSteps = 64;

// f(i, lanes) for every full vector, where lanes is a constant, then for the tail.
template <class T, class F>
DL_INLINE void each_vector(int64_t n, const F& f) {
  constexpr int S = Vec<T>::size;
  int64_t i = 0;
  for (; i + S <= n; i += S) f(i, S);
  if (i < n) f(i, static_cast<int>(n - i));
}

// x in the first n lanes, 0 in the others: what a sum's tail needs.
template <class T>
DL_INLINE Vec<T> first_lanes(Vec<T> x, int n) {
  if (n == Vec<T>::size) return x;
  T lanes[Vec<T>::size];
  x.store(lanes);
  return load_n(lanes, n);
}

// Σ term(i, lanes) over a row; term must give 0 in the lanes past the tail's end. Called in order of i.
template <class T, class Term>
DL_INLINE T sum_terms(int64_t n, const Term& term) {
  using V = Vec<T>;
  constexpr int S = V::size;
  constexpr int64_t step = 4 * S;
  V total(T(0));
  int64_t i = 0;
  while (n - i >= step) {
    const int64_t steps = (n - i) / step, stop = i + (steps < kSumSteps ? steps : kSumSteps) * step;
    V a(T(0)), b(T(0)), c(T(0)), d(T(0));
    for (; i < stop; i += step) {
      a = a + term(i, S);
      b = b + term(i + S, S);
      c = c + term(i + 2 * S, S);
      d = d + term(i + 3 * S, S);
    }
    total = total + ((a + b) + (c + d));
  }
  for (; i + S <= n; i += S) total = total + term(i, S);
  if (i < n) total = total + term(i, static_cast<int>(n - i));
  return sum_lanes(total);
}

// The largest element; NaN if there is one; -inf for an empty row.
template <class T>
DL_INLINE T row_max(const T* x, int64_t n) {
  using V = Vec<T>;
  constexpr int S = V::size;
  const T least = -__builtin_inf();
  V a(least), b(least), c(least), d(least);
  int64_t i = 0;
  for (; i + 4 * S <= n; i += 4 * S) {
    a = maximum(a, V::load(x + i));
    b = maximum(b, V::load(x + i + S));
    c = maximum(c, V::load(x + i + 2 * S));
    d = maximum(d, V::load(x + i + 3 * S));
  }
  for (; i + S <= n; i += S) a = maximum(a, V::load(x + i));
  if (i < n) b = maximum(b, load_n(x + i, static_cast<int>(n - i), least));
  return max_lanes(maximum(maximum(a, b), maximum(c, d)));
}

// Σ exp(x - shift), handing each vector of exponentials to use(i, lanes, e).
template <class T, class Use>
DL_INLINE T sum_exp(const T* x, int64_t n, T shift, const Use& use) {
  return sum_terms<T>(n, [&](int64_t i, int lanes) __attribute__((always_inline)) {
    const Vec<T> e = exp(load_n(x + i, lanes, T(-__builtin_inf())) - Vec<T>(shift));
    use(i, lanes, e);
    return e;
  });
}

// ---- K neighbouring columns of vectors, rows `step` apart; `lanes` < size only where K = 1.

// total[k] = Σ over rows of term(row, k), closed every 64 rows.
template <class T, int K, class Term>
DL_INLINE void sum_columns(int64_t rows, Vec<T>* total, const Term& term) {
  using V = Vec<T>;
  for (int k = 0; k < K; ++k) total[k] = V(T(0));
  for (int64_t r = 0; r < rows;) {
    const int64_t stop = r + kSumSteps < rows ? r + kSumSteps : rows;
    V part[K];
    for (int k = 0; k < K; ++k) part[k] = V(T(0));
    for (; r < stop; ++r)
      for (int k = 0; k < K; ++k) part[k] = part[k] + term(r, k);
    for (int k = 0; k < K; ++k) total[k] = total[k] + part[k];
  }
}

template <class T, int K>
DL_INLINE void column_max(const T* x, int64_t rows, int64_t step, int lanes, Vec<T>* out) {
  using V = Vec<T>;
  for (int k = 0; k < K; ++k) out[k] = V(T(-__builtin_inf()));
  for (int64_t r = 0; r < rows; ++r)
    for (int k = 0; k < K; ++k) out[k] = maximum(out[k], load_n(x + r * step + k * V::size, lanes));
}

// Cuts [begin, end) of the flattened (outer, inner) columns into pieces inside one outer index:
// f.template operator()<K>(outer, inner index, lanes).
template <class T, class F>
DL_INLINE void each_column_block(int64_t inner, int64_t begin, int64_t end, const F& f) {
  constexpr int S = Vec<T>::size, K = 4;
  while (begin < end) {
    const int64_t outer = begin / inner, first = begin % inner;
    const int64_t stop = inner - first < end - begin ? inner : first + (end - begin);
    int64_t i = first;
    for (; i + K * S <= stop; i += K * S) f.template operator()<K>(outer, i, S);
    for (; i + S <= stop; i += S) f.template operator()<1>(outer, i, S);
    if (i < stop) f.template operator()<1>(outer, i, static_cast<int>(stop - i));
    begin += stop - first;
  }
}

}  // namespace dl::DL_ISA_NS
