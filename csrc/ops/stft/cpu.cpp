// Fourier transforms (stft.h) of a register's width of rows at once, a row in each lane: Stockham's order, one pass a
// prime factor (fours together) between two buffers. Called by stft.cpp on a range of rows.
// Limit: the passes' loads and stores, which stay in L2 (4 N registers: 256 KB for 1024 points under AVX-512).
// (Stockham, 1966; Van Loan, "Computational frameworks for the fast Fourier transform", 1992, section 1.7.)
#include "ops/stft/stft.h"
#include "simd/transpose.h"

namespace dl::DL_ISA_NS {

template <class T>
struct Complex {
  Vec<T> re, im;
  friend DL_INLINE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
  friend DL_INLINE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
  friend DL_INLINE Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  DL_INLINE Complex over_i() const { return {im, -re}; }  // times -i
};

// N complex numbers, each a register of real parts and one of imaginary parts.
template <class T>
struct Line {
  T* data;
  DL_INLINE Complex<T> operator[](int64_t i) const {
    const T* p = data + 2 * i * Vec<T>::size;
    return {Vec<T>::load(p), Vec<T>::load(p + Vec<T>::size)};
  }
  DL_INLINE void set(int64_t i, Complex<T> z) const {
    T* p = data + 2 * i * Vec<T>::size;
    z.re.store(p);
    z.im.store(p + Vec<T>::size);
  }
};

template <class T>
static DL_INLINE Complex<T> root(const T* roots, int64_t j) {
  return {Vec<T>(roots[2 * j]), Vec<T>(roots[2 * j + 1])};
}

// One pass: transforms of `factor` points `size / factor` apart, of each run of `size`; `stride` runs are interleaved.
template <class T>
static void pass(Line<T> x, Line<T> y, const T* roots, int64_t points, int64_t size, int64_t stride, int64_t factor) {
  const int64_t m = size / factor;
  for (int64_t q = 0; q < m; ++q) {
    const Complex<T> w1 = root(roots, q * stride);
    if (factor == 4) {
      const Complex<T> w2 = root(roots, 2 * q * stride), w3 = root(roots, 3 * q * stride);
      for (int64_t k = 0; k < stride; ++k) {
        const Complex<T> a = x[k + stride * q], b = x[k + stride * (q + m)], c = x[k + stride * (q + 2 * m)],
                         d = x[k + stride * (q + 3 * m)];
        const Complex<T> ac = a + c, bd = b + d, a_c = a - c, b_d = (b - d).over_i();
        const int64_t to = k + stride * 4 * q;
        y.set(to, ac + bd);
        y.set(to + stride, (a_c + b_d) * w1);
        y.set(to + 2 * stride, (ac - bd) * w2);
        y.set(to + 3 * stride, (a_c - b_d) * w3);
      }
    } else if (factor == 2) {
      for (int64_t k = 0; k < stride; ++k) {
        const Complex<T> a = x[k + stride * q], b = x[k + stride * (q + m)];
        y.set(k + stride * 2 * q, a + b);
        y.set(k + stride * (2 * q + 1), (a - b) * w1);
      }
    } else {
      for (int64_t r = 0; r < factor; ++r) {
        const Complex<T> w = root(roots, q * r * stride);
        for (int64_t k = 0; k < stride; ++k) {
          Complex<T> sum = x[k + stride * q];
          for (int64_t j = 1; j < factor; ++j)
            sum = sum + x[k + stride * (q + j * m)] * root(roots, j * r % factor * (points / factor));
          y.set(k + stride * (factor * q + r), sum * w);
        }
      }
    }
  }
}

// The transform of a; the result is in the line that is handed back.
template <class T>
static Line<T> transform(const DftArgs& args, Line<T> a, Line<T> b) {
  int64_t size = args.points, stride = 1;
  for (int i = 0; i < args.factors; ++i) {
    pass(a, b, static_cast<const T*>(args.roots), args.points, size, stride, args.factor[i]);
    size /= args.factor[i];
    stride *= args.factor[i];
    const Line<T> t = a;
    a = b;
    b = t;
  }
  return a;
}

// `count` numbers from column `at` of V rows of `width`, a row a lane: rows past the last one repeat it.
template <class T>
static DL_INLINE void load_columns(const T* x, int64_t width, int64_t rows, int64_t at, int count,
                                   Vec<T> (&r)[Vec<T>::size]) {
  for (int64_t i = 0; i < Vec<T>::size; ++i) {
    const T* p = x + (i < rows ? i : rows - 1) * width + at;
    r[i] = count == Vec<T>::size ? Vec<T>::load(p) : load_n(p, count, T(0));
  }
  transpose(r);
}
template <class T>
static DL_INLINE void store_columns(T* y, int64_t width, int64_t rows, int64_t at, int count,
                                    Vec<T> (&r)[Vec<T>::size]) {
  transpose(r);
  for (int64_t i = 0; i < Vec<T>::size && i < rows; ++i) store_n(y + i * width + at, r[i], count);
}

template <class T>
static DL_INLINE int part(int64_t at, int64_t end) {
  return static_cast<int>(end - at < Vec<T>::size ? end - at : Vec<T>::size);
}

template <class T>
static void forward(const DftArgs& args, int64_t begin, int64_t end) {
  constexpr int V = Vec<T>::size;
  const int64_t n = args.points, width = 2 * args.frequencies;
  const Line<T> a{static_cast<T*>(args.work)}, b{a.data + 2 * n * V};
  const T* x = static_cast<const T*>(args.x);
  T* y = static_cast<T*>(args.y);
  Vec<T> r[V];
  for (int64_t row = begin; row < end; row += V) {
    for (int64_t at = 0; at < n; at += V) {
      const int count = part<T>(at, n);
      load_columns(x + row * n, n, end - row, at, count, r);
      for (int i = 0; i < count; ++i) a.set(at + i, {r[i], Vec<T>(T(0))});
    }
    const Line<T> z = transform(args, a, b);
    for (int64_t at = 0; at < width; at += V) {
      const int count = part<T>(at, width);
      for (int i = 0; i < V; i += 2) {
        const Complex<T> c = i < count ? z[(at + i) / 2] : Complex<T>{Vec<T>(T(0)), Vec<T>(T(0))};
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
      load_columns(x + row * width, width, end - row, at, count, r);
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
