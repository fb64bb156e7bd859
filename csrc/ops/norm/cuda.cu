// Batch norm and row norms (norm.h) on the device alone: sums, what follows from them, and the map, without a number
// going to the host. Sums are double, about the first element of the channel or row, in shares that depend on shapes
// alone, 16 bytes of a thread at a time where channels or planes are multiples of that. Limit: memory bandwidth:
// statistics read x once, the map reads and writes it once.
#include "cuda/reduce.cuh"
#include "cuda/scratch.h"
#include "ops/norm/norm.h"
#include "ops/norm/row_norm.cuh"

namespace dl::cuda {

// ---- Batch norm: element (o, c, i) of outer × C × inner

enum class Sum { squares, gradient, relu_gradient };

// What an element adds. Gradients: Σ g and Σ g (x - mean), g stopping where relu(y) is 0.
template <class T, Sum kSum>
struct Term {
  T center, scale, bias;

  Term() = default;
  __device__ Term(const NormArgs& a, int64_t c) : center(static_cast<const T*>(a.x)[c * a.inner]), scale(), bias() {
    if constexpr (kSum != Sum::squares) center = static_cast<const T*>(a.device.mean)[c];
    if constexpr (kSum == Sum::relu_gradient) {
      scale = a.device.template scale<T>(c);
      bias = a.device.template bias_of<T>(c);
    }
  }
  __device__ void add(T x, T g, Two& sums) const {
    const T d = x - center;
    T first = kSum == Sum::squares ? d : g;
    if constexpr (kSum == Sum::relu_gradient) first = d * scale + bias > T(0) ? first : T(0);
    sums.a += static_cast<double>(first);
    sums.b += static_cast<double>(first) * static_cast<double>(d);
  }
};

// Neighbouring channels (inner == 1): 32 of them a block, parts of the pixels along y.
template <class T, Sum kSum, int kRun>
static __global__ void pixel_sums_kernel(NormArgs a, int64_t outer, int64_t part, Two* out) {
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(kSum == Sum::squares ? a.x : a.g);
  const bool aligned = all_aligned<T, kRun>(x, g);
  const int64_t c = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x * kRun, first = blockIdx.y * part;
  const int64_t last = first + part < outer ? first + part : outer;
  Two sums[kRun] = {};
  if (c < a.channels) {
    Term<T, kSum> terms[kRun];
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) terms[e] = Term<T, kSum>(a, c + e);
    for (int64_t o = first + threadIdx.y; o < last; o += blockDim.y) {
      const int64_t at = o * a.channels + c;
      const auto u = load_run<kRun>(x + at, aligned), v = load_run<kRun>(g + at, aligned);
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) terms[e].add(u.of[e], v.of[e], sums[e]);
    }
  }
  add_rows(sums, [&](int64_t channel, const Two& sum) {
    if (channel < a.channels) out[blockIdx.y * a.channels + channel] = sum;
  });
}

// Planes: a block takes one channel of a part of the outer dimensions.
template <class T, Sum kSum, int kRun>
static __global__ void plane_sums_kernel(NormArgs a, int64_t outer, int64_t part, Two* out) {
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(kSum == Sum::squares ? a.x : a.g);
  const bool aligned = all_aligned<T, kRun>(x, g);
  const int64_t c = blockIdx.x, first = blockIdx.y * part, last = first + part < outer ? first + part : outer;
  const Term<T, kSum> term(a, c);
  Two sums{0, 0};
  for (int64_t i = threadIdx.x * kRun; i < (last - first) * a.inner; i += blockDim.x * kRun) {
    const int64_t at = ((first + i / a.inner) * a.channels + c) * a.inner + i % a.inner;
    const auto u = load_run<kRun>(x + at, aligned), v = load_run<kRun>(g + at, aligned);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) term.add(u.of[e], v.of[e], sums);
  }
  const double s = block_reduce<SumOf>(sums.a), t = block_reduce<SumOf>(sums.b);
  if (threadIdx.x == 0) out[blockIdx.y * a.channels + c] = {s, t};
}

__device__ __forceinline__ Two add_parts(const Two* parts, int64_t count, int64_t channels, int64_t c) {
  Two sums{0, 0};
  for (int64_t p = 0; p < count; ++p) {
    sums.a += parts[p * channels + c].a;
    sums.b += parts[p * channels + c].b;
  }
  return sums;
}

