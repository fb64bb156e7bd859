// Nest: the loops over one broadcast shape for up to five operands, with unit dimensions dropped and dimensions that
// one stride walks merged, so that most calls are one long loop. Plain data: kernels read it.
#pragma once
#include "core/dtype.h"

namespace dl {

constexpr int kNestOperands = 5;  // clamp_bwd: out, g, x, low, high
constexpr int kNestDims = 8;

struct Nest {
  int ndim;                                  // at least 1
  int64_t size[kNestDims];                   // [0] is the innermost
  int64_t stride[kNestOperands][kNestDims];  // in elements
};

// Operand 0 is the output; its memory order orders the loops. The others must have its shape (use Array::expand).
DL_API Nest make_nest(const Array* const* operands, int count);

}  // namespace dl
