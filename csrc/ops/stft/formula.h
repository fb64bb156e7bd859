// The butterflies of stft.h's transforms, once: of registers with a row in each lane, and of a CUDA thread's numbers. A
// Line holds complex numbers of a type Number: line[i], and line.set(i, z).
#pragma once
#include "ops/stft/stft.h"
#include "simd/math.h"

namespace dl::DL_ISA_NS {

template <class V>
struct Complex {
  V re, im;
  friend DL_HD DL_INLINE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
  friend DL_HD DL_INLINE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
  friend DL_HD DL_INLINE Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  DL_HD DL_INLINE Complex over_i() const { return {im, -re}; }  // times -i
};

template <class V, class T>
DL_HD DL_INLINE Complex<V> root(const T* roots, int64_t j) {
  return {V(roots[2 * j]), V(roots[2 * j + 1])};
}

// One pass: transforms of `factor` points `size / factor` apart, of each run of `size`; `stride` runs are interleaved.
// roots[unit] is the first root of the whole transform's points.
struct Pass {
  int64_t points, unit, size, stride, factor;
};

// What one butterfly reads and writes: `from` and those `apart` behind it, `to` and those `stride` behind it.
struct Wings {
  int64_t from, apart, to, stride;
};
// That of q < size / factor and k < stride.
DL_HD DL_INLINE Wings wings(const Pass& p, int64_t factor, int64_t q, int64_t k) {
  return {k + p.stride * q, p.stride * (p.size / factor), k + p.stride * factor * q, p.stride};
}

template <class Line, class V>
DL_HD DL_INLINE void butterfly_of_4(const Line& x, const Line& y, Wings w, Complex<V> w1, Complex<V> w2,
                                    Complex<V> w3) {
  const Complex<V> a = x[w.from], b = x[w.from + w.apart], c = x[w.from + 2 * w.apart], d = x[w.from + 3 * w.apart];
  const Complex<V> ac = a + c, bd = b + d, a_c = a - c, b_d = (b - d).over_i();
  y.set(w.to, ac + bd);
  y.set(w.to + w.stride, (a_c + b_d) * w1);
  y.set(w.to + 2 * w.stride, (ac - bd) * w2);
  y.set(w.to + 3 * w.stride, (a_c - b_d) * w3);
}

template <class Line, class V>
DL_HD DL_INLINE void butterfly_of_2(const Line& x, const Line& y, Wings w, Complex<V> w1) {
  const Complex<V> a = x[w.from], b = x[w.from + w.apart];
  y.set(w.to, a + b);
  y.set(w.to + w.stride, (a - b) * w1);
}

// An odd factor: terms j and factor - j share a cosine and, but for its sign, a sine, and so do results r and
// factor - r. Result 0:
template <class Line>
DL_HD DL_INLINE Complex<typename Line::Number> odd_sum(const Line& x, Wings w, int64_t factor) {
  Complex<typename Line::Number> all = x[w.from];
  for (int64_t j = 1; j <= factor / 2; ++j) all = all + (x[w.from + w.apart * j] + x[w.from + w.apart * (factor - j)]);
  return all;
}
// Results r and factor - r. part: of the roots between two of the factor's own; turn: of result 1.
template <class Line, class T>
DL_HD DL_INLINE void odd_pair(const Line& x, const Line& y, Wings w, int64_t factor, int64_t r, const T* roots,
                              int64_t part, int64_t turn) {
  using V = typename Line::Number;
  Complex<V> even = x[w.from], odd{V(T(0)), V(T(0))};
  for (int64_t j = 1; j <= factor / 2; ++j) {
    const Complex<V> a = x[w.from + w.apart * j], b = x[w.from + w.apart * (factor - j)];
    const Complex<V> c = root<V>(roots, j * r % factor * part);  // cos, -sin
    const Complex<V> sum = a + b, difference = a - b;
    even = even + Complex<V>{sum.re * c.re, sum.im * c.re};
    odd = odd + Complex<V>{difference.re * c.im, difference.im * c.im};
  }
  y.set(w.to + w.stride * r, (even - odd.over_i()) * root<V>(roots, turn * r));
  y.set(w.to + w.stride * (factor - r), (even + odd.over_i()) * root<V>(roots, turn * (factor - r)));
}

// Frequency k <= N / 2 of real points whose even ones were z's real parts and whose odd ones its imaginary parts.
template <class Line, class T>
DL_HD DL_INLINE Complex<typename Line::Number> of_pairs(const Line& z, const T* roots, int64_t half, int64_t k) {
  using V = typename Line::Number;
  const Complex<V> a = z[k == half ? 0 : k], b = z[k == 0 ? 0 : half - k];
  const V one_half(T(0.5));
  const Complex<V> even{(a.re + b.re) * one_half, (a.im - b.im) * one_half};
  const Complex<V> odd{(a.im + b.im) * one_half, (b.re - a.re) * one_half};
  return even + odd * root<V>(roots, k);
}

template <class T, class Line>
DL_HD DL_INLINE Complex<typename Line::Number> frequency(const DftArgs& args, const Line& z, int64_t k) {
  if (args.transform == args.points) return z[k];
  const T* roots = static_cast<const T*>(args.roots);
  if (k <= args.transform) return of_pairs(z, roots, args.transform, k);
  const auto c = of_pairs(z, roots, args.transform, args.points - k);  // its mirror's conjugate
  return {c.re, -c.im};
}

}  // namespace dl::DL_ISA_NS
