// Numbers from the generator's words (random.h), once, for the CPU and CUDA. A draw takes word w, or words w and
// w + kApart: half a group of the CPU's apart, or half a counter of a CUDA thread's.
#pragma once
#include "ops/random/random.h"
#include "simd/math.h"

namespace dl::DL_ISA_NS {

template <int kApart>
DL_HD inline uint64_t wide_word(const uint32_t* words, int w) {
  return static_cast<uint64_t>(words[w]) << 32 | words[w + kApart];
}

// In [0, 1).
template <int kApart>
DL_HD inline float unit(const uint32_t* words, int w, float) {
  return static_cast<float>(static_cast<int32_t>(words[w] >> 8)) * 0x1p-24f;
}
template <int kApart>
DL_HD inline double unit(const uint32_t* words, int w, double) {
  return static_cast<double>(static_cast<int64_t>(wide_word<kApart>(words, w) >> 11)) * 0x1p-53;
}
// In (0, 1], the logarithm's.
template <int kApart>
DL_HD inline float positive_unit(const uint32_t* words, int w, float) {
  return (static_cast<float>(static_cast<int32_t>(words[w] >> 1)) + 1.0f) * 0x1p-31f;
}
template <int kApart>
DL_HD inline double positive_unit(const uint32_t* words, int w, double) {
  return unit<kApart>(words, w, double{}) + 0x1p-53;
}

template <class T>
struct Interval {
  T low, width, high, top;
  DL_HD explicit Interval(const RandomArgs& a)
      : low(static_cast<T>(a.a)),
        width(static_cast<T>(a.b - a.a)),
        high(static_cast<T>(a.b)),
        top(static_cast<T>(a.top)) {}
  DL_HD T at(T unit) const {
    const T y = unit * width + low;
    return y < high ? y : top;
  }
};

// The two of a pair, from draws of positive_unit and unit.
template <class V>
struct Pair {
  V first, second;
};
template <class V>
DL_HD inline Pair<V> normal_pair(V radius, V turn, V mean, V std) {
  const V r = sqrt(V(typename ScalarOf<V>::type(-2)) * log(radius));
  const SinCos<V> angle = sincos_turns(turn);
  return {mean + std * (r * angle.cos), mean + std * (r * angle.sin)};
}

DL_HD inline int64_t whole_number(uint64_t word, int64_t low, uint64_t range) {
  const uint64_t offset = range ? static_cast<uint64_t>(static_cast<unsigned __int128>(word) * range >> 64) : word;
  return static_cast<int64_t>(static_cast<uint64_t>(low) + offset);
}

}  // namespace dl::DL_ISA_NS
