// out[chunk][j] = sum of x[i][j] over the chunk's rows. Called by colsum.cpp for all chunks at once. A block takes 32
// columns of a chunk, 8 rows at a time, or more where a thread reads 16 bytes of a row; the sums of a column are added
// in order. Limit: reading x.
#include "blocks/colsum/colsum.h"
#include "cuda/vec128.cuh"

namespace dl::cuda {

constexpr int kColumns = 32;

template <class T, int kRun>
static __global__ void column_sums_kernel(ColumnSumArgs a) {
  constexpr int kRows = 8 * kRun;
  struct Held {
    T of[kRows][kColumns];
  };
  Held& held = shared<Held>();
  const int64_t block = static_cast<int64_t>(blockIdx.x) * kColumns, from = block + threadIdx.x * kRun;
  const int thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
  const bool aligned = is_aligned<kRun>(static_cast<const T*>(a.x));
  for (int64_t chunk = blockIdx.y; chunk * kSumRows < a.rows || chunk == 0; chunk += gridDim.y) {
    const int64_t first = chunk * kSumRows, end = first + kSumRows < a.rows ? first + kSumRows : a.rows;
    Pack<T, kRun> sums{};
    for (int64_t i = first + threadIdx.y; from < a.columns && i < end; i += kRows) {
      const auto v = load_run<kRun>(static_cast<const T*>(a.x) + i * a.stride + from, aligned);
      DL_UNROLL
      for (int e = 0; e < kRun; ++e) sums.of[e] += v.of[e];
    }
    DL_UNROLL
    for (int e = 0; e < kRun; ++e) held.of[threadIdx.y][threadIdx.x * kRun + e] = sums.of[e];
    __syncthreads();
    if (thread < kColumns && block + thread < a.columns) {
      T sum = held.of[0][thread];
      for (int y = 1; y < kRows; ++y) sum += held.of[y][thread];
      static_cast<T*>(a.out)[chunk * a.columns + block + thread] = sum;
    }
    __syncthreads();  // the next chunk's sums
  }
}

template <class T>
static void column_sums(const ColumnSumArgs& a, int64_t chunks) {
  constexpr int64_t kMostY = 65535;  // a grid's second size
  const dim3 blocks(static_cast<unsigned>((a.columns + kColumns - 1) / kColumns),
                    static_cast<unsigned>(chunks < kMostY ? chunks : kMostY));
  const bool whole = a.columns % Vec128<T>::size == 0 && a.stride % Vec128<T>::size == 0;
  with_run<T>(whole, [&]<int kRun>(std::integral_constant<int, kRun>) {
    launch("column_sums", column_sums_kernel<T, kRun>, {.blocks = blocks, .threads = dim3(kColumns / kRun, 8 * kRun)},
           a);
  });
}

void column_sums_f32(const ColumnSumArgs& a, int64_t, int64_t chunks) { column_sums<float>(a, chunks); }
void column_sums_f64(const ColumnSumArgs& a, int64_t, int64_t chunks) { column_sums<double>(a, chunks); }

}  // namespace dl::cuda
