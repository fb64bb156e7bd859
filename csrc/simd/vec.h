// Vec<T>: one register of T in the namespace of the ISA this file is compiled for (DL_ISA_NS). Arithmetic, comparison
// and select come from the compiler's vector types; what those lack is in vec_<isa>.h. For cpu*.cpp files only: every
// name here lives in the ISA's namespace, so no inline function of a wide ISA can be linked into baseline code.
#pragma once
#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

#if defined(__AVX512F__)
#define DL_VEC_BYTES 64
#elif defined(__AVX2__)
#define DL_VEC_BYTES 32
#else
#define DL_VEC_BYTES 16
#endif

#define DL_INLINE inline __attribute__((always_inline))

namespace dl::DL_ISA_NS {

// The compiler's vector type of T, and the signed integer as wide as T, which a comparison yields.
template <class T>
struct Lane;
#define DL_LANE(T, INT) \
  template <> \
  struct Lane<T> { \
    typedef T Native __attribute__((vector_size(DL_VEC_BYTES))); \
    typedef INT Int; \
    typedef INT IntNative __attribute__((vector_size(DL_VEC_BYTES))); \
  };
DL_LANE(float, int32_t)
DL_LANE(double, int64_t)
DL_LANE(int32_t, int32_t)
DL_LANE(int64_t, int64_t)
DL_LANE(uint8_t, int8_t)
DL_LANE(int8_t, int8_t)
#undef DL_LANE

template <class T>
struct Vec {
  using Native = typename Lane<T>::Native;
  using MaskNative = typename Lane<T>::IntNative;
  using Scalar = T;
  struct Mask {  // all ones or all zeros a lane
    MaskNative m;
    DL_INLINE Mask operator&(Mask o) const { return {m & o.m}; }
    DL_INLINE Mask operator|(Mask o) const { return {m | o.m}; }
    DL_INLINE Mask operator~() const { return {~m}; }
  };
  static constexpr int size = DL_VEC_BYTES / sizeof(T);

  Native v;

  Vec() = default;
  DL_INLINE Vec(Native n) : v(n) {}
  DL_INLINE Vec(T s) : v(s - Native{}) {}  // broadcast; s - 0 keeps -0

  static DL_INLINE Vec load(const T* p) {
    Vec r;
    __builtin_memcpy(&r.v, p, sizeof(Native));
    return r;
  }
  DL_INLINE void store(T* p) const { __builtin_memcpy(p, &v, sizeof(Native)); }
  DL_INLINE T operator[](int i) const { return v[i]; }

