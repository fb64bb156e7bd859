// The epilogue: finished sums on their way from registers or a tile to C. For cpu*.cpp of blocks/gemm only.
#pragma once
#include "blocks/gemm/moves.h"
#include "simd/relu.h"

namespace dl::DL_ISA_NS {

// Where a panel's rows of C lie and what is done to a finished sum.
template <class T>
struct Out {
  T* rows[Shape<T>::MR];
  int count;
  int64_t stride;   // between columns
  const T* bias_n;  // of column 0, or null
  const T* bias_m;  // of the panel's first row, or null
  bool add, relu;
};

// Row i of the panel, columns from j on, of the last register the first `last`.
template <class T, int NV>
static DL_INLINE void store_row(const Vec<T> (&acc)[NV], const Vec<T> (&bias)[NV], const Out<T>& o, int i, int64_t j,
                                int last) {
  using V = Vec<T>;
  T* c = o.rows[i] + j;
  const V row_bias = o.bias_m ? V(o.bias_m[i]) : V(T(0));
#pragma GCC unroll 2
  for (int v = 0; v < NV; ++v) {
    const int count = v + 1 < NV ? V::size : last;
    V x = acc[v];
    if (o.add) x = x + load_part(c + v * V::size, count);
    if (o.bias_n) x = x + bias[v];
    if (o.bias_m) x = x + row_bias;
    if (o.relu) x = relu_of<T>(x);
    store_part(c + v * V::size, x, count);
  }
}

template <class T, int NV>
static DL_INLINE void load_bias(Vec<T> (&bias)[NV], const Out<T>& o, int64_t j, int last) {
  using V = Vec<T>;
#pragma GCC unroll 2
  for (int v = 0; v < NV; ++v)
    bias[v] = o.bias_n ? load_part(o.bias_n + j + v * V::size, v + 1 < NV ? V::size : last) : V(T(0));
}

template <class T, int R, int NV>
static DL_INLINE void store_tile(const Vec<T> (&acc)[R][NV], const Out<T>& o, int64_t j, int n) {
  using V = Vec<T>;
  const int last = n - (NV - 1) * V::size;  // columns of the last register, 1 to W
  V bias[NV];
  load_bias(bias, o, j, last);
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) {
    if (R > 2 && i == R - 1 && i == o.count) return;  // an odd count ran on the next even kernel
    store_row(acc[i], bias, o, i, j, last);
  }
}

// C whose columns are apart: through memory, element by element.
template <class T>
static __attribute__((noinline)) void scatter_tile(const T* tile, int64_t row, const Out<T>& o, int64_t j, int n) {
  for (int i = 0; i < o.count; ++i)
    for (int v = 0; v < n; ++v) {
      T* c = o.rows[i] + (j + v) * o.stride;
      T x = tile[i * row + v];
      if (o.add) x = x + *c;
      if (o.bias_n) x = x + o.bias_n[j + v];
      if (o.bias_m) x = x + o.bias_m[i];
      *c = o.relu && x < T(0) ? T(0) : x;
    }
}

}  // namespace dl::DL_ISA_NS
