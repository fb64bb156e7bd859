// The micro-kernel on tiles, and what is done with its sums. For cpu_amx.cpp only.
// A step: 32 × 32 of C in four tiles, 32 of k, small products before large ones. S = 3: 24 products of 16 cycles on 16
// loaded tiles.
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
  if constexpr (R == 2) _tile_loadd(5, a + kPartBlock / 2, 64);
}
template <int C>
static DL_INLINE void load_b(const Part* b) {
  _tile_loadd(6, b, 64);
  if constexpr (C == 2) _tile_loadd(7, b + kPartBlock / 2, 64);
}
template <int R, int C>
static DL_INLINE void multiply() {
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (C == 2) _tile_dpbf16ps(1, 4, 7);
  if constexpr (R == 2) _tile_dpbf16ps(2, 5, 6);
  if constexpr (R == 2 && C == 2) _tile_dpbf16ps(3, 5, 7);
}
template <int Bytes>
static DL_INLINE void prefetch(const Part* p) {
#pragma GCC unroll 32
  for (int i = 0; i < Bytes; i += 64) __builtin_prefetch(reinterpret_cast<const char*>(p) + i);
}

// A's parts of 32 rows and one step: side by side in a panel, or each at its place in the planes of a band
// (band_amx.h).
template <int S>
struct PanelOfA {
  const Part* data;
  DL_INLINE const Part* at(int64_t step, int part) const { return data + (step * S + part) * kPartBlock; }
};
struct BandOfA {
  const Part* data;       // of the first row, in the first plane
  const int32_t* offset;  // of each step
  int64_t plane;          // from a part to the next
  DL_INLINE const Part* at(int64_t step, int part) const { return data + offset[step] + part * plane; }
};

// sums (four tiles of 16 × 16) = or += the products of `steps` steps.
template <int S, int R, int C, class A>
static DL_INLINE void tile_product(const A& a, const Part* b, int64_t steps, float* sums, bool add) {
  begin_sums<R, C>(sums, add);
  constexpr int64_t part = kPartBlock;
  for (int64_t k = 0; k < steps; ++k, b += S * part) {
    const Part* next = b + S * part;  // from L2; beyond the last step it is the next panel's
    load_a<R>(a.at(k, 0));
    if constexpr (S == 3) {
      load_b<C>(b + 2 * part);
      multiply<R, C>();
      prefetch<2048>(next + 2 * part);
    }
    if constexpr (S >= 2) {
      load_b<C>(b + part);
      multiply<R, C>();
      prefetch<2048>(next + part);
      load_a<R>(a.at(k, 1));
      if constexpr (S == 3) multiply<R, C>();
      load_b<C>(b);
      multiply<R, C>();
      if constexpr (S == 3) {
        load_a<R>(a.at(k, 2));
        multiply<R, C>();
      }
      load_a<R>(a.at(k, 0));
    } else {
      load_b<C>(b);
    }
    prefetch<2048>(next);
    multiply<R, C>();
  }
  keep_sums<R, C>(sums);
}

template <int S, class A>
static DL_INLINE void panel_product(const A& a, const Part* b, int64_t steps, float* sums, bool add, int rows,
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
