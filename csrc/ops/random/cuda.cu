// Fills dense memory with random numbers (random.h), the CPU's to the bit. Called by random.cpp for all groups at once.
// A counter of the generator holds 4 elements of float32, 2 of 64 bits, 16 apart; a thread makes what neighbouring
// counters hold, as many as make 16 bytes.
// Limit: memory bandwidth for rand and randint; the logarithm, sine and cosine for randn.
#include "blocks/random/philox.h"
#include "cuda/vec128.cuh"
#include "ops/random/formula.h"
#include "ops/random/random.h"

namespace dl::cuda {

constexpr int kHalf = 2;  // of a counter's words

template <class T>
struct Uniform {
  Interval<T> interval;
  __device__ explicit Uniform(const RandomArgs& a) : interval(a) {}
  template <int kDraws>
  __device__ void make(const uint32_t* words, T (&out)[kDraws]) const {
    DL_UNROLL
    for (int d = 0; d < kDraws; ++d) out[d] = interval.at(unit<kHalf>(words, d, T{}));
  }
};

// Draws d and d + half are a pair.
template <class T>
struct Normal {
  T mean, std;
  __device__ explicit Normal(const RandomArgs& a) : mean(static_cast<T>(a.a)), std(static_cast<T>(a.b)) {}
  template <int kDraws>
  __device__ void make(const uint32_t* words, T (&out)[kDraws]) const {
    constexpr int half = kDraws / 2;
    DL_UNROLL
    for (int d = 0; d < half; ++d) {
      const T turn = unit<kHalf>(words, d + half, T{});
      const Pair<T> z = normal_pair(positive_unit<kHalf>(words, d, T{}), turn, mean, std);
      out[d] = z.first;
      out[d + half] = z.second;
    }
  }
};

struct Integer {
  int64_t low;
  uint64_t range;
  __device__ explicit Integer(const RandomArgs& a) : low(a.low), range(a.range) {}
  template <int kDraws>
  __device__ void make(const uint32_t* words, int64_t (&out)[kDraws]) const {
    DL_UNROLL
    for (int d = 0; d < kDraws; ++d) out[d] = whole_number(wide_word<kHalf>(words, d), low, range);
  }
};

template <class Make, class T>
static __global__ void random_kernel(RandomArgs a, int64_t counters) {
  constexpr int kDraws = sizeof(T) == 4 ? 4 : 2, kRun = Vec128<T>::size;
  const Make make(a);
  T* out = static_cast<T*>(a.out);
  const bool aligned = is_aligned<kRun>(out);
  for (int64_t counter = first_item() * kRun; counter < counters; counter += item_step() * kRun) {
    Pack<T, kRun> v[kDraws];
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) {
      uint32_t words[4];
      philox(a.seed, a.position + static_cast<uint64_t>(counter + e), words);
      T drawn[kDraws];
      make.make(words, drawn);
      DL_UNROLL
      for (int d = 0; d < kDraws; ++d) v[d].of[e] = drawn[d];
    }
    const int64_t first = counter / kCounters * (kCounters * kDraws) + counter % kCounters;
    DL_UNROLL
    for (int d = 0; d < kDraws; ++d) store_run_before(out, first + d * kCounters, a.n, v[d], aligned);
  }
}

template <class Make, class T>
static void run(const char* name, const RandomArgs& a, int64_t groups) {
  const int64_t counters = groups * kCounters;
  launch(name, random_kernel<Make, T>, grid_stride(counters / Vec128<T>::size), a, counters);
}

void rand_f32(const RandomArgs& a, int64_t, int64_t n) { run<Uniform<float>, float>("rand", a, n); }
void rand_f64(const RandomArgs& a, int64_t, int64_t n) { run<Uniform<double>, double>("rand", a, n); }
void randn_f32(const RandomArgs& a, int64_t, int64_t n) { run<Normal<float>, float>("randn", a, n); }
void randn_f64(const RandomArgs& a, int64_t, int64_t n) { run<Normal<double>, double>("randn", a, n); }
void randint_i64(const RandomArgs& a, int64_t, int64_t n) { run<Integer, int64_t>("randint", a, n); }

}  // namespace dl::cuda
