// Fourier transforms (stft.h) of a register's width of rows at once, a row in each lane: Stockham's order, one pass a
// prime factor (fours together) between two buffers. Called by stft.cpp on a range of rows.
// Limit: the passes' loads and stores, which stay in L2 (2 N registers forward: 128 KB for 1024 points under AVX-512).
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
// roots[unit] is the first root of the whole transform's points.
struct Pass {
  int64_t points, unit, size, stride, factor;
};

template <class T>
static void pass_of_4(Line<T> x, Line<T> y, const T* roots, const Pass& p) {
  const int64_t m = p.size / 4, stride = p.stride;
  for (int64_t q = 0; q < m; ++q) {
    const int64_t j = q * stride * p.unit;
    const Complex<T> w1 = root(roots, j), w2 = root(roots, 2 * j), w3 = root(roots, 3 * j);
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
  }
}

template <class T>
static void pass_of_2(Line<T> x, Line<T> y, const T* roots, const Pass& p) {
  const int64_t m = p.size / 2, stride = p.stride;
  for (int64_t q = 0; q < m; ++q) {
    const Complex<T> w = root(roots, q * stride * p.unit);
    for (int64_t k = 0; k < stride; ++k) {
      const Complex<T> a = x[k + stride * q], b = x[k + stride * (q + m)];
      y.set(k + stride * 2 * q, a + b);
      y.set(k + stride * (2 * q + 1), (a - b) * w);
    }
  }
}

// An odd factor: terms j and factor - j share a cosine and, but for its sign, a sine, and so do results r and
// factor - r. F: the factor where the compiler is to unroll it, else 0.
template <int F, class T>
static void pass_of_odd(Line<T> x, Line<T> y, const T* roots, const Pass& p) {
  const int64_t factor = F ? F : p.factor, m = p.size / factor, stride = p.stride;
  const int64_t part = p.points / factor * p.unit;
  for (int64_t q = 0; q < m; ++q)
    for (int64_t k = 0; k < stride; ++k) {
      const int64_t from = k + stride * q, to = k + stride * factor * q;
      const Complex<T> first = x[from];
      Complex<T> all = first;
      for (int64_t j = 1; j <= factor / 2; ++j)
        all = all + (x[from + stride * m * j] + x[from + stride * m * (factor - j)]);
      y.set(to, all);
      for (int64_t r = 1; r <= factor / 2; ++r) {
        Complex<T> even = first, odd{Vec<T>(T(0)), Vec<T>(T(0))};
        for (int64_t j = 1; j <= factor / 2; ++j) {
          const Complex<T> a = x[from + stride * m * j], b = x[from + stride * m * (factor - j)];
          const Complex<T> w = root(roots, j * r % factor * part);  // cos, -sin
          const Complex<T> sum = a + b, difference = a - b;
          even = even + Complex<T>{sum.re * w.re, sum.im * w.re};
          odd = odd + Complex<T>{difference.re * w.im, difference.im * w.im};
        }
        const int64_t turn = q * stride * p.unit;
        y.set(to + stride * r, (even - odd.over_i()) * root(roots, turn * r));
        y.set(to + stride * (factor - r), (even + odd.over_i()) * root(roots, turn * (factor - r)));
      }
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

// Frequency k <= N / 2 of real points whose even ones were z's real parts and whose odd ones its imaginary parts.
template <class T>
static DL_INLINE Complex<T> of_pairs(Line<T> z, const T* roots, int64_t half, int64_t k) {
  const Complex<T> a = z[k == half ? 0 : k], b = z[k == 0 ? 0 : half - k];
  const Vec<T> one_half(T(0.5));
  const Complex<T> even{(a.re + b.re) * one_half, (a.im - b.im) * one_half};
  const Complex<T> odd{(a.im + b.im) * one_half, (b.re - a.re) * one_half};
  return even + odd * root(roots, k);
}

template <class T>
static DL_INLINE Complex<T> frequency(const DftArgs& args, Line<T> z, int64_t k) {
  if (args.transform == args.points) return z[k];
  const T* roots = static_cast<const T*>(args.roots);
  if (k <= args.transform) return of_pairs(z, roots, args.transform, k);
  const Complex<T> c = of_pairs(z, roots, args.transform, args.points - k);  // its mirror's conjugate
  return {c.re, -c.im};
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
        const Complex<T> c = i < count ? frequency(args, z, (at + i) / 2) : Complex<T>{Vec<T>(T(0)), Vec<T>(T(0))};
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
