#include "ops/dropout/dropout.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/rng.h"

namespace dl {
namespace {

constexpr int64_t kWords = 64;   // a group of the generator
constexpr int64_t kGrain = 512;  // groups: 32768 elements, some 15 µs

Kernels<DropoutArgs> kernels("dropout");

int64_t groups(const Array& x) { return (x.size() + kWords - 1) / kWords; }

Array drop(const Array& x, double p, DropoutDraws draws) {
  if (x.dtype() == DType::bf16) return convert(drop(convert(x, DType::f32), p, draws), DType::bf16);
  const Array out = Array::empty_like(x);
  const DropoutArgs args{.x = x.raw(),
                         .out = out.raw(),
                         .n = x.size(),
                         .seed = draws.seed,
                         .position = draws.position,
                         .threshold = static_cast<uint32_t>(std::min(p * 0x1p32, 0x1p32 - 1)),
                         .scale = p < 1 ? 1 / (1 - p) : 0};
  launch(kernels.choose(x.device(), x.dtype(), args), args, groups(x), kGrain);
  return out;
}

}  // namespace

Array dropout_fwd(const Array& x, double p, DropoutDraws* draws) {
  DL_CHECK(computes(x.dtype()), DTypeError, "dropout: needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
  DL_CHECK(p >= 0 && p <= 1, ValueError, "dropout: p must be a probability, 0 to 1, got ", p);
  const Array dense = as_dense(x);
  const PhiloxState state = take_positions(groups(dense) * kWords);
  *draws = {state.seed, state.position};
  return drop(dense, p, *draws);
}

Array dropout_bwd(const Array& g, const Dims& strides, double p, DropoutDraws draws) {
  DL_CHECK(strides.size() == g.ndim() && computes(g.dtype()), ShapeError,
           "dropout: the gradient must match the result; g=", g.shape(), " ", g.dtype());
  const Array like = g.as_strided(g.shape(), strides, g.offset());  // only its layout is read
  return drop(as_layout_of(g, like), p, draws);
}

}  // namespace dl
