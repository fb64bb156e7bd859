// out[chunk][j] = sum of x[i][j] over the chunk's rows. Called by colsum.cpp on a range of chunks.
// Limit: reading x; four rows are added at once, since one chain of additions waits 4 cycles a row.
#include "blocks/colsum/colsum.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

template <class T, bool Whole>
static DL_INLINE Vec<T> sum_rows(const T* x, int64_t rows, int64_t stride, int n) {
  using V = Vec<T>;
  const auto load = [n](const T* p) { return Whole ? V::load(p) : load_n(p, n, T(0)); };
  V acc[4] = {V(T(0)), V(T(0)), V(T(0)), V(T(0))};
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4)
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) acc[r] = acc[r] + load(x + (i + r) * stride);
  for (; i < rows; ++i) acc[0] = acc[0] + load(x + i * stride);
  return (acc[0] + acc[1]) + (acc[2] + acc[3]);
}

template <class T>
static void column_sums(const ColumnSumArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  for (int64_t chunk = begin; chunk < end; ++chunk) {
    const int64_t first = chunk * kSumRows, left = a.rows - first, rows = left < kSumRows ? left : kSumRows;
    const T* x = static_cast<const T*>(a.x) + first * a.stride;
    T* out = static_cast<T*>(a.out) + chunk * a.columns;
    int64_t j = 0;
    for (; j + V::size <= a.columns; j += V::size) sum_rows<T, true>(x + j, rows, a.stride, V::size).store(out + j);
    if (const int n = static_cast<int>(a.columns - j))
      store_n(out + j, sum_rows<T, false>(x + j, rows, a.stride, n), n);
  }
}

void column_sums_f32(const ColumnSumArgs& a, int64_t b, int64_t e) { column_sums<float>(a, b, e); }
void column_sums_f64(const ColumnSumArgs& a, int64_t b, int64_t e) { column_sums<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
