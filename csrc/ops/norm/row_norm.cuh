// Layer norm's and group norm's rows (norm.h), a block each, and the sums of their parameters' gradients: 16 bytes of a
// thread at a time where a row, or what shares a parameter, is a multiple of that.
#pragma once

#include "cuda/reduce.cuh"
#include "cuda/vec128.cuh"
#include "ops/norm/norm.h"

namespace dl::cuda {

// Sums of columns: a block takes 32, by 8 times as many rows as neighbours that a thread takes.
constexpr int kColumns = 32, kRows = 8;
inline dim3 column_threads(int run) { return dim3(kColumns / run, kRows * run); }
inline unsigned column_blocks(int64_t columns) { return static_cast<unsigned>((columns + kColumns - 1) / kColumns); }
// Of a block that adds n elements: 8 a thread, as far as warps and 256 threads allow.
inline unsigned threads_for(int64_t n) { return n >= 2048 ? 256 : n <= 256 ? 32 : static_cast<unsigned>(n / 256 * 32); }

struct Two {
  double a, b;
};

// done(column, sum) for each of the block's columns: what its rows of threads found, in order.
template <int kRun, class Done>
__device__ void add_rows(const Two (&found)[kRun], const Done& done) {
  struct Held {
    Two of[kRows * kRun][kColumns];
  };
  Held& held = shared<Held>();
  DL_UNROLL
  for (int e = 0; e < kRun; ++e) held.of[threadIdx.y][threadIdx.x * kRun + e] = found[e];
  __syncthreads();
  const int column = static_cast<int>(threadIdx.y * (kColumns / kRun) + threadIdx.x);
  if (column >= kColumns) return;
  Two sum = held.of[0][column];
  for (int y = 1; y < kRows * kRun; ++y) {
    sum.a += held.of[y][column].a;
    sum.b += held.of[y][column].b;
  }
  done(static_cast<int64_t>(blockIdx.x) * kColumns + column, sum);
}

template <class T, int kRun>
static __global__ void row_forward_kernel(RowNormArgs a) {
  const int64_t r = blockIdx.x, params = a.size / a.inner, first = r % a.groups * params;
  const T *x = static_cast<const T*>(a.x) + r * a.size, *w = static_cast<const T*>(a.weight),
          *b = static_cast<const T*>(a.bias);
  T *y = static_cast<T*>(a.out) + r * a.size, *stats = static_cast<T*>(a.stats) + 2 * r;
  const bool aligned = all_aligned<T, kRun>(a.x, a.out, w, b), each = a.inner == 1;
  const T shift = x[0];
  double s1 = 0, s2 = 0;
  for (int64_t i = threadIdx.x * kRun; i < a.size; i += blockDim.x * kRun) {
    const auto u = load_run<kRun>(x + i, aligned);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) {
      const double d = static_cast<double>(u.of[e] - shift);
      s1 += d;
      s2 += d * d;
    }
  }
  s1 = block_reduce<SumOf>(s1);
  s2 = block_reduce<SumOf>(s2);
  const double n = static_cast<double>(a.size), offset = s1 / n, squares = s2 - offset * s1;
  const T mean = static_cast<T>(static_cast<double>(shift) + offset);
  const T inv = static_cast<T>(1 / ::sqrt((squares < 0 ? 0 : squares / n) + a.eps));
  if (threadIdx.x == 0) {
    stats[0] = mean;
    stats[1] = inv;
  }
  for (int64_t i = threadIdx.x * kRun; i < a.size; i += blockDim.x * kRun) {
    const int64_t p = first + (each ? i : i / a.inner);
    auto v = load_run<kRun>(x + i, aligned);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) v.of[e] = (v.of[e] - mean) * inv;
    if (w) {
      const auto scale = load_run_or_one<kRun>(w, p, each, aligned);
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) v.of[e] *= scale.of[e];
    }
    if (b) {
      const auto bias = load_run_or_one<kRun>(b, p, each, aligned);
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) v.of[e] += bias.of[e];
    }
    store_run(y + i, v, aligned);
  }
}

