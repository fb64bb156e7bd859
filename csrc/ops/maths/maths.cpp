#include "ops/maths/maths.h"

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/past_caches.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 16384;  // some 10–50 µs of a polynomial

Array run(const char* op, Kernels<MathsArgs>& kernels, const Array& x, bool rounds) {
  DL_CHECK(x.dtype() != DType::f16, DTypeError, op, ": a ", x.dtype(), " tensor is for storage; convert with .float()");
  if (rounds && !computes(x.dtype())) {
    DL_CHECK(x.dtype() != DType::b8, DTypeError, op, ": is not defined for bool tensors; it is x itself");
    return clone(x);
  }
  const Array dense = as_dense(computes(x.dtype()) ? x : convert(x, DType::f32));
  const Array out = Array::empty_like(dense);
  const MathsArgs args{.x = dense.raw(), .out = out.raw(), .past_caches = past_caches(out)};
  launch(kernels.choose(dense.device(), dense.dtype(), args), args, dense.size(), kGrain);
  return out;
}

}  // namespace

#define MATHS(NAME, ROUNDS) \
  static Kernels<MathsArgs> NAME##_kernels(#NAME "_fwd"); \
  Array NAME##_fwd(const Array& x) { return run(#NAME, NAME##_kernels, x, ROUNDS); }
MATHS(sin, false)
MATHS(cos, false)
MATHS(tan, false)
MATHS(asin, false)
MATHS(acos, false)
MATHS(atan, false)
MATHS(sinh, false)
MATHS(cosh, false)
MATHS(log2, false)
MATHS(log10, false)
MATHS(exp2, false)
MATHS(erf, false)
MATHS(expm1, false)
MATHS(log1p, false)
MATHS(rsqrt, false)
MATHS(floor, true)
MATHS(ceil, true)
MATHS(round, true)
MATHS(trunc, true)
#undef MATHS

}  // namespace dl
