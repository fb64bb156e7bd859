// Fills dense memory with random numbers (random.h). Called by random.cpp on a range of groups.
// Limit: the generator's 10 rounds (2.5 operations a word) for rand; log, root, sine and cosine for randn.
#include "ops/random/random.h"

#include "blocks/random/philox.h"
#include "simd/math.h"

namespace dl::DL_ISA_NS {

template <class T>
constexpr int kDraws = sizeof(T) == 4 ? kGroup : kGroup / 2;

// Draw e of a group, in [0, 1).
static DL_INLINE float unit(const uint32_t* words, int e, float) {
  return static_cast<float>(static_cast<int32_t>(words[e] >> 8)) * 0x1p-24f;
}
static DL_INLINE double unit(const uint32_t* words, int e, double) {
  const uint64_t bits = (static_cast<uint64_t>(words[e]) << 32 | words[e + kGroup / 2]) >> 11;
  return static_cast<double>(static_cast<int64_t>(bits)) * 0x1p-53;
}
// Draw e in (0, 1], the logarithm's.
static DL_INLINE float positive_unit(const uint32_t* words, int e, float) {
  return (static_cast<float>(static_cast<int32_t>(words[e] >> 1)) + 1.0f) * 0x1p-31f;
}
static DL_INLINE double positive_unit(const uint32_t* words, int e, double) {
  return unit(words, e, double{}) + 0x1p-53;
}

// make(words, out) writes the kDraws<T> elements of one group.
template <class T, class Make>
static DL_INLINE void each_group(const RandomArgs& a, int64_t begin, int64_t end, const Make& make) {
  constexpr int D = kDraws<T>;
  T* out = static_cast<T*>(a.out);
  uint32_t words[kGroup];
  for (int64_t group = begin; group < end; ++group) {
    philox_group(a.seed, a.position, group, words);
    const int64_t at = group * D;
    if (a.n - at >= D) {
      make(words, out + at);
    } else {
      T last[D];
      make(words, last);
      __builtin_memcpy(out + at, last, static_cast<size_t>(a.n - at) * sizeof(T));
    }
  }
}

template <class T>
static void uniform(const RandomArgs& a, int64_t begin, int64_t end) {
  const T low = static_cast<T>(a.a), width = static_cast<T>(a.b - a.a), high = static_cast<T>(a.b);
  const T top = static_cast<T>(a.top);
  each_group<T>(a, begin, end, [&](const uint32_t* words, T* out) {
    for (int e = 0; e < kDraws<T>; ++e) {
      const T y = unit(words, e, T{}) * width + low;
      out[e] = y < high ? y : top;
    }
  });
}

template <class T>
static void normal(const RandomArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  constexpr int half = kDraws<T> / 2;
  const V mean(static_cast<T>(a.a)), std(static_cast<T>(a.b)), minus_two(T(-2));
  each_group<T>(a, begin, end, [&](const uint32_t* words, T* out) {
    T radius[half], turn[half];
    for (int e = 0; e < half; ++e) {
      radius[e] = positive_unit(words, e, T{});
      turn[e] = unit(words, e + half, T{});
    }
    for (int e = 0; e < half; e += V::size) {
      const V r = sqrt(minus_two * log(V::load(radius + e)));
      const SinCos<V> angle = sincos_turns(V::load(turn + e));
      (mean + std * (r * angle.cos)).store(out + e);
      (mean + std * (r * angle.sin)).store(out + e + half);
    }
  });
}

void rand_f32(const RandomArgs& a, int64_t b, int64_t e) { uniform<float>(a, b, e); }
void rand_f64(const RandomArgs& a, int64_t b, int64_t e) { uniform<double>(a, b, e); }
void randn_f32(const RandomArgs& a, int64_t b, int64_t e) { normal<float>(a, b, e); }
void randn_f64(const RandomArgs& a, int64_t b, int64_t e) { normal<double>(a, b, e); }

void randint_i64(const RandomArgs& a, int64_t begin, int64_t end) {
  each_group<int64_t>(a, begin, end, [&](const uint32_t* words, int64_t* out) {
    for (int e = 0; e < kDraws<int64_t>; ++e) {
      const uint64_t w = static_cast<uint64_t>(words[e]) << 32 | words[e + kGroup / 2];
      const uint64_t offset = a.range ? static_cast<uint64_t>(static_cast<unsigned __int128>(w) * a.range >> 64) : w;
      out[e] = static_cast<int64_t>(static_cast<uint64_t>(a.low) + offset);
    }
  });
}

}  // namespace dl::DL_ISA_NS
