// Fills dense memory with random numbers (random.h), the CPU's to the bit. Called by random.cpp for all groups at once.
// A thread makes what one counter of the generator holds: 4 elements of float32, 2 of float64.
// Limit: memory bandwidth for rand; the logarithm, sine and cosine for randn.
#include "blocks/random/philox.h"
#include "cuda/launch.h"
#include "ops/random/random.h"
#include "simd/math.h"

namespace dl::cuda {

// Draw of word w (with word w + 2 where a draw takes two), in [0, 1).
__device__ __forceinline__ float unit(const uint32_t* words, int w, float) {
  return static_cast<float>(static_cast<int32_t>(words[w] >> 8)) * 0x1p-24f;
}
__device__ __forceinline__ double unit(const uint32_t* words, int w, double) {
  const uint64_t bits = (static_cast<uint64_t>(words[w]) << 32 | words[w + 2]) >> 11;
  return static_cast<double>(static_cast<int64_t>(bits)) * 0x1p-53;
}
// In (0, 1], the logarithm's.
__device__ __forceinline__ float positive_unit(const uint32_t* words, int w, float) {
  return (static_cast<float>(static_cast<int32_t>(words[w] >> 1)) + 1.0f) * 0x1p-31f;
}
__device__ __forceinline__ double positive_unit(const uint32_t* words, int w, double) {
  return unit(words, w, double{}) + 0x1p-53;
}

template <class T>
struct Uniform {
  T low, width, high, top;
  __device__ explicit Uniform(const RandomArgs& a)
      : low(static_cast<T>(a.a)),
        width(static_cast<T>(a.b - a.a)),
        high(static_cast<T>(a.b)),
        top(static_cast<T>(a.top)) {}
  template <int kDraws>
  __device__ void make(const uint32_t* words, T (&out)[kDraws]) const {
    DL_UNROLL
    for (int d = 0; d < kDraws; ++d) {
      const T y = unit(words, d, T{}) * width + low;
      out[d] = y < high ? y : top;
    }
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
      const T r = sqrt(T(-2) * log(positive_unit(words, d, T{})));
      const SinCos<T> angle = sincos_turns(unit(words, d + half, T{}));
      out[d] = mean + std * (r * angle.cos);
      out[d + half] = mean + std * (r * angle.sin);
    }
  }
};

template <class Make, class T>
static __global__ void random_kernel(RandomArgs a, int64_t counters) {
  constexpr int kDraws = sizeof(T) == 4 ? 4 : 2;
  const Make make(a);
  T* out = static_cast<T*>(a.out);
  for (int64_t counter = first_item(); counter < counters; counter += item_step()) {
    uint32_t words[4];
    philox(a.seed, a.position + static_cast<uint64_t>(counter), words);
    T drawn[kDraws];
    make.make(words, drawn);
    const int64_t first = counter / kCounters * (kCounters * kDraws) + counter % kCounters;
    DL_UNROLL
    for (int d = 0; d < kDraws; ++d)
      if (first + d * kCounters < a.n) out[first + d * kCounters] = drawn[d];
  }
}

template <class Make, class T>
static void run(const char* name, const RandomArgs& a, int64_t groups) {
  launch(name, random_kernel<Make, T>, grid_stride(groups * kCounters), a, groups * kCounters);
}

void rand_f32(const RandomArgs& a, int64_t, int64_t n) { run<Uniform<float>, float>("rand", a, n); }
void rand_f64(const RandomArgs& a, int64_t, int64_t n) { run<Uniform<double>, double>("rand", a, n); }
void randn_f32(const RandomArgs& a, int64_t, int64_t n) { run<Normal<float>, float>("randn", a, n); }
void randn_f64(const RandomArgs& a, int64_t, int64_t n) { run<Normal<double>, double>("randn", a, n); }

}  // namespace dl::cuda