  friend DL_INLINE Vec operator+(Vec a, Vec b) { return a.v + b.v; }
  friend DL_INLINE Vec operator-(Vec a, Vec b) { return a.v - b.v; }
  friend DL_INLINE Vec operator*(Vec a, Vec b) { return a.v * b.v; }
  friend DL_INLINE Vec operator/(Vec a, Vec b) { return a.v / b.v; }
  friend DL_INLINE Vec operator-(Vec a) { return -a.v; }
  friend DL_INLINE Mask operator<(Vec a, Vec b) { return {a.v < b.v}; }
  friend DL_INLINE Mask operator<=(Vec a, Vec b) { return {a.v <= b.v}; }
  friend DL_INLINE Mask operator>(Vec a, Vec b) { return {a.v > b.v}; }
  friend DL_INLINE Mask operator>=(Vec a, Vec b) { return {a.v >= b.v}; }
  friend DL_INLINE Mask operator==(Vec a, Vec b) { return {a.v == b.v}; }
  friend DL_INLINE Mask operator!=(Vec a, Vec b) { return {a.v != b.v}; }
};

template <class T>
DL_INLINE Vec<T> select(typename Vec<T>::Mask m, Vec<T> yes, Vec<T> no) {
  return m.m ? yes.v : no.v;
}

// Bits, for the exponent tricks of math.h.
template <class T>
DL_INLINE Vec<typename Lane<T>::Int> bits_of(Vec<T> x) {
  return (typename Vec<typename Lane<T>::Int>::Native)x.v;
}
template <class T>
DL_INLINE Vec<T> from_bits(Vec<typename Lane<T>::Int> i) {
  return (typename Vec<T>::Native)i.v;
}
template <class I>
DL_INLINE Vec<I> shift_left(Vec<I> x, int n) {
  return x.v << n;
}
template <class I>
DL_INLINE Vec<I> shift_right(Vec<I> x, int n) {  // arithmetic
  return x.v >> n;
}
template <class I>
DL_INLINE Vec<I> bit_and(Vec<I> a, Vec<I> b) {
  return a.v & b.v;
}
template <class I>
DL_INLINE Vec<I> bit_or(Vec<I> a, Vec<I> b) {
  return a.v | b.v;
}
// To and from integers of the same width; the float must be integral and in range.
template <class T>
DL_INLINE Vec<typename Lane<T>::Int> to_int(Vec<T> x) {
  return __builtin_convertvector(x.v, typename Vec<typename Lane<T>::Int>::Native);
}
template <class T>
DL_INLINE Vec<T> to_float(Vec<typename Lane<T>::Int> i) {
  return __builtin_convertvector(i.v, typename Vec<T>::Native);
}

template <class T>
DL_INLINE Vec<T> abs(Vec<T> x) {
  using I = typename Lane<T>::Int;
  return from_bits<T>(bit_and(bits_of(x), Vec<I>(I(~(I(1) << (8 * sizeof(I) - 1))))));
}
// x's magnitude with s's sign.
template <class T>
DL_INLINE Vec<T> copysign(Vec<T> x, Vec<T> s) {
  using I = typename Lane<T>::Int;
  const Vec<I> sign(I(I(1) << (8 * sizeof(I) - 1)));
  return from_bits<T>(bit_or(bit_and(bits_of(x), Vec<I>(~sign.v)), bit_and(bits_of(s), sign)));
}
// NaN if either is NaN, as torch.maximum.
template <class T>
DL_INLINE Vec<T> maximum(Vec<T> a, Vec<T> b) {
  return select<T>((a > b) | (a != a), a, b);
}
template <class T>
DL_INLINE Vec<T> minimum(Vec<T> a, Vec<T> b) {
  return select<T>((a < b) | (a != a), a, b);
}

// The first n lanes (n < size); the rest reads as `fill`.
template <class T>
DL_INLINE Vec<T> load_n(const T* p, int n, T fill = T(0)) {
  Vec<T> r(fill);
  __builtin_memcpy(&r.v, p, static_cast<size_t>(n) * sizeof(T));
  return r;
}
template <class T>
DL_INLINE void store_n(T* p, Vec<T> x, int n) {
  __builtin_memcpy(p, &x.v, static_cast<size_t>(n) * sizeof(T));
}

// n bytes (n <= size) as lanes of I, int32_t or int64_t, the rest 0; and the low bytes of n lanes.
template <class I>
DL_INLINE Vec<I> load_bytes(const uint8_t* p, int n) {
  I t[Vec<I>::size] = {};
  for (int i = 0; i < n; ++i) t[i] = p[i];
  return Vec<I>::load(t);
}
template <class I>
DL_INLINE void store_bytes(uint8_t* p, Vec<I> x, int n) {
  I t[Vec<I>::size];
  x.store(t);
  for (int i = 0; i < n; ++i) p[i] = static_cast<uint8_t>(t[i]);
}

// Lane sums and maxima in one fixed tree, lane i with lane i + half; that they are the same on every ISA's width is not
// promised: bits hold per ISA. Halves of a vector are vectors themselves, so each step is one instruction.
template <class T, int N, class Op>
DL_INLINE T reduce_lanes(const T* t, const Op& op) {
  typedef T Half __attribute__((vector_size(N / 2 * sizeof(T))));
  Half low, high;
  __builtin_memcpy(&low, t, sizeof low);
  __builtin_memcpy(&high, t + N / 2, sizeof high);
  low = op(low, high);
  if constexpr (N == 2) {
    return low[0];
  } else {
    T rest[N / 2];
    __builtin_memcpy(rest, &low, sizeof low);
    return reduce_lanes<T, N / 2>(rest, op);
  }
}
template <class T>
DL_INLINE T sum_lanes(Vec<T> x) {
  T t[Vec<T>::size];
  x.store(t);
  return reduce_lanes<T, Vec<T>::size>(t, [](auto a, auto b) __attribute__((always_inline)) { return a + b; });
}
template <class T>
DL_INLINE T max_lanes(Vec<T> x) {  // NaN wins
  T t[Vec<T>::size];
  x.store(t);
  return reduce_lanes<T, Vec<T>::size>(
      t, [](auto a, auto b) __attribute__((always_inline)) { return (a > b) | (a != a) ? a : b; });
}

}  // namespace dl::DL_ISA_NS

#if defined(__AVX512F__)
#include "simd/vec_avx512.h"
#elif defined(__AVX2__)
#include "simd/vec_avx2.h"
#else
#include "simd/vec_base.h"
#endif

namespace dl::DL_ISA_NS {

// n elements, 1 to a whole register, which is the usual count.
template <class T>
DL_INLINE Vec<T> load_part(const T* p, int n) {
  return n == Vec<T>::size ? Vec<T>::load(p) : load_n(p, n, T(0));
}
template <class T>
DL_INLINE void store_part(T* p, Vec<T> x, int n) {
  if (n == Vec<T>::size)
    x.store(p);
  else
    store_n(p, x, n);
}

}  // namespace dl::DL_ISA_NS
