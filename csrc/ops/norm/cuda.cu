// Batch norm and row norms (norm.h) on the device alone: sums, what follows from them, and the map, without a number
// going to the host. Sums are double, about the first element of the channel or row, in shares that depend on shapes
// alone. Limit: memory bandwidth: statistics read x once, the map reads and writes it once.
#include "cuda/map.cuh"
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
  const T *x, *g;
  T center, scale, bias;

  __device__ Term(const NormArgs& a, int64_t c)
      : x(static_cast<const T*>(a.x)), g(static_cast<const T*>(a.g)), center(x[c * a.inner]), scale(), bias() {
    if constexpr (kSum != Sum::squares) center = static_cast<const T*>(a.device.mean)[c];
    if constexpr (kSum == Sum::relu_gradient) {
      scale = a.device.template scale<T>(c);
      bias = a.device.template bias_of<T>(c);
    }
  }
  __device__ void add(int64_t i, Two& sums) const {
    const T d = x[i] - center;
    T first = d;
    if constexpr (kSum != Sum::squares) first = g[i];
    if constexpr (kSum == Sum::relu_gradient) first = d * scale + bias > T(0) ? first : T(0);
    sums.a += static_cast<double>(first);
    sums.b += static_cast<double>(first) * static_cast<double>(d);
  }
};

// Neighbouring channels (inner == 1): 32 of them a block, parts of the pixels along y.
template <class T, Sum kSum>
static __global__ void pixel_sums_kernel(NormArgs a, int64_t outer, int64_t part, Two* out) {
  struct Held {
    Two of[kRows][kColumns];
  };
  Held& held = shared<Held>();
  const int64_t c = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x, first = blockIdx.y * part;
  const int64_t last = first + part < outer ? first + part : outer;
  Two sums{0, 0};
  if (c < a.channels) {
    const Term<T, kSum> term(a, c);
    for (int64_t o = first + threadIdx.y; o < last; o += kRows) term.add(o * a.channels + c, sums);
  }
  held.of[threadIdx.y][threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y > 0 || c >= a.channels) return;
  for (int y = 1; y < kRows; ++y) {
    sums.a += held.of[y][threadIdx.x].a;
    sums.b += held.of[y][threadIdx.x].b;
  }
  out[blockIdx.y * a.channels + c] = sums;
}

// Planes: a block takes one channel of a part of the outer dimensions.
template <class T, Sum kSum>
static __global__ void plane_sums_kernel(NormArgs a, int64_t outer, int64_t part, Two* out) {
  const int64_t c = blockIdx.x, first = blockIdx.y * part, last = first + part < outer ? first + part : outer;
  const Term<T, kSum> term(a, c);
  Two sums{0, 0};
  for (int64_t i = threadIdx.x; i < (last - first) * a.inner; i += blockDim.x)
    term.add(((first + i / a.inner) * a.channels + c) * a.inner + i % a.inner, sums);
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

template <class T, Sum kSum>
static int64_t sum_channels(const NormArgs& a, Two* parts, int64_t most) {
  const int64_t outer = a.total / (a.channels * a.inner),
                blocks = a.inner == 1 ? (a.channels + kColumns - 1) / kColumns : a.channels;
  const int64_t count = (outer + (outer + most - 1) / most - 1) / ((outer + most - 1) / most),
                part = (outer + most - 1) / most;
  const dim3 grid(static_cast<unsigned>(blocks), static_cast<unsigned>(count));
  if (a.inner == 1)
    launch("batch_norm_sums", pixel_sums_kernel<T, kSum>, {.blocks = grid, .threads = dim3(kColumns, kRows)}, a, outer,
           part, parts);
  else
    launch("batch_norm_sums", plane_sums_kernel<T, kSum>, {.blocks = grid, .threads = threads_for(part * a.inner)}, a,
           outer, part, parts);
  return count;
}

// As many parts as give an H100's 132 SMs eight blocks each, of at least 2048 elements.
static int64_t most_parts(const NormArgs& a) {
  const int64_t blocks = a.inner == 1 ? (a.channels + kColumns - 1) / kColumns : a.channels;
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

template <class T, bool kBackward>
__device__ T batch_element(const NormArgs& a, T x, T g, int64_t c) {
  const NormDevice& p = a.device;
  const T d = x - static_cast<const T*>(p.mean)[c], scale = p.template scale<T>(c);
  const T y = d * scale + p.template bias_of<T>(c);
  if constexpr (!kBackward) return a.relu && y < T(0) ? T(0) : y;
  if (a.relu) g = y > T(0) ? g : T(0);
  if (!a.training) return g * scale;
  const T* means = static_cast<const T*>(p.means);
  return (g - means[c] - d * means[a.channels + c]) * scale;
}

// Packs never cross a channel, or are of neighbouring channels.
template <class T, bool kBackward>
static __global__ void batch_map_kernel(NormArgs a, int64_t packs) {
  constexpr int kN = Vec128<T>::size;
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(kBackward ? a.g : a.x);
  T* out = static_cast<T*>(a.out);
  for (int64_t i = first_item(); i < packs; i += item_step()) {
    const auto u = load128(x + i * kN), v = load128(g + i * kN);
    const int64_t c = i * kN / a.inner % a.channels;
    Vec128<T> y;
    DL_UNROLL
    for (int e = 0; e < kN; ++e) y.of[e] = batch_element<T, kBackward>(a, u.of[e], v.of[e], a.inner == 1 ? c + e : c);
    store128(out + i * kN, y);
  }
  for (int64_t i = packs * kN + first_item(); i < a.total; i += item_step())
    out[i] = batch_element<T, kBackward>(a, x[i], g[i], i / a.inner % a.channels);
}

template <class T, bool kBackward>
static void batch_map(const char* name, const NormArgs& a) {
  constexpr int kN = Vec128<T>::size;
  const T* g = static_cast<const T*>(kBackward ? a.g : a.x);
  const bool whole = (a.inner == 1 ? a.channels : a.inner) % kN == 0 && is_aligned128(static_cast<const T*>(a.x)) &&
                     is_aligned128(g) && is_aligned128(static_cast<const T*>(a.out));
  const int64_t packs = whole ? a.total / kN : 0;
  launch(name, batch_map_kernel<T, kBackward>, grid_stride(packs ? packs : a.total), a, packs);
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
