// Tasks of gemm16.h by AVX-512's sums of two products: 16 lanes += pairs of A's row, everywhere the same, × pairs of
// B's columns. Called by gemm16.cpp.
//   for 8 steps of 32 k: for 8 rows: 8 × 2 sums stay in registers
// 16 products on 10 loads; B's 16 KB of 8 steps stay in L1 from rows to rows, A's panel streams from L2. Limit: the
// multiply units, a product of 64 FLOP a cycle (Zen 4); from memory B, the first rows of A and C.
#include "blocks/gemm16/panels16.h"

namespace dl::DL_ISA_NS {

constexpr int kRows = 8;          // of sums in registers: 16 of 32, and a product waits 6 cycles for its last sum
constexpr int64_t kStepsOfB = 8;  // in L1 beside A's

// Rows r0 to r0 + 8: a quarter's rows lie 16 floats apart. C: halves of the columns in use.
template <int C, class A>
static DL_INLINE void multiply_rows(const A& a, int r0, const Bits16* b, int64_t begin, int64_t end, float* sums,
                                    bool add) {
  __m512 sum[kRows][C];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int h = 0; h < C; ++h) sum[i][h] = add ? _mm512_load_ps(sums + h * 256 + i * 16) : _mm512_setzero_ps();
  for (int64_t step = begin; step < end; ++step) {
    const int64_t pitch = a.row_bytes() / 2;
    const Bits16 *rows = a.first(step) + r0 * pitch, *columns = b + step * kBlock;
    for (int64_t pair = 0; pair < kStep / 2; ++pair, rows += 2, columns += 32) {
      __m512bh of_b[C];
#pragma GCC unroll 2
      for (int h = 0; h < C; ++h) of_b[h] = (__m512bh)_mm512_load_si512(columns + h * (kBlock / 2));
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        int32_t two;
        __builtin_memcpy(&two, rows + i * pitch, sizeof two);
        const __m512bh of_a = (__m512bh)_mm512_set1_epi32(two);
#pragma GCC unroll 2
        for (int h = 0; h < C; ++h) sum[i][h] = _mm512_dpbf16_ps(sum[i][h], of_a, of_b[h]);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (int h = 0; h < C; ++h) _mm512_store_ps(sums + h * 256 + i * 16, sum[i][h]);
}

// sums (four quarters of 16 × 16) = or += the products of `steps` steps.
template <class A>
static DL_INLINE void multiply_panels(const A& a, const Bits16* b, int64_t steps, float* sums, bool add, int rows,
                                      int columns, const Ahead& ahead) {
  for (int64_t s = 0; s < steps; ++s) ahead.fetch(s);
  int64_t begin = 0;
  do {
    const int64_t end = begin + kStepsOfB < steps ? begin + kStepsOfB : steps;
    for (int r = 0; r < rows; r += kRows) {
      float* quarter = sums + r / 16 * 512 + r % 16 * 16;
      if (columns > 16)
        multiply_rows<2>(a, r, b, begin, end, quarter, add || begin > 0);
      else
        multiply_rows<1>(a, r, b, begin, end, quarter, add || begin > 0);
    }
    begin = end;
  } while (begin < steps);
}

}  // namespace dl::DL_ISA_NS

#include "blocks/gemm16/tasks16.h"

namespace dl::DL_ISA_NS {

void gemm16_tasks(const Gemm16Args& args, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end; ++t) args.cut.band.cells ? band_task16(args, t) : task16(args, t);
  if (args.past_caches) stream_end();
}

}  // namespace dl::DL_ISA_NS
