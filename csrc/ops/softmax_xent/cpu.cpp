// Softmax, log-softmax and cross-entropy (softmax_xent.h) over a range of rows. Rows of inner = 1 are contiguous and
// vectorised along the classes; else a vector holds neighbouring columns and the loop runs down the classes.
// Limit: one exp an element (some 20 operations a lane); memory bandwidth for rows that leave the L2 cache.
#include "ops/softmax_xent/softmax_xent.h"

#include "ops/softmax_xent/cross_entropy.h"

namespace dl::DL_ISA_NS {

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

// max where it is finite, or NaN; else 0: infinite terms need no shift.
template <class T>
static DL_INLINE Vec<T> finite_shift(Vec<T> max) {
  return select(abs(max) == Vec<T>(T(__builtin_inf())), Vec<T>(T(0)), max);
}

template <class T>
static DL_INLINE void logsumexp_row(const T* x, T* y, int64_t n) {
  const Vec<T> shift = finite_shift(Vec<T>(row_max(x, n)));
  *y = (log(Vec<T>(sum_exp(x, n, shift[0], LAMBDA(int64_t, int, Vec<T>){}))) + shift)[0];
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
static DL_INLINE void logsumexp_columns(const T* x, T* y, int64_t classes, int64_t inner, int lanes) {
  constexpr int S = Vec<T>::size;
  Vec<T> shift[K], sum[K];
  column_max<T, K>(x, classes, inner, lanes, shift);
  for (int k = 0; k < K; ++k) shift[k] = finite_shift(shift[k]);
  sum_columns<T, K>(
      classes, sum, LAMBDA(int64_t c, int k) { return exp(load_n(x + c * inner + k * S, lanes) - shift[k]); });
  for (int k = 0; k < K; ++k) store_n(y + k * S, log(sum[k]) + shift[k], lanes);
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
SOFTMAX_KERNEL(logsumexp_fwd, logsumexp_row(x + at, out + at / n, n),
               (logsumexp_columns<T, K>(x + at, out + outer * inner + i, n, inner, lanes)))
SOFTMAX_KERNEL(softmax_bwd, softmax_bwd_row(g + at, x + at, out + at, n),
               (softmax_bwd_columns<T, K>(g + at, x + at, out + at, n, inner, lanes)))
SOFTMAX_KERNEL(log_softmax_bwd, log_softmax_bwd_row(g + at, x + at, out + at, n),
               (log_softmax_bwd_columns<T, K>(g + at, x + at, out + at, n, inner, lanes)))

// ---- Cross-entropy

void cross_entropy_fwd_f32(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_fwd<float>(a, b, e); }
void cross_entropy_fwd_f64(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_fwd<double>(a, b, e); }
void cross_entropy_bwd_f32(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_bwd<float>(a, b, e); }
void cross_entropy_bwd_f64(const XentArgs& a, int64_t b, int64_t e) { cross_entropy_bwd<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