// mean, invstd and the running statistics from a batch's sums, or from the running ones.
template <class T>
static __global__ void finish_stats_kernel(NormArgs a, const Two* parts, int64_t count) {
  const NormDevice& d = a.device;
  for (int64_t c = first_item(); c < a.channels; c += item_step()) {
    double mean, var;
    if (parts) {
      const Two s = add_parts(parts, count, a.channels, c);
      const double n = static_cast<double>(a.total / a.channels), offset = s.a / n, squares = s.b - offset * s.a;
      mean = static_cast<double>(static_cast<const T*>(a.x)[c * a.inner]) + offset;
      var = squares < 0 ? 0 : squares / n;
    } else {
      mean = static_cast<double>(static_cast<const T*>(d.running_mean)[c * d.running_mean_step]);
      var = static_cast<double>(static_cast<const T*>(d.running_var)[c * d.running_var_step]);
    }
    static_cast<T*>(d.mean)[c] = static_cast<T>(mean);
    static_cast<T*>(d.invstd)[c] = static_cast<T>(1 / ::sqrt(var + d.eps));
    if (!d.update || !d.running_mean) continue;
    const double n = static_cast<double>(a.total / a.channels), unbiased = n / (n - 1);
    T& m = static_cast<T*>(d.running_mean)[c * d.running_mean_step];
    T& v = static_cast<T*>(d.running_var)[c * d.running_var_step];
    m = static_cast<T>((1 - d.momentum) * static_cast<double>(m) + d.momentum * mean);
    v = static_cast<T>((1 - d.momentum) * static_cast<double>(v) + d.momentum * unbiased * var);
  }
}

// db, dw, and what dx takes off: db/n and dw invstd/n.
template <class T>
static __global__ void finish_gradients_kernel(NormArgs a, const Two* parts, int64_t count) {
  const NormDevice& d = a.device;
  for (int64_t c = first_item(); c < a.channels; c += item_step()) {
    const Two s = add_parts(parts, count, a.channels, c);
    const double n = static_cast<double>(a.total / a.channels),
                 inv = static_cast<double>(static_cast<const T*>(d.invstd)[c]);
    const double dw = s.b * inv;
    if (d.dweight) {
      static_cast<T*>(d.dweight)[c] = static_cast<T>(dw);
      static_cast<T*>(d.dbias)[c] = static_cast<T>(s.a);
    }
    static_cast<T*>(d.means)[c] = static_cast<T>(s.a / n);
    static_cast<T*>(d.means)[a.channels + c] = static_cast<T>(dw * inv / n);
  }
}

// Whether runs of 16 bytes never cross a channel, or are of neighbouring channels.
template <class T>
static bool whole_channels(const NormArgs& a) {
  return (a.inner == 1 ? a.channels : a.inner) % Vec128<T>::size == 0;
}

template <class T, Sum kSum>
static int64_t sum_channels(const NormArgs& a, Two* parts, int64_t most) {
  const int64_t outer = a.total / (a.channels * a.inner), part = (outer + most - 1) / most,
                count = (outer + part - 1) / part;
  const unsigned blocks = a.inner == 1 ? column_blocks(a.channels) : static_cast<unsigned>(a.channels);
  const dim3 grid(blocks, static_cast<unsigned>(count));
  with_run<T>(whole_channels<T>(a), [&]<int kRun>(std::integral_constant<int, kRun>) {
    if (a.inner == 1)
      launch("batch_norm_sums", pixel_sums_kernel<T, kSum, kRun>, {.blocks = grid, .threads = column_threads(kRun)}, a,
             outer, part, parts);
    else
      launch("batch_norm_sums", plane_sums_kernel<T, kSum, kRun>,
             {.blocks = grid, .threads = threads_for(part * a.inner)}, a, outer, part, parts);
  });
  return count;
}

// As many parts as give an H100's 132 SMs eight blocks each, of at least 2048 elements.
static int64_t most_parts(const NormArgs& a) {
  const int64_t blocks = a.inner == 1 ? column_blocks(a.channels) : a.channels;
  const int64_t wanted = (1056 + blocks - 1) / blocks, fit = a.total / blocks / 2048;
  return fit < 1 ? 1 : wanted < fit ? wanted : fit;
}

