// out[chunk][j] = sum of x[i][j] over the chunk's rows. Called by colsum.cpp for all chunks at once. A block takes 32
// columns of a chunk, 8 rows at a time; the 8 sums of a column are added in order.
// Limit: reading x.
#include "blocks/colsum/colsum.h"
#include "cuda/launch.h"

namespace dl::cuda {

constexpr int kColumns = 32, kRows = 8;

template <class T>
static __global__ void column_sums_kernel(ColumnSumArgs a) {
  struct Held {
    T of[kRows][kColumns];
  };
  Held& held = shared<Held>();
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  for (int64_t chunk = blockIdx.y; chunk * kSumRows < a.rows || chunk == 0; chunk += gridDim.y) {
    const int64_t first = chunk * kSumRows, end = first + kSumRows < a.rows ? first + kSumRows : a.rows;
    T sum = T(0);
    for (int64_t i = first + threadIdx.y; column < a.columns && i < end; i += kRows)
      sum += static_cast<const T*>(a.x)[i * a.stride + column];
    held.of[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < a.columns) {
      for (int y = 1; y < kRows; ++y) sum += held.of[y][threadIdx.x];
      static_cast<T*>(a.out)[chunk * a.columns + column] = sum;
    }
    __syncthreads();  // the next chunk's sums
  }
}

template <class T>
static void column_sums(const ColumnSumArgs& a, int64_t chunks) {
  constexpr int64_t kMostY = 65535;  // a grid's second size
  const dim3 blocks(static_cast<unsigned>((a.columns + kColumns - 1) / kColumns),
                    static_cast<unsigned>(chunks < kMostY ? chunks : kMostY));
  launch("column_sums", column_sums_kernel<T>, {.blocks = blocks, .threads = dim3(kColumns, kRows)}, a);
}

void column_sums_f32(const ColumnSumArgs& a, int64_t, int64_t chunks) { column_sums<float>(a, chunks); }
void column_sums_f64(const ColumnSumArgs& a, int64_t, int64_t chunks) { column_sums<double>(a, chunks); }

}  // namespace dl::cuda
