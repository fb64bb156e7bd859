// Functions of one number, element by element.
//   sin cos tan asin acos atan sinh cosh  erf  expm1 log1p  log2 log10 exp2  rsqrt = 1 / sqrt x
//   floor ceil trunc  round: half to even
// Any shape; the result has x's dense layout. Integers give float32, but the four that round return them as they are.
// NaN stays NaN; outside its domain a function is NaN. Largest error seen, in units in the last place, against long
// double (tests/core/test_maths.py), in float32: sin 2.0, cos 2.1, tan 3.5, asin 2.2, acos 1.2, atan 2.6, log2 1.7,
// log10 1.9, exp2 1.0, sinh and cosh 0.51 (computed in double); their float64 is the C library's, below 1 (sinh and
// cosh 2); rsqrt 1.5; erf, expm1, log1p as simd/special.h says.
#pragma once
#include "core/dtype.h"

namespace dl {

struct MathsArgs {
  const void* x;
  void* out;
  bool past_caches;  // out is large (core/past_caches.h)
};
// A kernel's range is elements of the dense arrays.

#define DL_MATHS(NAME) DL_API Array NAME##_fwd(const Array& x);
DL_MATHS(sin)
DL_MATHS(cos)
DL_MATHS(tan)
DL_MATHS(asin)
DL_MATHS(acos)
DL_MATHS(atan)
DL_MATHS(sinh)
DL_MATHS(cosh)
DL_MATHS(log2)
DL_MATHS(log10)
DL_MATHS(exp2)
DL_MATHS(erf)
DL_MATHS(expm1)
DL_MATHS(log1p)
DL_MATHS(rsqrt)
DL_MATHS(floor)
DL_MATHS(ceil)
DL_MATHS(round)
DL_MATHS(trunc)
#undef DL_MATHS

}  // namespace dl