template <class T>
static void batch_stats(const NormArgs& a) {
  if (!a.device.batch)
    return launch("batch_norm_stats", finish_stats_kernel<T>, grid_stride(a.channels), a,
                  static_cast<const Two*>(nullptr), int64_t{0});
  const int64_t most = most_parts(a);
  const Scratch parts(static_cast<std::size_t>(most * a.channels) * sizeof(Two));
  const int64_t count = sum_channels<T, Sum::squares>(a, parts.as<Two>(), most);
  launch("batch_norm_stats", finish_stats_kernel<T>, grid_stride(a.channels), a, parts.as<const Two>(), count);
}

template <class T>
static void batch_sums(const NormArgs& a) {
  const int64_t most = most_parts(a);
  const Scratch parts(static_cast<std::size_t>(most * a.channels) * sizeof(Two));
  const int64_t count = a.relu ? sum_channels<T, Sum::relu_gradient>(a, parts.as<Two>(), most)
                               : sum_channels<T, Sum::gradient>(a, parts.as<Two>(), most);
  launch("batch_norm_sums", finish_gradients_kernel<T>, grid_stride(a.channels), a, parts.as<const Two>(), count);
}

// Elements from i on, of one channel or of neighbouring ones: what they share is read once.
template <class T, bool kBackward, int kRun>
static __global__ void batch_map_kernel(NormArgs a) {
  const NormDevice& p = a.device;
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(kBackward ? a.g : a.x);
  T* out = static_cast<T*>(a.out);
  const bool each = a.inner == 1,
             aligned = all_aligned<T, kRun>(x, g, out, p.mean, p.invstd, p.weight, p.bias, p.means);
  for (int64_t i = first_item() * kRun; i < a.total; i += item_step() * kRun) {
    const int64_t c = (each ? i : i / a.inner) % a.channels;
    const auto of_channel = [&](const void* values, int64_t at) {
      return load_run_or_one<kRun>(static_cast<const T*>(values), at, each, aligned);
    };
    const auto u = load_run<kRun>(x + i, aligned), v = load_run<kRun>(g + i, aligned);
    const auto mean = of_channel(p.mean, c);
    auto scale = of_channel(p.invstd, c);
    Pack<T, kRun> bias{}, dmean{}, dscale{};
    if (p.weight) {
      const auto w = of_channel(p.weight, c);
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) scale.of[e] *= w.of[e];
    }
    if (p.bias && (!kBackward || a.relu)) bias = of_channel(p.bias, c);
    if (kBackward && a.training) {
      dmean = of_channel(p.means, c);
      dscale = of_channel(p.means, a.channels + c);
    }
    Pack<T, kRun> y;
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) {
      const T d = u.of[e] - mean.of[e], normed = d * scale.of[e] + bias.of[e];
      if constexpr (kBackward) {
        const T dy = !a.relu || normed > T(0) ? v.of[e] : T(0);
        y.of[e] = (a.training ? dy - dmean.of[e] - d * dscale.of[e] : dy) * scale.of[e];
      } else {
        y.of[e] = a.relu && normed < T(0) ? T(0) : normed;
      }
    }
    store_run(out + i, y, aligned);
  }
}

template <class T, bool kBackward>
static void batch_map(const char* name, const NormArgs& a) {
  with_run<T>(whole_channels<T>(a), [&]<int kRun>(std::integral_constant<int, kRun>) {
    launch(name, batch_map_kernel<T, kBackward, kRun>, grid_stride(a.total / kRun), a);
  });
}

#define BOTH(NAME, ARGS, ...) \
  void NAME##_f32(const ARGS& a, int64_t, [[maybe_unused]] int64_t n) { \
    using T = float; \
    __VA_ARGS__; \
  } \
  void NAME##_f64(const ARGS& a, int64_t, [[maybe_unused]] int64_t n) { \
    using T = double; \
    __VA_ARGS__; \
  }
BOTH(batch_norm_stats, NormArgs, batch_stats<T>(a))
BOTH(batch_norm_sums, NormArgs, batch_sums<T>(a))
BOTH(batch_norm_fwd, NormArgs, batch_map<T, false>("batch_norm_fwd", a))
BOTH(batch_norm_bwd, NormArgs, batch_map<T, true>("batch_norm_bwd", a))
BOTH(row_norm_fwd, RowNormArgs, row_forward<T>(a, n))
BOTH(row_norm_bwd, RowNormArgs, row_backward<T>(a, n))

}  // namespace dl::cuda
