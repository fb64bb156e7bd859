// The blend of four pixels, once, for every ISA and for CUDA.
#pragma once
#include "core/dtype.h"

namespace dl::DL_ISA_NS {

// x[row][column], the weights of the rows and of the columns.
template <class V>
DL_HD inline V blend(V x00, V x01, V x10, V x11, V h0, V h1, V w0, V w1) {
  return (x00 * h0 + x10 * h1) * w0 + (x01 * h0 + x11 * h1) * w1;
}

}  // namespace dl::DL_ISA_NS
