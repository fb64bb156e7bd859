// Layer norm's and group norm's rows (norm.h), a block each, and the sums of their parameters' gradients.
#pragma once

#include "cuda/reduce.cuh"
#include "ops/norm/norm.h"

namespace dl::cuda {

constexpr int kColumns = 32, kRows = 8;
// Of a block that adds n elements: 8 a thread, as far as warps and 256 threads allow.
inline unsigned threads_for(int64_t n) { return n >= 2048 ? 256 : n <= 256 ? 32 : static_cast<unsigned>(n / 256 * 32); }

struct Two {
  double a, b;
};

template <class T>
static __global__ void row_forward_kernel(RowNormArgs a) {
  const int64_t r = blockIdx.x, params = a.size / a.inner, first = r % a.groups * params;
  const T *x = static_cast<const T*>(a.x) + r * a.size, *w = static_cast<const T*>(a.weight),
          *b = static_cast<const T*>(a.bias);
  T *y = static_cast<T*>(a.out) + r * a.size, *stats = static_cast<T*>(a.stats) + 2 * r;
  const T shift = x[0];
  double s1 = 0, s2 = 0;
  for (int64_t i = threadIdx.x; i < a.size; i += blockDim.x) {
    const double d = static_cast<double>(x[i] - shift);
    s1 += d;
    s2 += d * d;
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
  for (int64_t i = threadIdx.x; i < a.size; i += blockDim.x) {
    const int64_t p = first + i / a.inner;
    T v = (x[i] - mean) * inv;
    if (w) v *= w[p];
    y[i] = b ? v + b[p] : v;
  }
}

template <class T>
static __global__ void row_backward_kernel(RowNormArgs a) {
  const int64_t r = blockIdx.x, first = r % a.groups * (a.size / a.inner);
  const T *x = static_cast<const T*>(a.x) + r * a.size, *g = static_cast<const T*>(a.g) + r * a.size;
  const T *w = static_cast<const T*>(a.weight), *stats = static_cast<const T*>(a.stats) + 2 * r;
  T* dx = static_cast<T*>(a.out) + r * a.size;
  const T mean = stats[0], inv = stats[1];
  double s1 = 0, s2 = 0;
  for (int64_t i = threadIdx.x; i < a.size; i += blockDim.x) {
    const T v = w ? g[i] * w[first + i / a.inner] : g[i];
    s1 += static_cast<double>(v);
    s2 += static_cast<double>(v) * static_cast<double>(x[i] - mean);
  }
  const double n = static_cast<double>(a.size), scale = static_cast<double>(inv);
  const T c1 = static_cast<T>(block_reduce<SumOf>(s1) / n),
          c2 = static_cast<T>(block_reduce<SumOf>(s2) / n * scale * scale);
  for (int64_t i = threadIdx.x; i < a.size; i += blockDim.x) {
    const T v = w ? g[i] * w[first + i / a.inner] : g[i];
    dx[i] = (v - c1 - (x[i] - mean) * c2) * inv;
  }
}

// dweight and dbias: a block of 32 parameters × 8 takes the elements of all rows that share them, in order.
template <class T>
static __global__ void row_params_kernel(RowNormArgs a, int64_t rows) {
  struct Held {
    Two of[kRows][kColumns];
  };
  Held& held = shared<Held>();
  const int64_t params = a.size / a.inner, width = a.groups * params,
                p = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  Two sums{0, 0};
  if (p < width) {
    const int64_t samples = rows / a.groups, within = p % params * a.inner;
    for (int64_t item = threadIdx.y; item < samples * a.inner; item += kRows) {
      const int64_t r = item / a.inner * a.groups + p / params, at = r * a.size + within + item % a.inner;
      const T* stats = static_cast<const T*>(a.stats) + 2 * r;
      const T g = static_cast<const T*>(a.g)[at], d = static_cast<const T*>(a.x)[at] - stats[0];
      sums.a += static_cast<double>(g * d * stats[1]);
      sums.b += static_cast<double>(g);
    }
  }
  held.of[threadIdx.y][threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y > 0 || p >= width) return;
  for (int y = 1; y < kRows; ++y) {
    sums.a += held.of[y][threadIdx.x].a;
    sums.b += held.of[y][threadIdx.x].b;
  }
  static_cast<T*>(a.dweight)[p] = static_cast<T>(sums.a);
  static_cast<T*>(a.dbias)[p] = static_cast<T>(sums.b);
}

template <class T>
static void row_forward(const RowNormArgs& a, int64_t rows) {
  launch("row_norm_fwd", row_forward_kernel<T>,
         {.blocks = dim3(static_cast<unsigned>(rows)), .threads = threads_for(a.size)}, a);
}
template <class T>
static void row_backward(const RowNormArgs& a, int64_t rows) {
  if (a.out)
    launch("row_norm_bwd", row_backward_kernel<T>,
           {.blocks = dim3(static_cast<unsigned>(rows)), .threads = threads_for(a.size)}, a);
  if (!a.dweight) return;
  const int64_t width = a.groups * (a.size / a.inner);
  launch("row_norm_bwd", row_params_kernel<T>,
         {.blocks = dim3(static_cast<unsigned>((width + kColumns - 1) / kColumns)), .threads = dim3(kColumns, kRows)},
         a, rows);
}

}  // namespace dl::cuda
