// Cross-entropy of softmax_xent.h over a range of rows, with or without the gradient in the same pass, and the gradient
// alone. For cpu.cpp only.
// Limit: one exp an element; memory bandwidth where the logits leave the L2 cache.
#pragma once
#include "blocks/rows/rows.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace dl::DL_ISA_NS {

#define LAMBDA(...) [&](__VA_ARGS__) __attribute__((always_inline))

// K vectors of columns: their maxima, and their sums of exponentials.
template <class T, int K>
static DL_INLINE void column_stats(const T* x, int64_t classes, int64_t inner, int lanes, Vec<T>* max, Vec<T>* sum) {
  constexpr int S = Vec<T>::size;
  column_max<T, K>(x, classes, inner, lanes, max);
  sum_columns<T, K>(
      classes, sum, LAMBDA(int64_t c, int k) { return exp(load_n(x + c * inner + k * S, lanes) - max[k]); });
}

// What a target's own term and every class's term are multiplied by; both 0 where the target is ignored.
template <class T>
struct Shares {
  T own, each;
};
template <class T>
static DL_INLINE Shares<T> shares(const XentArgs& a, int64_t target) {
  if (target == a.ignored) return {T(0), T(0)};
  const T* w = static_cast<const T*>(a.weight);
  const T own = static_cast<T>(1 - a.smoothing), each = static_cast<T>(a.smoothing / static_cast<double>(a.classes));
  return {w ? own * w[target] : own, each};
}

// Σ w_c (m - x_c), the classes `inner` apart: what smoothing adds to (Σ w) log s.
template <class T>
static T smoothed_terms(const T* x, const T* w, T max, int64_t classes, int64_t inner) {
  if (inner == 1)
    return sum_terms<T>(
        classes, LAMBDA(int64_t i, int lanes) {
          const Vec<T> d = Vec<T>(max) - load_n(x + i, lanes, max);
          return w ? d * load_n(w + i, lanes) : d;
        });
  double sum = 0;  // scalar: a strided row of few classes
  for (int64_t c = 0; c < classes; ++c) sum += static_cast<double>((max - x[c * inner]) * (w ? w[c] : T(1)));
  return static_cast<T>(sum);
}

// What a row's gradient is made of; both 0 where the target is ignored, for the mean of nothing is NaN.
template <class T>
static DL_INLINE Shares<T> gradient_shares(const XentArgs& a, int64_t row) {
  const Shares<T> s = shares<T>(a, a.target[row]);
  if (a.target[row] == a.ignored) return s;
  const T g = (a.g ? static_cast<const T*>(a.g)[row * a.g_step] : T(1)) * static_cast<T>(a.scale);
  return {s.own * g, s.each * g};
}

// A row of dx from e(i, lanes) = exp(x - m), and their sum.
template <class T, class E>
static DL_INLINE void gradient_row(const XentArgs& a, int64_t row, T sum, const E& e) {
  const Shares<T> s = gradient_shares<T>(a, row);
  const int64_t n = a.classes;
  const T* w = static_cast<const T*>(a.weight);
  T* to = static_cast<T*>(a.dx) + row * n;
  const Vec<T> f((s.own + s.each * static_cast<T>(a.weight_sum)) / sum), each(s.each);
  if (a.smoothing != 0)
    each_vector<T>(
        n, LAMBDA(int64_t i, int lanes) {
          const Vec<T> less = w ? each * load_n(w + i, lanes) : each;
          store_n(to + i, e(i, lanes) * f - less, lanes);
        });
  else
    each_vector<T>(n, LAMBDA(int64_t i, int lanes) { store_n(to + i, e(i, lanes) * f, lanes); });
  if (a.target[row] != a.ignored) to[a.target[row]] -= s.own;
}

