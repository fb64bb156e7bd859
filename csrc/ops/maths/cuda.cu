// out[i] = f(x[i]) over dense memory. Called by maths.cpp on all elements at once. float32 has the CPU's formulas, and
// so its bits; trigonometry and logarithms of float64 are the CUDA library's, within 2 units in the last place.
// Limit: memory bandwidth; the double units for sinh and cosh, which are computed in double, and for float64.
#include "cuda/map.cuh"
#include "ops/maths/formula.h"
#include "ops/maths/maths.h"
#include "ops/maths/single.h"

namespace dl::cuda {

// float32 computed in float: every vector's formula, for one lane.
template <class Formula>
struct Lane1 {
  template <class T>
  __device__ T operator()(T x) const {
    return Formula::of(x);
  }
};
// An angle too large for the polynomial's reduction is the library's, in double.
template <class Formula>
struct AngleOf {
  __device__ float operator()(float x) const {
    if (x > -single::kTrigMax && x < single::kTrigMax) return Formula::of(x);
    return static_cast<float>(Formula::exact(static_cast<double>(x)));
  }
};
template <class Formula>
struct InDouble {
  __device__ float operator()(float x) const { return static_cast<float>(Formula::of(static_cast<double>(x))); }
};

#define RUN(NAME, SUFFIX, S, ...) \
  void NAME##_##SUFFIX(const MathsArgs& a, int64_t, int64_t n) { map_dense<S, S>(#NAME, __VA_ARGS__{}, a.out, a.x, n); }
#define LIBRARY_F64(NAME) \
  struct NAME##_double { \
    __device__ double operator()(double x) const { return __builtin_##NAME(x); } \
  }; \
  RUN(NAME, f64, double, NAME##_double)
#define BOTH_FLOATS(NAME, ...) \
  RUN(NAME, f32, float, __VA_ARGS__) \
  RUN(NAME, bf16, BFloat16, __VA_ARGS__)
#define SINGLE(NAME, ...) LIBRARY_F64(NAME) BOTH_FLOATS(NAME, __VA_ARGS__)
#define ALL(NAME, F) \
  RUN(NAME, f64, double, Lane1<F>) \
  BOTH_FLOATS(NAME, Lane1<F>)

SINGLE(sin, AngleOf<single::Sin>)
SINGLE(cos, AngleOf<single::Cos>)
SINGLE(tan, AngleOf<single::Tan>)
SINGLE(asin, Lane1<single::Asin>)
SINGLE(acos, Lane1<single::Acos>)
SINGLE(atan, Lane1<single::Atan>)
SINGLE(sinh, InDouble<wide::Sinh>)
SINGLE(cosh, InDouble<wide::Cosh>)
SINGLE(log2, Lane1<single::Log2>)
SINGLE(log10, Lane1<single::Log10>)
SINGLE(exp2, Lane1<single::Exp2>)
ALL(erf, Erf)
ALL(expm1, Expm1)
ALL(log1p, Log1p)
ALL(rsqrt, Rsqrt)
ALL(floor, Floor)
ALL(ceil, Ceil)
ALL(round, Round)
ALL(trunc, Trunc)

}  // namespace dl::cuda
