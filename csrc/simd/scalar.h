// The operations of vec.h for a single float or double, so that a formula written for Vec<T> also compiles for a
// scalar: a CUDA thread's, or a tail's.
#pragma once
#include "core/dtype.h"

namespace dl::DL_ISA_NS {

template <class V>
struct ScalarOf {
  using type = typename V::Scalar;
};
template <>
struct ScalarOf<float> {
  using type = float;
};
template <>
struct ScalarOf<double> {
  using type = double;
};

DL_HD inline float select(bool m, float yes, float no) { return m ? yes : no; }
DL_HD inline double select(bool m, double yes, double no) { return m ? yes : no; }
DL_HD inline float abs(float x) { return __builtin_fabsf(x); }
DL_HD inline double abs(double x) { return __builtin_fabs(x); }
DL_HD inline float copysign(float x, float s) { return __builtin_copysignf(x, s); }
DL_HD inline double copysign(double x, double s) { return __builtin_copysign(x, s); }
DL_HD inline float sqrt(float x) { return __builtin_sqrtf(x); }
DL_HD inline double sqrt(double x) { return __builtin_sqrt(x); }
DL_HD inline float round_even(float x) { return __builtin_rintf(x); }
DL_HD inline double round_even(double x) { return __builtin_rint(x); }
DL_HD inline float at_most(float x, float high) { return x > high ? high : x; }
DL_HD inline double at_most(double x, double high) { return x > high ? high : x; }
DL_HD inline float at_least(float x, float low) { return x < low ? low : x; }
DL_HD inline double at_least(double x, double low) { return x < low ? low : x; }
DL_HD inline bool all_between(float x, float low, float high) { return low < x && x < high; }
DL_HD inline bool all_between(double x, double low, double high) { return low < x && x < high; }
DL_HD inline int32_t to_int(float x) { return static_cast<int32_t>(x); }
DL_HD inline int64_t to_int(double x) { return static_cast<int64_t>(x); }
DL_HD inline int32_t bits_of(float x) {
  int32_t i;
  __builtin_memcpy(&i, &x, 4);
  return i;
}
DL_HD inline int64_t bits_of(double x) {
  int64_t i;
  __builtin_memcpy(&i, &x, 8);
  return i;
}
template <class T, class I>
DL_HD inline T from_bits(I i) {
  T x;
  __builtin_memcpy(&x, &i, sizeof x);
  return x;
}
template <class T, class I>
DL_HD inline T to_float(I i) {
  return static_cast<T>(i);
}
template <class I>
DL_HD inline I shift_left(I x, int n) {
  return static_cast<I>(static_cast<uint64_t>(x) << n);
}
template <class I>
DL_HD inline I shift_right(I x, int n) {
  return x >> n;
}
template <class I>
DL_HD inline I bit_and(I a, I b) {
  return a & b;
}
template <class I>
DL_HD inline I bit_or(I a, I b) {
  return a | b;
}

}  // namespace dl::DL_ISA_NS
