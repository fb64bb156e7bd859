// Products of tiles of one head's matrices, by the threads of a block (cuda.cu): 16 × 16 of them, each kEach × kEach
// sums of a tile.
#pragma once
#include "cuda/vec128.cuh"
#include "ops/attention/attention.h"

namespace dl::cuda {

constexpr int kSide = 16, kThreads = kSide * kSide, kDepth = 16;  // threads along each side of a tile; of a slab
template <class T>
constexpr int kEach = 16 / sizeof(T);  // rows and columns a thread: a row's are one load of 16 bytes
template <class T>
constexpr int kTile = kSide * kEach<T>;
template <class T>
constexpr int kPitch = kTile<T> + 16 / sizeof(T);  // against bank conflicts

template <class T>
struct alignas(16) Tiles {
  T left[kDepth][kPitch<T>], right[kDepth][kPitch<T>];
  T weight[kTile<T>][kPitch<T>];  // [column][row]
  T other[kTile<T>][kTile<T>];    // what the weights multiply
};
template <class T>
using Sums = T[kEach<T>][kEach<T>];

__device__ __forceinline__ int thread_row() { return static_cast<int>(threadIdx.x) / kSide; }
__device__ __forceinline__ int thread_column() { return static_cast<int>(threadIdx.x) % kSide; }
// Rows of a thread are neighbours; its columns are kSide apart, so that threads side by side read side by side.
template <class T>
__device__ __forceinline__ int row_of(int i) {
  return thread_row() * kEach<T> + i;
}
__device__ __forceinline__ int column_of(int j) { return thread_column() + j * kSide; }

// One head's matrix. Outside it there are zeros.
template <class T>
struct View {
  T* at;
  int64_t rows, columns, row, column;

  __device__ View(const AttentionHeads& m, int64_t head, int64_t rows, int64_t columns)
      : at(static_cast<T*>(m.data) + m.at[head]), rows(rows), columns(columns), row(m.row), column(m.column) {}
  __device__ bool has(int64_t r, int64_t c) const { return r < rows && c < columns; }
  __device__ T& operator()(int64_t r, int64_t c) const { return at[r * row + c * column]; }
  __device__ T get(int64_t r, int64_t c) const { return has(r, c) ? (*this)(r, c) : T(0); }
};

template <class T>
__device__ void clear(Sums<T>& s) {
  DL_UNROLL
  for (auto& row : s) DL_UNROLL
  for (T& x : row) x = T(0);
}

template <class T>
__device__ void load_slab(T (&slab)[kDepth][kPitch<T>], const View<T>& x, int64_t row, int64_t column) {
  const int d = static_cast<int>(threadIdx.x) % kDepth;
  DL_UNROLL
  for (int i = 0; i < kEach<T>; ++i) {
    const int r = static_cast<int>(threadIdx.x) / kDepth + i * (kThreads / kDepth);
    slab[d][r] = x.get(row + r, column + d);
  }
}

template <class T>
__device__ void add_products(const T* rows, const T* columns, Sums<T>& s) {
  const auto x = load_pack<kEach<T>>(rows + row_of<T>(0));
  DL_UNROLL
  for (int j = 0; j < kEach<T>; ++j) {
    const T y = columns[column_of(j)];
    DL_UNROLL
    for (int i = 0; i < kEach<T>; ++i) s[i][j] = fma(x.of[i], y, s[i][j]);
  }
}

// s = the products of the rows of a from a0 on with the rows of b from b0 on. Behind it all threads have read what the
// weights of the tile before multiplied: the barriers are here where rows have no columns, too.
template <class T>
__device__ void multiply_rows(Tiles<T>& tiles, const View<T>& a, int64_t a0, const View<T>& b, int64_t b0, Sums<T>& s) {
  clear<T>(s);
  const int64_t columns = a.columns ? a.columns : 1;
  for (int64_t at = 0; at < columns; at += kDepth) {
    load_slab(tiles.left, a, a0, at);
    load_slab(tiles.right, b, b0, at);
    __syncthreads();
    DL_UNROLL
    for (int d = 0; d < kDepth; ++d) add_products(tiles.left[d], tiles.right[d], s);
    __syncthreads();  // the next slabs overwrite these
  }
}

// s = the tile's weights times the rows of b from b0 on, of them the columns from c0 on.
template <class T>
__device__ void multiply_weights(Tiles<T>& tiles, const View<T>& b, int64_t b0, int64_t c0, Sums<T>& s) {
  const int column = static_cast<int>(threadIdx.x) % kTile<T>;
  for (int r = static_cast<int>(threadIdx.x) / kTile<T>; r < kTile<T>; r += kThreads / kTile<T>)
    tiles.other[r][column] = b.get(b0 + r, c0 + column);
  __syncthreads();  // also the weights'
  clear<T>(s);
  const int rows = static_cast<int>(b.rows - b0 < kTile<T> ? b.rows - b0 : kTile<T>);  // below them are zeros
  for (int r = 0; r < rows; ++r) add_products(tiles.weight[r], tiles.other[r], s);
}

}  // namespace dl::cuda
