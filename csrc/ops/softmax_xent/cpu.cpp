// Softmax, log-softmax and cross-entropy (softmax_xent.h) over a range of rows. Rows of inner = 1 are contiguous and
// vectorised along the classes; else a vector holds neighbouring columns and the loop runs down the classes.
// Limit: one exp an element (some 20 operations a lane); memory bandwidth for rows that leave the L2 cache.
#include "ops/softmax_xent/softmax_xent.h"

#include "blocks/rows/rows.h"

namespace dl::DL_ISA_NS {

#define LAMBDA(...) [&](__VA_ARGS__) __attribute__((always_inline))

// ---- Rows

template <class T>
static DL_INLINE void softmax_row(const T* x, T* y, int64_t n) {
  const T sum = sum_exp(x, n, row_max(x, n), LAMBDA(int64_t i, int lanes, Vec<T> e) { store_n(y + i, e, lanes); });
  const Vec<T> scale(T(1) / sum);
  each_vector<T>(n, LAMBDA(int64_t i, int lanes) { store_n(y + i, load_n(y + i, lanes) * scale, lanes); });
}

template <class T>
static DL_INLINE void log_softmax_row(const T* x, T* y, int64_t n) {
  const Vec<T> max(row_max(x, n));
  const Vec<T> log_sum(log(sum_exp(x, n, max[0], LAMBDA(int64_t, int, Vec<T>){})));
  each_vector<T>(n, LAMBDA(int64_t i, int lanes) { store_n(y + i, (load_n(x + i, lanes) - max) - log_sum, lanes); });
}

template <class T>
static DL_INLINE void softmax_bwd_row(const T* g, const T* y, T* dx, int64_t n) {
  const Vec<T> dot(
      sum_terms<T>(n, LAMBDA(int64_t i, int lanes) { return load_n(g + i, lanes) * load_n(y + i, lanes); }));
  each_vector<T>(
      n, LAMBDA(int64_t i, int lanes) { store_n(dx + i, load_n(y + i, lanes) * (load_n(g + i, lanes) - dot), lanes); });
}

template <class T>
static DL_INLINE void log_softmax_bwd_row(const T* g, const T* y, T* dx, int64_t n) {
  const Vec<T> sum(sum_terms<T>(n, LAMBDA(int64_t i, int lanes) { return load_n(g + i, lanes); }));
  each_vector<T>(
      n,
      LAMBDA(int64_t i, int lanes) { store_n(dx + i, load_n(g + i, lanes) - exp(load_n(y + i, lanes)) * sum, lanes); });
}

// ---- K vectors of columns; x points at the first class of the first column

template <class T, int K>
static DL_INLINE void softmax_columns(const T* x, T* y, int64_t classes, int64_t inner, int lanes) {
  constexpr int S = Vec<T>::size;
  Vec<T> max[K], sum[K];
  column_max<T, K>(x, classes, inner, lanes, max);
  sum_columns<T, K>(
      classes, sum, LAMBDA(int64_t c, int k) {
        const Vec<T> e = exp(load_n(x + c * inner + k * S, lanes) - max[k]);
        store_n(y + c * inner + k * S, e, lanes);
        return e;
      });
  for (int k = 0; k < K; ++k) sum[k] = Vec<T>(T(1)) / sum[k];
  for (int64_t c = 0; c < classes; ++c)
    for (int k = 0; k < K; ++k) {
      T* at = y + c * inner + k * S;
      store_n(at, load_n(at, lanes) * sum[k], lanes);
    }
}

template <class T, int K>
static DL_INLINE void column_stats(const T* x, int64_t classes, int64_t inner, int lanes, Vec<T>* max, Vec<T>* sum) {
  constexpr int S = Vec<T>::size;
  column_max<T, K>(x, classes, inner, lanes, max);
  sum_columns<T, K>(
      classes, sum, LAMBDA(int64_t c, int k) { return exp(load_n(x + c * inner + k * S, lanes) - max[k]); });
}

template <class T, int K>
static DL_INLINE void log_softmax_columns(const T* x, T* y, int64_t classes, int64_t inner, int lanes) {
  constexpr int S = Vec<T>::size;
  Vec<T> max[K], sum[K];
  column_stats<T, K>(x, classes, inner, lanes, max, sum);
  for (int k = 0; k < K; ++k) sum[k] = log(sum[k]);
  for (int64_t c = 0; c < classes; ++c)
    for (int k = 0; k < K; ++k) {
      const int64_t at = c * inner + k * S;
      store_n(y + at, (load_n(x + at, lanes) - max[k]) - sum[k], lanes);
    }
}

template <class T, int K>
static DL_INLINE void softmax_bwd_columns(const T* g, const T* y, T* dx, int64_t classes, int64_t inner, int lanes) {
  constexpr int S = Vec<T>::size;
  Vec<T> dot[K];
  sum_columns<T, K>(
      classes, dot, LAMBDA(int64_t c, int k) {
        const int64_t at = c * inner + k * S;
        return load_n(g + at, lanes) * load_n(y + at, lanes);
      });
  for (int64_t c = 0; c < classes; ++c)
    for (int k = 0; k < K; ++k) {
      const int64_t at = c * inner + k * S;
      store_n(dx + at, load_n(y + at, lanes) * (load_n(g + at, lanes) - dot[k]), lanes);
    }
}

template <class T, int K>
static DL_INLINE void log_softmax_bwd_columns(const T* g, const T* y, T* dx, int64_t classes, int64_t inner,
                                              int lanes) {
  constexpr int S = Vec<T>::size;
  Vec<T> sum[K];
  sum_columns<T, K>(classes, sum, LAMBDA(int64_t c, int k) { return load_n(g + c * inner + k * S, lanes); });
  for (int64_t c = 0; c < classes; ++c)
    for (int k = 0; k < K; ++k) {
      const int64_t at = c * inner + k * S;
      store_n(dx + at, load_n(g + at, lanes) - exp(load_n(y + at, lanes)) * sum[k], lanes);
    }
}

#define SOFTMAX_KERNEL(NAME, ROW, COLUMNS) \
  template <class T> \
  static void NAME(const SoftmaxArgs& a, int64_t begin, int64_t end) { \
    const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(a.g); \
    T* out = static_cast<T*>(a.out); \
    const int64_t n = a.classes, inner = a.inner; \
    (void)g; \
    if (inner == 1) { \
      for (int64_t at = begin * n; at < end * n; at += n) ROW; \
      return; \
    } \
    each_column_block<T>(inner, begin, end, [&]<int K>(int64_t outer, int64_t i, int lanes) { \
      const int64_t at = outer * n * inner + i; \
      COLUMNS; \
    }); \
  } \
  void NAME##_f32(const SoftmaxArgs& a, int64_t b, int64_t e) { NAME<float>(a, b, e); } \
  void NAME##_f64(const SoftmaxArgs& a, int64_t b, int64_t e) { NAME<double>(a, b, e); }

SOFTMAX_KERNEL(softmax_fwd, softmax_row(x + at, out + at, n),
               (softmax_columns<T, K>(x + at, out + at, n, inner, lanes)))
SOFTMAX_KERNEL(log_softmax_fwd, log_softmax_row(x + at, out + at, n),
               (log_softmax_columns<T, K>(x + at, out + at, n, inner, lanes)))
SOFTMAX_KERNEL(softmax_bwd, softmax_bwd_row(g + at, x + at, out + at, n),
               (softmax_bwd_columns<T, K>(g + at, x + at, out + at, n, inner, lanes)))
SOFTMAX_KERNEL(log_softmax_bwd, log_softmax_bwd_row(g + at, x + at, out + at, n),
               (log_softmax_bwd_columns<T, K>(g + at, x + at, out + at, n, inner, lanes)))

// ---- Cross-entropy

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

template <class T>
static void cross_entropy_fwd(const XentArgs& a, int64_t begin, int64_t end) {
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.weight);
  T *max = static_cast<T*>(a.stats), *sum = max + a.rows, *loss = static_cast<T*>(a.loss);
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
      sum[row] = sum_exp(x + row * n, n, max[row], LAMBDA(int64_t, int, Vec<T>){});
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
  }
  if (a.partial) a.partial[begin / a.grain] = total;
}

