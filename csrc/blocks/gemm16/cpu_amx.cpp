// Tasks of gemm16.h on tiles: 4 tiles of sums += 2 × 2 tiles. Called by gemm16.cpp.
// A step of 32 k is 4 products of 16 cycles on 4 loaded tiles. Sums stay in tiles for 2048 k: B's block (1 MB) and A's
// panel stream from L2, and A's next rows are fetched from beyond it meanwhile. C is written once, past
// the caches where it is larger. Limit: the tile unit, which loads keep waiting for a tenth of the time; from memory B,
// the first rows of A and C.
#include "blocks/gemm/tile_sums.h"
#include "blocks/gemm16/panels16.h"

namespace dl::DL_ISA_NS {

template <bool Deep, class A>
static DL_INLINE void load_first(const A& a, int64_t step) {
  if constexpr (Deep)
    _tile_stream_loadd(4, a.first(step), a.row_bytes());
  else
    _tile_loadd(4, a.first(step), a.row_bytes());
}
template <int R, bool Deep, class A>
static DL_INLINE void load_second(const A& a, int64_t step) {
  if constexpr (R == 2 && Deep)
    _tile_stream_loadd(5, a.second(step), a.row_bytes());
  else if constexpr (R == 2)
    _tile_loadd(5, a.second(step), a.row_bytes());
}

// Tiles 0 to 3: C's quarters; 4, 5: A's halves; 6, 7: B's. R and C: halves in use. Each tile of the next step is loaded
// as soon as the last product that reads the old one is under way. B is streamed past the panel of A that L1 keeps, and
// so is a panel too deep for L1: the hint leaves L1's lines where they are (of the unit's rate, 16 steps: 0.66,
// streamed 0.88; 32 steps: 0.67, both streamed 0.84).
template <int R, int C, bool Deep, class A>
static DL_INLINE void multiply(const A& a, const Bits16* b, int64_t steps, float* sums, bool add, const Ahead& ahead) {
  begin_sums<R, C>(sums, add);
  if (steps == 0) return keep_sums<R, C>(sums);
  load_first<Deep>(a, 0);
  _tile_stream_loadd(6, b, 64);
  if constexpr (C == 2) _tile_stream_loadd(7, b + kBlock / 2, 64);
  load_second<R, Deep>(a, 0);
  for (int64_t k = 1; k < steps; ++k) {
    b += kBlock;
    _tile_dpbf16ps(0, 4, 6);
    ahead.fetch(k);
    if constexpr (R == 2) _tile_dpbf16ps(2, 5, 6);
    _tile_stream_loadd(6, b, 64);
    if constexpr (C == 2) _tile_dpbf16ps(1, 4, 7);
    load_first<Deep>(a, k);
    if constexpr (R == 2 && C == 2) _tile_dpbf16ps(3, 5, 7);
    if constexpr (C == 2) _tile_stream_loadd(7, b + kBlock / 2, 64);
    load_second<R, Deep>(a, k);
  }
  _tile_dpbf16ps(0, 4, 6);
  ahead.fetch(0);
  if constexpr (R == 2) _tile_dpbf16ps(2, 5, 6);
  if constexpr (C == 2) _tile_dpbf16ps(1, 4, 7);
  if constexpr (R == 2 && C == 2) _tile_dpbf16ps(3, 5, 7);
  keep_sums<R, C>(sums);
}

template <bool Deep, class A>
static DL_INLINE void multiply_halves(const A& a, const Bits16* b, int64_t steps, float* sums, bool add, int rows,
                                      int columns, const Ahead& ahead) {
  if (rows > 16 && columns > 16) return multiply<2, 2, Deep>(a, b, steps, sums, add, ahead);
  if (rows > 16) return multiply<2, 1, Deep>(a, b, steps, sums, add, ahead);
  if (columns > 16) return multiply<1, 2, Deep>(a, b, steps, sums, add, ahead);
  multiply<1, 1, Deep>(a, b, steps, sums, add, ahead);
}

// sums (four tiles of 16 × 16) = or += the products of `steps` steps.
template <class A>
static DL_INLINE void multiply_panels(const A& a, const Bits16* b, int64_t steps, float* sums, bool add, int rows,
                                      int columns, const Ahead& ahead) {
  if (steps > kStepsInL1 && !__is_same(A, CellsOfA))
    return multiply_halves<true>(a, b, steps, sums, add, rows, columns, ahead);
  multiply_halves<false>(a, b, steps, sums, add, rows, columns, ahead);
}

}  // namespace dl::DL_ISA_NS

#include "blocks/gemm16/tasks16.h"

namespace dl::DL_ISA_NS {

void gemm16_tasks(const Gemm16Args& args, int64_t begin, int64_t end) {
  const TileConfig config;
  _tile_loadconfig(&config);
  for (int64_t t = begin; t < end; ++t) args.cut.band.cells ? band_task16(args, t) : task16(args, t);
  _tile_release();
  if (args.past_caches) stream_end();
}

}  // namespace dl::DL_ISA_NS
