// Sums down to one number, in double: fixed shares of the terms, whose sums are added in order. What the losses end in.
#pragma once

#include "cuda/reduce.cuh"
#include "cuda/scratch.h"

namespace dl::cuda {

constexpr unsigned kTotalThreads = 256;

// term(i) of each block's share into partial[block].
template <class Term>
static __global__ void partial_sums_kernel(Term term, int64_t n, double* partial) {
  double sum = 0;
  for (int64_t i = first_item(); i < n; i += item_step()) sum += static_cast<double>(term(i));
  sum = block_reduce<SumOf>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// One block: every thread a share of the partial sums, then the block's.
static __global__ void add_partials_kernel(const double* partial, int64_t n, double* total) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) sum += partial[i];
  sum = block_reduce<SumOf>(sum);
  if (threadIdx.x == 0) *total = sum;
}

/// *total = Σ term(i) over i < n, in device memory. No terms: 0.
template <class Term>
static void sum_terms(const char* name, const Term& term, int64_t n, double* total) {
  const Shape shape = grid_stride(n < 1 ? 1 : n);
  const Scratch partial(shape.blocks.x * sizeof(double));
  launch(name, partial_sums_kernel<Term>, shape, term, n, partial.as<double>());
  launch(name, add_partials_kernel, {.blocks = 1, .threads = kTotalThreads}, partial.as<double>(),
         static_cast<int64_t>(shape.blocks.x), total);
}

// total / (*count times fixed) as T.
template <class T>
static __global__ void divide_kernel(const double* total, const double* count, double fixed, T* out) {
  *out = static_cast<T>(*total / (count ? *count * fixed : fixed));
}

}  // namespace dl::cuda
