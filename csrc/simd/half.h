// float16 and bfloat16 as they are stored, and their conversions: to nearest even, in arithmetic that every ISA and
// CUDA compile alike. Subnormals are kept, but for bfloat16's that come from float64, which pass through float32.
#pragma once
#include "simd/scalar.h"

namespace dl::DL_ISA_NS {

struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

DL_HD inline float widen(BFloat16 x) { return from_bits<float>(static_cast<int32_t>(x.bits) << 16); }

DL_HD inline float widen(Half x) {
  const int32_t sign = (x.bits & 0x8000) << 16, rest = (x.bits & 0x7fff) << 13;
  // 2^112 moves the exponent's bias from 15 to 127; of a subnormal it makes a normal number, taken off again as 2^-14.
  const float normal = from_bits<float>(rest + (112 << 23));
  const float subnormal = from_bits<float>(rest + (113 << 23)) - from_bits<float>(113 << 23);
  const int32_t special = rest | 0x7f800000;  // infinity and NaN
  const int32_t finite = rest < (1 << 23) ? bits_of(subnormal) : bits_of(normal);
  return from_bits<float>(sign | (rest >= (31 << 23) ? special : finite));
}

template <class H>
DL_HD H narrow(float x);

template <>
DL_HD inline BFloat16 narrow<BFloat16>(float x) {
  const uint32_t b = static_cast<uint32_t>(bits_of(x));
  const uint32_t rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16, quiet = b >> 16 | 0x40;
  return {static_cast<uint16_t>((b & 0x7fffffff) > 0x7f800000 ? quiet : rounded)};
}

template <>
DL_HD inline Half narrow<Half>(float x) {
  const uint32_t b = static_cast<uint32_t>(bits_of(x)), sign = b >> 16 & 0x8000, a = b & 0x7fffffff;
  // The float addition rounds a subnormal's bits: 0.5 has an ulp of 2^-24, the smallest half.
  const float shifted = from_bits<float>(static_cast<int32_t>(a)) + 0.5f;
  const uint32_t subnormal = static_cast<uint32_t>(bits_of(shifted)) - (126u << 23);
  const uint32_t normal = (a - (112u << 23) + 0xfff + ((a >> 13) & 1)) >> 13;
  const uint32_t finite = a < (113u << 23) ? subnormal : normal;
  const uint32_t special = a > 0x7f800000 ? 0x7e00 : 0x7c00;  // 65520 and more round to infinity
  return {static_cast<uint16_t>(sign | (a >= 0x477ff000 ? special : finite))};
}

// To odd, so that rounding the float once more, to a half, gives what one rounding would have given.
DL_HD inline float round_to_odd(double x) {
  const float f = static_cast<float>(x);
  const double back = f;
  if (back == x || !(back - back == 0)) return f;  // exact, infinite or NaN
  const bool away = (back > x) == (x > 0);
  return from_bits<float>((bits_of(f) - (away ? 1 : 0)) | 1);
}

}  // namespace dl::DL_ISA_NS
