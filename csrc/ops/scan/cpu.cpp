// Running totals of several lines at once (scan.h): neighbours in memory where the dimension is not the last, else
// rows. Called by scan.cpp. Limit: memory bandwidth; a single line, the latency of one addition an element.
#include "ops/scan/formula.h"
#include "ops/scan/scan.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

constexpr int kWide = 16;  // neighbouring lines: their float32 fill a cache line
constexpr int kRows = 4;   // rows: their additions hide each other's latency

// f.template operator()<W>(first element, elements from one line to the next) for W lines of [begin, end) at a time.
template <class F>
static DL_INLINE void each_lines(const ScanArgs& a, int64_t begin, int64_t end, const F& f) {
  while (begin < end) {
    const int64_t at = begin / a.inner * a.n * a.inner + begin % a.inner;
    const int64_t beside = a.inner - begin % a.inner, left = end - begin;
    const int64_t lines = a.inner == 1 || left < beside ? left : beside, apart = a.inner == 1 ? a.n : 1;
    if (a.inner > 1 && lines >= kWide) {
      f.template operator()<kWide>(at, 1);
      begin += kWide;
    } else if (lines >= kRows) {
      f.template operator()<kRows>(at, apart);
      begin += kRows;
    } else {
      f.template operator()<1>(at, apart);
      begin += 1;
    }
  }
}

template <class Op, class T>
static void scan(const ScanArgs& a, int64_t begin, int64_t end) {
  using A = typename TotalOf<T>::Type;
  each_lines(a, begin, end, [&]<int W>(int64_t at, int64_t apart) __attribute__((always_inline)) {
    const int64_t step = a.reverse ? -a.inner : a.inner;
    at += a.reverse ? (a.n - 1) * a.inner : 0;
    const T* x = static_cast<const T*>(a.x) + at;
    T* out = static_cast<T*>(a.out) + at;
    A total[W];
    for (int w = 0; w < W; ++w) total[w] = Op::start;
    for (int64_t i = 0; i < a.n; ++i, x += step, out += step)
      for (int w = 0; w < W; ++w) {
        total[w] = Op::step(total[w], static_cast<A>(x[w * apart]));
        out[w * apart] = static_cast<T>(total[w]);
      }
  });
}

template <class T>
static void product_backward(const ScanArgs& a, int64_t begin, int64_t end) {
  each_lines(a, begin, end, [&]<int W>(int64_t at, int64_t apart) __attribute__((always_inline)) {
    const T *x = static_cast<const T*>(a.x) + at, *g = static_cast<const T*>(a.g) + at;
    const T* y = static_cast<const T*>(a.y) + at;
    T* out = static_cast<T*>(a.out) + at;
    double s[W] = {};
    for (int64_t i = a.n - 1; i >= 0; --i)
      for (int w = 0; w < W; ++w) {
        const int64_t here = i * a.inner + w * apart;
        if (i + 1 < a.n) s[w] *= static_cast<double>(x[here + a.inner]);
        s[w] += static_cast<double>(g[here]);
        out[here] = static_cast<T>(i ? static_cast<double>(y[here - a.inner]) * s[w] : s[w]);
      }
  });
}

template <class Op, class T>
static void pick(const ScanArgs& a, int64_t begin, int64_t end) {
  each_lines(a, begin, end, [&]<int W>(int64_t at, int64_t apart) __attribute__((always_inline)) {
    const T* x = static_cast<const T*>(a.x) + at;
    T* out = static_cast<T*>(a.out) + at;
    int64_t* index = a.index + at;
    T best[W];
    int64_t place[W];
    for (int w = 0; w < W; ++w) {
      best[w] = x[w * apart];
      place[w] = 0;
    }
    for (int64_t i = 0; i < a.n; ++i, x += a.inner, out += a.inner, index += a.inner)
      for (int w = 0; w < W; ++w) {
        const T v = x[w * apart];
        const bool wins = Op::wins(v, best[w]);
        best[w] = wins ? v : best[w];
        place[w] = wins ? i : place[w];
        out[w * apart] = best[w];
        index[w * apart] = place[w];
      }
  });
}

#define KERNEL(NAME, FUNCTION) \
  void NAME(const ScanArgs& a, int64_t b, int64_t e) { FUNCTION(a, b, e); }
#define EXTREMES(SUFFIX, T) \
  KERNEL(cummax_##SUFFIX, (pick<Max, T>)) \
  KERNEL(cummin_##SUFFIX, (pick<Min, T>))

KERNEL(cumsum_i64, (scan<Sum, int64_t>))
KERNEL(cumsum_f32, (scan<Sum, float>))
KERNEL(cumsum_f64, (scan<Sum, double>))
KERNEL(cumprod_i64, (scan<Product, int64_t>))
KERNEL(cumprod_f32, (scan<Product, float>))
KERNEL(cumprod_f64, (scan<Product, double>))
KERNEL(cumprod_bwd_f32, product_backward<float>)
KERNEL(cumprod_bwd_f64, product_backward<double>)
EXTREMES(u8, uint8_t)
EXTREMES(i32, int32_t)
EXTREMES(i64, int64_t)
EXTREMES(f32, float)
EXTREMES(f64, double)

}  // namespace dl::DL_ISA_NS