template <class T>
static void gradient_columns(const XentArgs& a, int64_t begin, int64_t end) {
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.weight);
  const T *max = static_cast<const T*>(a.stats), *sum = max + a.rows;
  T* dx = static_cast<T*>(a.dx);
  const int64_t n = a.classes, inner = a.inner;
  const T weight_sum = static_cast<T>(a.weight_sum);
  const bool smooth = a.smoothing != 0;
  each_column_block<T>(inner, begin, end, [&]<int K>(int64_t outer, int64_t i, int lanes) {
    constexpr int S = Vec<T>::size;
    const int64_t at = outer * n * inner + i, row = outer * inner + i;
    const int columns = (K - 1) * S + lanes;
    T own[K * S] = {}, each[K * S] = {};
    for (int j = 0; j < columns; ++j) {
      const Shares<T> s = gradient_shares<T>(a, row + j);
      own[j] = s.own;
      each[j] = s.each;
    }
    Vec<T> m[K], f[K], e[K];
    for (int k = 0; k < K; ++k) {
      m[k] = load_n(max + row + k * S, lanes);
      e[k] = Vec<T>::load(each + k * S);
      f[k] = (Vec<T>::load(own + k * S) + e[k] * Vec<T>(weight_sum)) / load_n(sum + row + k * S, lanes, T(1));
    }
    for (int64_t c = 0; c < n; ++c) {
      const Vec<T> wc(w ? w[c] : T(1));
      for (int k = 0; k < K; ++k) {
        const Vec<T> p = exp(load_n(x + at + c * inner + k * S, lanes) - m[k]) * f[k];
        store_n(dx + at + c * inner + k * S, smooth ? p - e[k] * wc : p, lanes);
      }
    }
    for (int j = 0; j < columns; ++j)
      if (a.target[row + j] != a.ignored) dx[at + j + a.target[row + j] * inner] -= own[j];
  });
}

template <class T>
static void cross_entropy_fwd(const XentArgs& a, int64_t begin, int64_t end) {
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.weight);
  T *max = static_cast<T*>(a.stats), *sum = max + a.rows, *loss = static_cast<T*>(a.loss), *dx = static_cast<T*>(a.dx);
  const int64_t n = a.classes, inner = a.inner;
  double total = 0;
  // `row` has its statistics; `at` is its first class.
  const auto finish = LAMBDA(int64_t row, int64_t at, T log_sum) {
    const int64_t target = a.target[row];
    const Shares<T> s = shares<T>(a, target);
    T l = T(0);
    if (target != a.ignored) {
      l = s.own * (log_sum + (max[row] - x[at + target * inner]));
      if (s.each != T(0))
        l += s.each * (static_cast<T>(a.weight_sum) * log_sum + smoothed_terms(x + at, w, max[row], n, inner));
    }
    if (loss) loss[row] = l;
    total += static_cast<double>(l);
  };
  if (inner == 1) {
    for (int64_t row = begin; row < end; ++row) {
      max[row] = row_max(x + row * n, n);
      if (dx) {  // the gradient's exponentials are these
        T* e = dx + row * n;
        sum[row] =
            sum_exp(x + row * n, n, max[row], LAMBDA(int64_t i, int lanes, Vec<T> v) { store_n(e + i, v, lanes); });
        gradient_row(a, row, sum[row], LAMBDA(int64_t i, int lanes) { return load_n(e + i, lanes); });
      } else {
        sum[row] = sum_exp(x + row * n, n, max[row], LAMBDA(int64_t, int, Vec<T>){});
      }
      finish(row, row * n, log(sum[row]));
    }
  } else {
    each_column_block<T>(inner, begin, end, [&]<int K>(int64_t outer, int64_t i, int lanes) {
      constexpr int S = Vec<T>::size;
      Vec<T> m[K], s[K];
      const int64_t at = outer * n * inner + i, row = outer * inner + i;
      column_stats<T, K>(x + at, n, inner, lanes, m, s);
      for (int k = 0; k < K; ++k) {
        store_n(max + row + k * S, m[k], lanes);
        store_n(sum + row + k * S, s[k], lanes);
        T log_sum[S];
        log(s[k]).store(log_sum);
        for (int j = 0; j < lanes; ++j) finish(row + k * S + j, at + k * S + j, log_sum[j]);
      }
    });
    if (dx) gradient_columns<T>(a, begin, end);  // of columns that are still in the cache
  }
  if (a.partial) a.partial[begin / a.grain] = total;
}

template <class T>
static void cross_entropy_bwd(const XentArgs& a, int64_t begin, int64_t end) {
  if (a.inner != 1) return gradient_columns<T>(a, begin, end);
  const T *x = static_cast<const T*>(a.x), *max = static_cast<const T*>(a.stats), *sum = max + a.rows;
  for (int64_t row = begin; row < end; ++row) {
    const T* from = x + row * a.classes;
    const Vec<T> m(max[row]);
    gradient_row(a, row, sum[row], LAMBDA(int64_t i, int lanes) { return exp(load_n(from + i, lanes) - m); });
  }
}

}  // namespace dl::DL_ISA_NS
