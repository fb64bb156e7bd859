// Where a product's sums go: C with its epilogue, or, of a split K, partial sums that a second kernel adds in order.
#pragma once

#include "blocks/gemm/gemm.h"
#include "cuda/map.cuh"
#include "cuda/scratch.h"

namespace dl::cuda {

struct Result {
  void* c;
  int64_t m, n, p, q, stride_n, stride_p, stride_q, c_stride;
  const void *bias_n, *bias_m;
  bool accumulate, relu;
  const int64_t* batch;  // of C, or null
  void* partials;        // [product][part][m][n], or null
  int64_t parts;

  Result(const Gemm& g, const int64_t* batch, void* partials, int64_t parts)
      : c(g.c),
        m(g.m),
        n(g.n),
        p(g.c_rows.p),
        q(g.c_rows.q),
        stride_n(g.c_rows.stride_n),
        stride_p(g.c_rows.stride_p),
        stride_q(g.c_rows.stride_q),
        c_stride(g.c_stride),
        bias_n(g.bias_n),
        bias_m(g.bias_m),
        accumulate(g.accumulate),
        relu(g.relu),
        batch(batch),
        partials(partials),
        parts(parts) {}

  /// Row i of a product: where C's begins, or the partial sums' of a part. Found once, since it takes divisions.
  struct Row {
    int64_t i, at;
  };
  __device__ Row row_of_c(int64_t product, int64_t i) const {
    const int64_t line = i / q, image = line / p;
    return {
        i, (batch ? batch[product] : 0) + image * stride_n + (line - image * p) * stride_p + (i - line * q) * stride_q};
  }
  __device__ Row row(int64_t product, int64_t part, int64_t i) const {
    return partials ? Row{i, ((product * parts + part) * m + i) * n} : row_of_c(product, i);
  }

  // Of C's elements R, from sums (and biases) of T.
  template <class R, class T>
  __device__ void finish(const Row& row, int64_t j, T sum) const {
    R* to = static_cast<R*>(c) + row.at + j * c_stride;
    if (accumulate) sum += read<T>(*to);
    if (bias_n) sum += static_cast<const T*>(bias_n)[j];
    if (bias_m) sum += static_cast<const T*>(bias_m)[row.i];
    if (relu) sum = sum < T(0) ? T(0) : sum;
    *to = rounded<R>(sum);
  }
  template <class R, class T>
  __device__ void put(const Row& row, int64_t j, T sum) const {
    if (row.i >= m || j >= n) return;
    if (partials)
      static_cast<T*>(partials)[row.at + j] = sum;
    else
      finish<R>(row, j, sum);
  }
};

template <class R, class T>
static __global__ void sum_parts_kernel(Result r, int64_t items) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const int64_t line = item / r.n, product = line / r.m, i = line - product * r.m, j = item - line * r.n;
    const T* part = static_cast<const T*>(r.partials) + (product * r.parts * r.m + i) * r.n + j;
    T sum = part[0];
    for (int64_t k = 1; k < r.parts; ++k) sum += part[k * r.m * r.n];
    r.template finish<R>(r.row_of_c(product, i), j, sum);
  }
}

struct Cut {
  int64_t tiles_m, tiles_n, parts, part_k;
};

/// Tiles of C, and as many parts of K as give every one of an H100's 132 SMs two blocks, of at least 256 terms each:
/// from shapes alone.
inline Cut cut_of(const GemmArgs& a, int64_t tile, int64_t step) {
  constexpr int64_t kBlocks = 264, kLeast = 256, kMost = 64;
  const auto up = [](int64_t x, int64_t y) { return (x + y - 1) / y; };
  Cut cut{up(a.g.m, tile), up(a.g.n, tile), 1, a.g.k};
  const int64_t blocks = cut.tiles_m * cut.tiles_n * a.count, wanted = up(kBlocks, blocks), fit = a.g.k / kLeast;
  if (blocks >= kBlocks / 2 || fit < 2) return cut;
  cut.parts = wanted < fit ? wanted : fit;
  if (cut.parts > kMost) cut.parts = kMost;
  cut.part_k = up(up(a.g.k, cut.parts), step) * step;
  cut.parts = up(a.g.k, cut.part_k);
  return cut;
}

/// The blocks of one launch: tiles of C, parts of K, products of a batch.
inline dim3 blocks_of(const Cut& cut, int64_t products) {
  return dim3(static_cast<unsigned>(cut.tiles_m * cut.tiles_n), static_cast<unsigned>(cut.parts),
              static_cast<unsigned>(products));
}

}  // namespace dl::cuda