template <class T, int kRun>
static __global__ void row_backward_kernel(RowNormArgs a) {
  const int64_t r = blockIdx.x, first = r % a.groups * (a.size / a.inner);
  const T *x = static_cast<const T*>(a.x) + r * a.size, *g = static_cast<const T*>(a.g) + r * a.size;
  const T *w = static_cast<const T*>(a.weight), *stats = static_cast<const T*>(a.stats) + 2 * r;
  T* dx = static_cast<T*>(a.out) + r * a.size;
  const bool aligned = all_aligned<T, kRun>(a.x, a.g, a.out, w), each = a.inner == 1;
  const T mean = stats[0], inv = stats[1];
  const auto weighted = [&](int64_t i) {
    auto v = load_run<kRun>(g + i, aligned);
    if (!w) return v;
    const auto scale = load_run_or_one<kRun>(w, first + (each ? i : i / a.inner), each, aligned);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) v.of[e] *= scale.of[e];
    return v;
  };
  double s1 = 0, s2 = 0;
  for (int64_t i = threadIdx.x * kRun; i < a.size; i += blockDim.x * kRun) {
    const auto u = load_run<kRun>(x + i, aligned), v = weighted(i);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) {
      s1 += static_cast<double>(v.of[e]);
      s2 += static_cast<double>(v.of[e]) * static_cast<double>(u.of[e] - mean);
    }
  }
  const double n = static_cast<double>(a.size), scale = static_cast<double>(inv);
  const T c1 = static_cast<T>(block_reduce<SumOf>(s1) / n),
          c2 = static_cast<T>(block_reduce<SumOf>(s2) / n * scale * scale);
  for (int64_t i = threadIdx.x * kRun; i < a.size; i += blockDim.x * kRun) {
    const auto u = load_run<kRun>(x + i, aligned);
    auto v = weighted(i);
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) v.of[e] = (v.of[e] - c1 - (u.of[e] - mean) * c2) * inv;
    store_run(dx + i, v, aligned);
  }
}

// dweight and dbias: a block of 32 parameters takes the elements of all rows that share them, in order. Runs are of
// neighbouring parameters.
template <class T, int kRun>
static __global__ void row_params_kernel(RowNormArgs a, int64_t rows) {
  const int64_t inner = kRun > 1 ? 1 : a.inner, params = a.size / inner, width = a.groups * params,
                p = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x * kRun;
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(a.g);
  const bool aligned = all_aligned<T, kRun>(x, g);
  Two sums[kRun] = {};
  if (p < width) {
    const int64_t samples = rows / a.groups, group = p / params, within = p % params * inner;
    for (int64_t item = threadIdx.y; item < samples * inner; item += blockDim.y) {
      const int64_t r = item / inner * a.groups + group, at = r * a.size + within + item % inner;
      const T mean = static_cast<const T*>(a.stats)[2 * r], inv = static_cast<const T*>(a.stats)[2 * r + 1];
      const auto u = load_run<kRun>(x + at, aligned), v = load_run<kRun>(g + at, aligned);
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) {
        sums[e].a += static_cast<double>(v.of[e] * (u.of[e] - mean) * inv);
        sums[e].b += static_cast<double>(v.of[e]);
      }
    }
  }
  add_rows(sums, [&](int64_t column, const Two& sum) {
    if (column >= width) return;
    static_cast<T*>(a.dweight)[column] = static_cast<T>(sum.a);
    static_cast<T*>(a.dbias)[column] = static_cast<T>(sum.b);
  });
}

// Whether rows are whole runs of 16 bytes, which no parameter's end divides.
template <class T>
static bool whole_rows(const RowNormArgs& a) {
  return (a.inner == 1 ? a.size : a.inner) % Vec128<T>::size == 0;
}

template <class T>
static void row_forward(const RowNormArgs& a, int64_t rows) {
  with_run<T>(whole_rows<T>(a), [&]<int kRun>(std::integral_constant<int, kRun>) {
    launch("row_norm_fwd", row_forward_kernel<T, kRun>,
           {.blocks = dim3(static_cast<unsigned>(rows)), .threads = threads_for(a.size)}, a);
  });
}
template <class T>
static void row_backward(const RowNormArgs& a, int64_t rows) {
  if (a.out)
    with_run<T>(whole_rows<T>(a), [&]<int kRun>(std::integral_constant<int, kRun>) {
      launch("row_norm_bwd", row_backward_kernel<T, kRun>,
             {.blocks = dim3(static_cast<unsigned>(rows)), .threads = threads_for(a.size)}, a);
    });
  if (!a.dweight) return;
  with_run<T>(a.inner == 1 && whole_rows<T>(a), [&]<int kRun>(std::integral_constant<int, kRun>) {
    launch("row_norm_bwd", row_params_kernel<T, kRun>,
           {.blocks = column_blocks(a.groups * (a.size / a.inner)), .threads = column_threads(kRun)}, a, rows);
  });
}

}  // namespace dl::cuda
