// The conversion of one element, for every ISA and for CUDA.
#pragma once
#include "core/dtype.h"

namespace dl::DL_ISA_NS {

struct Bool {
  uint8_t v;
};

template <class D, class S>
DL_HD inline D convert_one(S s) {
  if constexpr (__is_same(D, S))
    return s;
  else if constexpr (__is_same(D, Bool))
    return Bool{static_cast<uint8_t>(s != S(0))};
  else if constexpr (__is_same(S, Bool))
    return static_cast<D>(s.v);
  else
    return static_cast<D>(s);
}

}  // namespace dl::DL_ISA_NS
