// The micro-kernel on tiles, and what is done with its sums. For cpu_amx.cpp only.
// A step: 32 × 32 of C in four tiles, 32 of k, in groups of four products of one part of A and one of B. S = 3: 24
// products of 16 cycles on 14 loaded tiles. Limit: the tile unit, if no product waits for its tile to be loaded.
#pragma once
#include "blocks/gemm/split.h"
#include "blocks/gemm/task.h"
#include "blocks/gemm/tile_sums.h"

namespace dl::DL_ISA_NS {

using F = Shape<float>;
static_assert(F::MR == 32 && F::NR == 32);

// Tiles 0 to 3: C's quarters; 4, 5: A's halves; 6, 7: B's. R and C: halves of the panel in use.
template <int R>
static DL_INLINE void load_a(const Part* a) {
  _tile_loadd(4, a, 64);
  if constexpr (R == 2) _tile_loadd(5, a + kHalfBlock, 64);
}
template <int C, class B>
static DL_INLINE void load_b(const B& b, int64_t step, int part) {
  _tile_loadd(6, b.at(step, part), B::kRowBytes);
  if constexpr (C == 2) _tile_loadd(7, b.at(step, part) + B::kHalf, B::kRowBytes);
}
template <int Bytes>
static DL_INLINE void prefetch(const Part* p) {
#pragma GCC unroll 32
  for (int i = 0; i < Bytes; i += 64) __builtin_prefetch(reinterpret_cast<const char*>(p) + i);
}

// Groups of four products. Each of the next group's tiles is loaded as soon as the last product that reads the old one
// is under way, and twice in a group `Bytes` of a later B are fetched into L1. Loaded together before the four, tiles
// keep the unit waiting for a third of the time; fetched together, B's lines do (measured: 0.67 and 0.73 of the unit's
// rate, 0.86 as below).
template <int R, int C, int Bytes, class B>
static DL_INLINE void then_b(const B& b, int64_t step, int part, const Part* ahead) {
  const Part* next = b.at(step, part);
  _tile_dpbf16ps(0, 4, 6);
  prefetch<Bytes>(ahead);
  if constexpr (R == 2) _tile_dpbf16ps(2, 5, 6);
  _tile_loadd(6, next, B::kRowBytes);
  if constexpr (C == 2) _tile_dpbf16ps(1, 4, 7);
  prefetch<Bytes>(ahead + Bytes / 2);
  if constexpr (R == 2 && C == 2) _tile_dpbf16ps(3, 5, 7);
  if constexpr (C == 2) _tile_loadd(7, next + B::kHalf, B::kRowBytes);
}
template <int R, int C, int Bytes>
static DL_INLINE void then_a(const Part* next, const Part* ahead) {
  _tile_dpbf16ps(0, 4, 6);
  prefetch<Bytes>(ahead);
  if constexpr (C == 2) _tile_dpbf16ps(1, 4, 7);
  _tile_loadd(4, next, 64);
  if constexpr (R == 2) _tile_dpbf16ps(2, 5, 6);
  prefetch<Bytes>(ahead + Bytes / 2);
  if constexpr (R == 2 && C == 2) _tile_dpbf16ps(3, 5, 7);
  if constexpr (R == 2) _tile_loadd(5, next + kHalfBlock, 64);
}
// The last group of a step; with Load, the next step's tiles follow it.
template <int R, int C, int Bytes, bool Load, class A, class B>
static DL_INLINE void then_both(const A& a, const B& b, int64_t step, int part, const Part* ahead) {
  const Part *rows = nullptr, *next = nullptr;
  if constexpr (Load) {
    rows = a.at(step, 0);
    next = b.at(step, part);
  }
  _tile_dpbf16ps(0, 4, 6);
  prefetch<Bytes>(ahead);
  if constexpr (R == 2) _tile_dpbf16ps(2, 5, 6);
  if constexpr (Load) _tile_loadd(6, next, B::kRowBytes);
  if constexpr (C == 2) _tile_dpbf16ps(1, 4, 7);
  prefetch<Bytes>(ahead + Bytes / 2);
  if constexpr (Load) _tile_loadd(4, rows, 64);
  if constexpr (R == 2 && C == 2) _tile_dpbf16ps(3, 5, 7);
  if constexpr (Load && C == 2) _tile_loadd(7, next + B::kHalf, B::kRowBytes);
  if constexpr (Load && R == 2) _tile_loadd(5, rows + kHalfBlock, 64);
}

// A's parts of 32 rows and one step: side by side in a panel, or each at its place in the planes of a band
// (band_amx.h).
template <int S>
struct PanelOfA {
  const Part* data;
  DL_INLINE const Part* at(int64_t step, int part) const { return data + step * kStepOfA<S> + part * kPartBlock; }
};
// B's parts of one step and 32 columns, the second 16 of them kHalf elements behind the first.
template <int S>
struct PanelOfB {
  static constexpr int64_t kRowBytes = 64, kHalf = kPartBlock / 2;
  const Part* data;
  DL_INLINE const Part* at(int64_t step, int part) const { return data + (step * S + part) * kPartBlock; }
};
// The same of listed steps.
template <int S>
struct StepsOfB {
  static constexpr int64_t kRowBytes = 64, kHalf = kPartBlock / 2;
  const Part* data;
  const int32_t* index;
  DL_INLINE const Part* at(int64_t step, int part) const { return data + (index[step] * S + part) * kPartBlock; }
};
struct BandOfA {
  const Part* data;       // of the first row, in the first plane
  const int32_t* offset;  // of each step
  int64_t plane;          // from a part to the next
  DL_INLINE const Part* at(int64_t step, int part) const { return data + offset[step] + part * plane; }
};

// One step: products of parts i of A and j of B with i + j < S, small ones first. On entry the first two parts are
// loaded. The next step's B is fetched from L2; beyond the last it is often the next panel's.
template <int S, int R, int C, bool Last, class A, class B>
static DL_INLINE void step_of_products(const A& a, const B& b, int64_t k) {
  constexpr int bytes = S == 3 ? 512 : 1024;  // 2 KB of each part, in six groups or in as many as parts
  const Part *next_l = b.at(k + 1, S - 1), *next_h = b.at(k + 1, 0);
  if constexpr (S == 3) {
    const Part* next_m = b.at(k + 1, 1);
    then_b<R, C, bytes>(b, k, 1, next_l);
    then_a<R, C, bytes>(a.at(k, 1), next_l + bytes);
    then_b<R, C, bytes>(b, k, 0, next_m);
    then_a<R, C, bytes>(a.at(k, 2), next_m + bytes);
    then_a<R, C, bytes>(a.at(k, 0), next_h);
    next_h += bytes;
  } else if constexpr (S == 2) {
    then_b<R, C, bytes>(b, k, 0, next_l);
    then_a<R, C, bytes>(a.at(k, 1), next_h);
  }
  constexpr int rest = S == 2 ? 0 : bytes;
  then_both<R, C, rest, !Last>(a, b, k + 1, S - 1, next_h);
}

// sums (four tiles of 16 × 16) = or += the products of `steps` steps.
template <int S, int R, int C, class A, class B>
static DL_INLINE void tile_product(const A& a, const B& b, int64_t steps, float* sums, bool add) {
  begin_sums<R, C>(sums, add);
  load_a<R>(a.at(0, 0));
  load_b<C>(b, 0, S - 1);
  for (int64_t k = 0; k + 1 < steps; ++k) step_of_products<S, R, C, false>(a, b, k);
  step_of_products<S, R, C, true>(a, b, steps - 1);
  keep_sums<R, C>(sums);
}

template <int S, class A, class B>
static DL_INLINE void panel_product(const A& a, const B& b, int64_t steps, float* sums, bool add, int rows,
                                    int columns) {
  if (rows > 16 && columns > 16) return tile_product<S, 2, 2>(a, b, steps, sums, add);
  if (rows > 16) return tile_product<S, 2, 1>(a, b, steps, sums, add);
  if (columns > 16) return tile_product<S, 1, 2>(a, b, steps, sums, add);
  tile_product<S, 1, 1>(a, b, steps, sums, add);
}

// 32 × 32 finished sums to C. Returns whether all are finite.
static DL_INLINE bool finish(const float* sums, const Out<float>& o, int64_t j, int n) {
  using V = Vec<float>;
  constexpr int kNotFinite = 0x99;  // NaNs and infinities, of either kind and sign
  __mmask16 bad = 0;
  if (o.stride != 1) {
    alignas(64) float rows[32 * 32];
    for (int i = 0; i < o.count; ++i)
      for (int half = 0; half * 16 < n; ++half) {
        const __m512 x = _mm512_load_ps(sums + i / 16 * 512 + half * 256 + i % 16 * 16);
        bad |= _mm512_fpclass_ps_mask(x, kNotFinite);
        _mm512_store_ps(rows + i * 32 + half * 16, x);
      }
    scatter_tile(rows, 32, o, j, n);
    return bad == 0;
  }
  V bias[2], bias_one[1];
  if (n > 16)
    load_bias(bias, o, j, n - 16);
  else
    load_bias(bias_one, o, j, n);
  for (int i = 0; i < o.count; ++i) {
    if (!o.rows[i]) continue;  // a gap between pixels
    const float* row = sums + i / 16 * 512 + i % 16 * 16;
    const V x = V::load(row);
    bad |= _mm512_fpclass_ps_mask(x.v, kNotFinite);
    if (n > 16) {
      const V pair[2] = {x, V::load(row + 256)};
      bad |= _mm512_fpclass_ps_mask(pair[1].v, kNotFinite);
      store_row(pair, bias, o, i, j, n - 16);
    } else {
      const V one[1] = {x};
      store_row(one, bias_one, o, i, j, n);
    }
  }
  return bad == 0;
}

}  // namespace dl::DL_ISA_NS
