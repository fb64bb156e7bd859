// Numbers as m · 2^e with an exponent of their own: products of parts of a line leave double's range where the line's
// own do not, as in 0 · (10^300 · 10^300).
#pragma once

#include "cuda/launch.h"

namespace dl::cuda {

struct Scaled {
  double m;  // ±[½, 1), or 0, an infinity or NaN
  int64_t e;
};

__device__ __forceinline__ bool is_number(double v) { return v - v == 0; }

__device__ __forceinline__ Scaled scaled(double v) {
  int e = 0;
  const double m = is_number(v) && v != 0 ? frexp(v, &e) : v;
  return {m, e};
}
__device__ __forceinline__ double value_of(Scaled a) {
  constexpr int64_t kBeyond = 3000;  // 0 or an infinity for certain
  return ldexp(a.m, static_cast<int>(a.e < -kBeyond ? -kBeyond : a.e > kBeyond ? kBeyond : a.e));
}
__device__ __forceinline__ Scaled times(Scaled a, Scaled b) {
  const Scaled r = scaled(a.m * b.m);
  return {r.m, is_number(r.m) && r.m != 0 ? r.e + a.e + b.e : 0};
}
__device__ __forceinline__ Scaled plus(Scaled a, Scaled b) {
  if (!is_number(a.m) || !is_number(b.m)) return {a.m + b.m, 0};
  if (b.m == 0) return a;
  if (a.m == 0) return b;
  const Scaled large = a.e >= b.e ? a : b, small = a.e >= b.e ? b : a;
  const int64_t apart = large.e - small.e;
  const Scaled r = scaled(large.m + (apart > 60 ? 0 : ldexp(small.m, -static_cast<int>(apart))));  // 53 bits of large
  return {r.m, r.m == 0 ? 0 : r.e + large.e};
}

}  // namespace dl::cuda
