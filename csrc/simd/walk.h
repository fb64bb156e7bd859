// Walks elements [begin, end) of a Nest as runs of its innermost loop.
#pragma once
#include "core/nest.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

// body(offset, n): offset[k] is operand k's first element of the run, in elements; its step is nest.stride[k][0].
template <int K, class Body>
DL_INLINE void walk(const Nest& nest, int64_t begin, int64_t end, const Body& body) {
  int64_t index[kNestDims], offset[K] = {};
  int64_t rest = begin;
  for (int d = 0; d < nest.ndim; ++d) {
    index[d] = rest % nest.size[d];
    rest /= nest.size[d];
    for (int k = 0; k < K; ++k) offset[k] += index[d] * nest.stride[k][d];
  }
  for (int64_t i = begin; i < end;) {
    const int64_t left = nest.size[0] - index[0], n = left < end - i ? left : end - i;
    body(offset, n);
    i += n;
    if (i >= end) return;
    for (int k = 0; k < K; ++k) offset[k] -= index[0] * nest.stride[k][0];
    index[0] = 0;
    for (int d = 1; d < nest.ndim; ++d) {
      for (int k = 0; k < K; ++k) offset[k] += nest.stride[k][d];
      if (++index[d] < nest.size[d]) break;
      for (int k = 0; k < K; ++k) offset[k] -= nest.size[d] * nest.stride[k][d];
      index[d] = 0;
    }
  }
}

}  // namespace dl::DL_ISA_NS
