// Fills dense memory with random numbers (random.h). Called by random.cpp on a range of groups.
// Limit: the generator's 10 rounds (2.5 operations a word) for rand; log, root, sine and cosine for randn.
#include "ops/random/random.h"

#include "blocks/random/philox.h"
#include "ops/random/formula.h"

namespace dl::DL_ISA_NS {

template <class T>
constexpr int kDraws = sizeof(T) == 4 ? kGroup : kGroup / 2;
constexpr int kHalf = kGroup / 2;

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
  const Interval<T> interval(a);
  each_group<T>(a, begin, end, [&](const uint32_t* words, T* out) {
    for (int e = 0; e < kDraws<T>; ++e) out[e] = interval.at(unit<kHalf>(words, e, T{}));
  });
}

template <class T>
static void normal(const RandomArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  constexpr int half = kDraws<T> / 2;
  const V mean(static_cast<T>(a.a)), std(static_cast<T>(a.b));
  each_group<T>(a, begin, end, [&](const uint32_t* words, T* out) {
    T radius[half], turn[half];
    for (int e = 0; e < half; ++e) {
      radius[e] = positive_unit<kHalf>(words, e, T{});
      turn[e] = unit<kHalf>(words, e + half, T{});
    }
    for (int e = 0; e < half; e += V::size) {
      const Pair<V> z = normal_pair(V::load(radius + e), V::load(turn + e), mean, std);
      z.first.store(out + e);
      z.second.store(out + e + half);
    }
  });
}

void rand_f32(const RandomArgs& a, int64_t b, int64_t e) { uniform<float>(a, b, e); }
void rand_f64(const RandomArgs& a, int64_t b, int64_t e) { uniform<double>(a, b, e); }
void randn_f32(const RandomArgs& a, int64_t b, int64_t e) { normal<float>(a, b, e); }
void randn_f64(const RandomArgs& a, int64_t b, int64_t e) { normal<double>(a, b, e); }

void randint_i64(const RandomArgs& a, int64_t begin, int64_t end) {
  each_group<int64_t>(a, begin, end, [&](const uint32_t* words, int64_t* out) {
    for (int e = 0; e < kDraws<int64_t>; ++e) out[e] = whole_number(wide_word<kHalf>(words, e), a.low, a.range);
  });
}

}  // namespace dl::DL_ISA_NS
