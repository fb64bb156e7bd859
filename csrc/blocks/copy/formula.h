// The conversion of one element, for every ISA and for CUDA, and the switch from a dtype to its type.
#pragma once
#include "simd/half.h"

namespace dl::DL_ISA_NS {

struct Bool {
  uint8_t v;
};

template <class T>
constexpr bool kHalf = __is_same(T, Half) || __is_same(T, BFloat16);

template <class D, class S>
DL_HD inline D convert_one(S s) {
  if constexpr (__is_same(D, S))
    return s;
  else if constexpr (kHalf<S>)
    return convert_one<D>(widen(s));
  else if constexpr (__is_same(S, Bool))
    return convert_one<D>(s.v);
  else if constexpr (__is_same(D, Bool))
    return Bool{static_cast<uint8_t>(s != S(0))};
  else if constexpr (kHalf<D> && __is_same(S, double))
    return narrow<D>(round_to_odd(s));
  else if constexpr (kHalf<D>)
    return narrow<D>(static_cast<float>(s));
  else
    return static_cast<D>(s);
}

// f(value of the element type)
template <class F>
static void with_type(DType t, F f) {
  switch (t) {
    case DType::b8:
      return f(Bool{});
    case DType::u8:
      return f(uint8_t{});
    case DType::i32:
      return f(int32_t{});
    case DType::i64:
      return f(int64_t{});
    case DType::f16:
      return f(Half{});
    case DType::bf16:
      return f(BFloat16{});
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
  }
}

}  // namespace dl::DL_ISA_NS
