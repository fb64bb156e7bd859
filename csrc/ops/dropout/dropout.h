// Dropout in training (Srivastava et al., JMLR 15, 2014): y_i = x_i / (1 - p) with probability 1 - p, else 0.
// The backward is the same map of g with the same draws. Element i, in memory order, is kept when word i of the stream
// (seed, position) is at least 2^32 p: no mask is stored, the backward draws it again. A dropped NaN becomes 0.
// float32 and float64; any dense layout, which the result keeps.
#pragma once
#include "core/dtype.h"

namespace dl {

struct DropoutArgs {
  const void* x;
  void* out;
  int64_t n;
  uint64_t seed, position;
  uint32_t threshold;  // 2^32 p
  double scale;        // 1 / (1 - p); 0 where p = 1
};
// A kernel's range is groups of 64 elements.

// Where the stream began. With the strides of the forward's result it tells which draw an element took.
struct DropoutDraws {
  uint64_t seed, position;
};
DL_API Array dropout_fwd(const Array& x, double p, DropoutDraws* draws);  // 0 <= p <= 1
DL_API Array dropout_bwd(const Array& g, const Dims& strides, double p, DropoutDraws draws);

}  // namespace dl
