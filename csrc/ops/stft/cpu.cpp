// Fourier transforms (stft.h) of a register's width of rows at once, a row in each lane: Stockham's order, one pass a
// prime factor (fours together) between two buffers. Called by stft.cpp on a range of rows.
// Limit: the passes' loads and stores, which stay in L2 (2 N registers forward: 128 KB for 1024 points under AVX-512).
// (Stockham, 1966; Van Loan, "Computational frameworks for the fast Fourier transform", 1992, section 1.7.)
#include "ops/stft/formula.h"
#include "simd/transpose.h"

namespace dl::DL_ISA_NS {

// N complex numbers, each a register of real parts and one of imaginary parts.
template <class T>
struct Line {
  using Number = Vec<T>;
  T* data;
  DL_INLINE Complex<Vec<T>> operator[](int64_t i) const {
    const T* p = data + 2 * i * Vec<T>::size;
    return {Vec<T>::load(p), Vec<T>::load(p + Vec<T>::size)};
  }
  DL_INLINE void set(int64_t i, Complex<Vec<T>> z) const {
    T* p = data + 2 * i * Vec<T>::size;
    z.re.store(p);
    z.im.store(p + Vec<T>::size);
  }
};

template <class T>
static void pass_of_4(Line<T> x, Line<T> y, const T* roots, const Pass& p) {
  using V = Vec<T>;
  for (int64_t q = 0; q < p.size / 4; ++q) {
    const int64_t j = q * p.stride * p.unit;
    const Complex<V> w1 = root<V>(roots, j), w2 = root<V>(roots, 2 * j), w3 = root<V>(roots, 3 * j);
    for (int64_t k = 0; k < p.stride; ++k) butterfly_of_4(x, y, wings(p, 4, q, k), w1, w2, w3);
  }
}

template <class T>
static void pass_of_2(Line<T> x, Line<T> y, const T* roots, const Pass& p) {
  for (int64_t q = 0; q < p.size / 2; ++q) {
    const Complex<Vec<T>> w = root<Vec<T>>(roots, q * p.stride * p.unit);
    for (int64_t k = 0; k < p.stride; ++k) butterfly_of_2(x, y, wings(p, 2, q, k), w);
  }
}

// F: the factor where the compiler is to unroll it, else 0.
template <int F, class T>
static void pass_of_odd(Line<T> x, Line<T> y, const T* roots, const Pass& p) {
  const int64_t factor = F ? F : p.factor, part = p.points / factor * p.unit;
  for (int64_t q = 0; q < p.size / factor; ++q)
    for (int64_t k = 0; k < p.stride; ++k) {
      const Wings w = wings(p, factor, q, k);
      y.set(w.to, odd_sum(x, w, factor));
      for (int64_t r = 1; r <= factor / 2; ++r) odd_pair(x, y, w, factor, r, roots, part, q * p.stride * p.unit);
    }
}

// The transform of a; the result is in the line that is handed back.
template <class T>
static Line<T> transform(const DftArgs& args, Line<T> a, Line<T> b) {
  const T* roots = static_cast<const T*>(args.roots);
  Pass p{args.transform, args.points / args.transform, args.transform, 1, 0};
  for (int i = 0; i < args.factors; ++i) {
    p.factor = args.factor[i];
    if (p.factor == 4)
      pass_of_4(a, b, roots, p);
    else if (p.factor == 2)
      pass_of_2(a, b, roots, p);
    else if (p.factor == 3)
      pass_of_odd<3>(a, b, roots, p);
    else if (p.factor == 5)
      pass_of_odd<5>(a, b, roots, p);
    else
      pass_of_odd<0>(a, b, roots, p);
    p.size /= p.factor;
    p.stride *= p.factor;
    const Line<T> t = a;
    a = b;
    b = t;
  }
  return a;
}

// `count` numbers from column `at` of V rows, a row a lane, times `weight`: rows past the last one repeat it.
template <class T, class Start>
static DL_INLINE void load_columns(const Start& start, int64_t rows, int64_t at, int count, Vec<T> weight,
                                   Vec<T> (&r)[Vec<T>::size]) {
  for (int64_t i = 0; i < Vec<T>::size; ++i) r[i] = load_part(start(i < rows ? i : rows - 1) + at, count) * weight;
  transpose(r);
}
template <class T>
static DL_INLINE void store_columns(T* y, int64_t width, int64_t rows, int64_t at, int count,
                                    Vec<T> (&r)[Vec<T>::size]) {
  transpose(r);
  for (int64_t i = 0; i < Vec<T>::size && i < rows; ++i) store_part(y + i * width + at, r[i], count);
}

template <class T>
static DL_INLINE int part(int64_t at, int64_t end) {
  return static_cast<int>(end - at < Vec<T>::size ? end - at : Vec<T>::size);
}

template <class T>
static void forward(const DftArgs& args, int64_t begin, int64_t end) {
  constexpr int V = Vec<T>::size;
  const int64_t n = args.points, width = 2 * args.frequencies;
  const bool pairs = args.transform < n;
  const Line<T> a{static_cast<T*>(args.work)}, b{a.data + 2 * args.transform * V};
  const T *x = static_cast<const T*>(args.x), *window = static_cast<const T*>(args.window);
  T* y = static_cast<T*>(args.y);
  Vec<T> r[V];
  for (int64_t row = begin; row < end; row += V) {
    const auto start = [=](int64_t i) __attribute__((always_inline)) {
      return x + (row + i) / args.inner * args.outer_step + (row + i) % args.inner * args.inner_step;
    };
    for (int64_t at = 0; at < n; at += V) {
      const int count = part<T>(at, n);
      load_columns(start, end - row, at, count, window ? load_part(window + at, count) : Vec<T>(T(1)), r);
      if (pairs)
        for (int i = 0; i < count; i += 2) a.set((at + i) / 2, {r[i], r[i + 1]});
      else
        for (int i = 0; i < count; ++i) a.set(at + i, {r[i], Vec<T>(T(0))});
    }
    const Line<T> z = transform(args, a, b);
    for (int64_t at = 0; at < width; at += V) {
      const int count = part<T>(at, width);
      for (int i = 0; i < V; i += 2) {
        const Complex<Vec<T>> c =
            i < count ? frequency<T>(args, z, (at + i) / 2) : Complex<Vec<T>>{Vec<T>(T(0)), Vec<T>(T(0))};
        r[i] = c.re;
        r[i + 1] = c.im;
      }
      store_columns(y + row * width, width, end - row, at, count, r);
    }
  }
}

template <class T>
static void adjoint(const DftArgs& args, int64_t begin, int64_t end) {
  constexpr int V = Vec<T>::size;
  const int64_t n = args.points, width = 2 * args.frequencies;
  const Line<T> a{static_cast<T*>(args.work)}, b{a.data + 2 * n * V};
  const T* x = static_cast<const T*>(args.x);
  T* y = static_cast<T*>(args.y);
  Vec<T> r[V];
  for (int64_t row = begin; row < end; row += V) {
    for (int64_t at = 0; at < width; at += V) {
      const int count = part<T>(at, width);
      load_columns([=](int64_t i) { return x + (row + i) * width; }, end - row, at, count, Vec<T>(T(1)), r);
      for (int i = 0; i < count; i += 2) a.set((at + i) / 2, {r[i], -r[i + 1]});  // its conjugate
    }
    for (int64_t k = args.frequencies; k < n; ++k) a.set(k, {Vec<T>(T(0)), Vec<T>(T(0))});
    const Line<T> z = transform(args, a, b);
    for (int64_t at = 0; at < n; at += V) {
      const int count = part<T>(at, n);
      for (int i = 0; i < V; ++i) r[i] = i < count ? z[at + i].re : Vec<T>(T(0));
      store_columns(y + row * n, n, end - row, at, count, r);
    }
  }
}

void dft_fwd_f32(const DftArgs& a, int64_t b, int64_t e) { forward<float>(a, b, e); }
void dft_fwd_f64(const DftArgs& a, int64_t b, int64_t e) { forward<double>(a, b, e); }
void dft_bwd_f32(const DftArgs& a, int64_t b, int64_t e) { adjoint<float>(a, b, e); }
void dft_bwd_f64(const DftArgs& a, int64_t b, int64_t e) { adjoint<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