template <class T>
static void cross_entropy_bwd(const XentArgs& a, int64_t begin, int64_t end) {
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(a.g), *w = static_cast<const T*>(a.weight);
  const T *max = static_cast<const T*>(a.stats), *sum = max + a.rows;
  T* dx = static_cast<T*>(a.dx);
  const int64_t n = a.classes, inner = a.inner;
  const T scale = static_cast<T>(a.scale), weight_sum = static_cast<T>(a.weight_sum);
  const bool smooth = a.smoothing != 0;
  const auto row_shares = LAMBDA(int64_t row) {
    const Shares<T> s = shares<T>(a, a.target[row]);
    const T row_g = a.target[row] == a.ignored ? T(0) : g[row * a.g_step] * scale;  // the mean of nothing is NaN
    return Shares<T>{s.own * row_g, s.each * row_g};
  };
  if (inner == 1) {
    for (int64_t row = begin; row < end; ++row) {
      const Shares<T> s = row_shares(row);
      const T* from = x + row * n;
      T* to = dx + row * n;
      const Vec<T> m(max[row]), f((s.own + s.each * weight_sum) / sum[row]), each(s.each);
      if (smooth)
        each_vector<T>(
            n, LAMBDA(int64_t i, int lanes) {
              const Vec<T> less = w ? each * load_n(w + i, lanes) : each;
              store_n(to + i, exp(load_n(from + i, lanes) - m) * f - less, lanes);
            });
      else
        each_vector<T>(
            n, LAMBDA(int64_t i, int lanes) { store_n(to + i, exp(load_n(from + i, lanes) - m) * f, lanes); });
      if (a.target[row] != a.ignored) to[a.target[row]] -= s.own;
    }
    return;
  }
  each_column_block<T>(inner, begin, end, [&]<int K>(int64_t outer, int64_t i, int lanes) {
    constexpr int S = Vec<T>::size;
    const int64_t at = outer * n * inner + i, row = outer * inner + i;
    const int columns = (K - 1) * S + lanes;
    T own[K * S] = {}, each[K * S] = {};
    for (int j = 0; j < columns; ++j) {
      const Shares<T> s = row_shares(row + j);
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

void cross_entropy_fwd_f32(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_fwd<float>(a, b, e); }
void cross_entropy_fwd_f64(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_fwd<double>(a, b, e); }
void cross_entropy_bwd_f32(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_bwd<float>(a, b, e); }
void cross_entropy_bwd_f64(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_bwd<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
