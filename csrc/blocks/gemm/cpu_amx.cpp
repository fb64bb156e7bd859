// Products of float32 on tiles of bfloat16 (AMX). Tasks as in cpu.cpp; called by gemm.cpp.
//   a b = sum over parts i + j < S of a_i b_j: six products of three parts (S = 3) err no more than a chain of fused
//   multiply-adds and 2^-24 |a||b|, three of two (S = 2) some 2^-16, one (S = 1) 2^-8 of |a||b|; sums are float32.
// A step: 32 × 32 of C in four tiles, 32 of k, small products before large ones. S = 3: 24 products of 16 cycles on 16
// loaded tiles.
// A's panel (32 × kc in three parts: 24 KB) stays in L1, B's block (kc × 512: 384 KB) and the sums (512 × 512: 1 MB) in
// L2. C is written once, after the last step. Whatever tiles cannot carry sets args.unfit, and the caller runs another
// row: values below 2^-110 are seen when split, NaN, infinities and overflow as sums that are not finite. Limit: the
// tile unit; splitting A and B takes some 0.4 cycles an element beside it.
#include "blocks/gemm/pack.h"
#include "blocks/gemm/split.h"
#include "blocks/gemm/task.h"

namespace dl::DL_ISA_NS {

using F = Shape<float>;
static_assert(F::MR == 32 && F::NR == 32);

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

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

// sums (four tiles of 16 × 16) = or += the products of `steps` steps.
template <int S, int R, int C>
static DL_INLINE void tile_product(const Part* a, const Part* b, int64_t steps, float* sums, bool add) {
  if (add) {
    _tile_loadd(0, sums, 64);
    if constexpr (C == 2) _tile_loadd(1, sums + 256, 64);
    if constexpr (R == 2) _tile_loadd(2, sums + 512, 64);
    if constexpr (R == 2 && C == 2) _tile_loadd(3, sums + 768, 64);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  constexpr int64_t part = kPartBlock;
  for (; steps > 0; --steps, a += S * part, b += S * part) {
    const Part* next = b + S * part;  // from L2; beyond the last step it is the next panel's
    load_a<R>(a);
    if constexpr (S == 3) {
      load_b<C>(b + 2 * part);
      multiply<R, C>();
      prefetch<2048>(next + 2 * part);
    }
    if constexpr (S >= 2) {
      load_b<C>(b + part);
      multiply<R, C>();
      prefetch<2048>(next + part);
      load_a<R>(a + part);
      if constexpr (S == 3) multiply<R, C>();
      load_b<C>(b);
      multiply<R, C>();
      if constexpr (S == 3) {
        load_a<R>(a + 2 * part);
        multiply<R, C>();
      }
      load_a<R>(a);
    } else {
      load_b<C>(b);
    }
    prefetch<2048>(next);
    multiply<R, C>();
  }
  _tile_stored(0, sums, 64);
  if constexpr (C == 2) _tile_stored(1, sums + 256, 64);
  if constexpr (R == 2) _tile_stored(2, sums + 512, 64);
  if constexpr (R == 2 && C == 2) _tile_stored(3, sums + 768, 64);
}

template <int S>
static DL_INLINE void panel_product(const Part* a, const Part* b, int64_t steps, float* sums, bool add, int rows,
                                    int columns) {
  if (rows > 16 && columns > 16) return tile_product<S, 2, 2>(a, b, steps, sums, add);
  if (rows > 16) return tile_product<S, 2, 1>(a, b, steps, sums, add);
  if (columns > 16) return tile_product<S, 1, 2>(a, b, steps, sums, add);
  tile_product<S, 1, 1>(a, b, steps, sums, add);
}

// Rows of A that lie side by side along m, to rows of kPitch along k.
static void transpose_a(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, float* stage) {
  const float* src = static_cast<const float*>(a.data) + k0 * a.k_stride + i0;
  for (int64_t k = 0; k < kc; k += F::W)
    for (int i = 0; i < rows; i += F::W)
      pack_transposed(src + k * a.k_stride + i, a.k_stride, kc - k < F::W ? static_cast<int>(kc - k) : F::W, rows - i,
                      stage + i * F::kPitch + k, F::kPitch);
}

// A's rows [i0, i0 + rows), rows + 15 & ~15 of them with the zeros, to parts.
template <int S>
static void split_a(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, int64_t m, Part* panel,
                    Least& least) {
  const int padded = rows > 16 ? 32 : 16;
  const bool in_place = !a.patches && !a.tap_offset && a.k_stride == 1;
  if (in_place)
    return split_rows<S>(static_cast<const float*>(a.data) + i0 * a.stride + k0, a.stride, rows, padded, kc, panel,
                         least);
  alignas(64) float stage[F::MR * F::kPitch];
  if (k_major<float>(a))
    transpose_a(a, i0, rows, k0, kc, stage);
  else
    pack_a(a, i0, rows, k0, kc, m, stage);
  split_rows<S>(stage, F::kPitch, rows, padded, kc, panel, least);
}

// B's columns [j, j + n) and rows [k0, k0 + kc) to parts; of patches, from the floats that pack_b_patches left.
template <int S>
static void split_b(const GemmOperand& b, int64_t j, int n, int64_t k0, int64_t kc, Part* panel, Least& least) {
  if (!b.patches && !b.tap_offset && b.stride == 1)
    return split_columns<S>(static_cast<const float*>(b.data) + k0 * b.k_stride + j, b.k_stride, n, kc, panel, least);
  alignas(64) float stage[F::KC * F::NR];
  if (b.patches)
    pack_b_patches(b, k0, kc, j, j + n, stage);
  else
    pack_b_panel(b, j, n, k0, kc, stage);
  split_columns<S>(stage, F::NR, n, kc, panel, least);
}

static DL_INLINE int upto32(int64_t n) { return n < 32 ? static_cast<int>(n) : 32; }

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

// False: the task met what tiles cannot carry; its part of C is not to be used.
template <int S>
static bool task(const GemmArgs& args, int64_t t) {
  const Gemm& g = args.g;
  const Range m = part_of(t % args.tiles_m, args.tile_m, g.m);
  const Range n = part_of(t / args.tiles_m % args.tiles_n, args.tile_n, g.n);
  const int64_t part = t / (args.tiles_m * args.tiles_n);
  const Range k = part_of(part, args.part_k, g.k);
  const int64_t blocks = (k.end - k.begin + F::KC - 1) / F::KC;
  alignas(64) Part a_panel[3 * F::MR * F::KC];
  alignas(64) float one_tile[32 * 32];
  auto* b_block = static_cast<Part*>(args.scratch);
  auto* all_sums = reinterpret_cast<float*>(b_block + args.b_block_elements);
  Least least;
  bool finite = true;

  int64_t k0 = k.begin;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t even = (k.end - k0 + blocks - block - 1) / (blocks - block), whole = (even + 31) / 32 * 32;
    const int64_t kc = k0 + whole < k.end ? whole : k.end - k0, steps = (kc + 31) / 32;
    const Part* b = b_block;
    int64_t pitch = steps * S * kPartBlock;
    if (args.packed) {
      pitch = (g.k + 31) / 32 * S * kPartBlock;
      b = static_cast<const Part*>(args.packed) + n.begin / 32 * pitch + k0 / 32 * S * kPartBlock;
    } else {
      for (int64_t j = n.begin, p = 0; j < n.end; j += 32, ++p)
        split_b<S>(g.b, j, upto32(n.end - j), k0, kc, b_block + p * pitch, least);
    }
    const bool last = block + 1 == blocks;
    for (int64_t i0 = m.begin, tile = 0; i0 < m.end; i0 += 32) {
      const int rows = upto32(m.end - i0);
      split_a<S>(g.a, i0, rows, k0, kc, g.m, a_panel, least);
      Out<float> o;
      if (last) place(args, part, i0, rows, true, true, o);
      for (int64_t j = n.begin, p = 0; j < n.end; j += 32, ++p, ++tile) {
        const int columns = upto32(n.end - j);
        float* sums = blocks == 1 ? one_tile : all_sums + tile * 32 * 32;
        panel_product<S>(a_panel, b + p * pitch, steps, sums, block > 0, rows, columns);
        if (last) finite &= finish(sums, o, j, columns);
      }
    }
    k0 += kc;
  }
  return finite && !least.too_small();
}

template <int S>
static void pack_panels(const GemmArgs& args, int64_t begin, int64_t end) {
  const Gemm& g = args.g;
  Least least;
  for (int64_t t = begin; t < end; ++t) {
    auto* panel = static_cast<Part*>(args.packed) + t * ((g.k + 31) / 32 * S * kPartBlock);
    for (int64_t k = 0; k < g.k; k += F::KC) {
      const int64_t kc = g.k - k < F::KC ? g.k - k : F::KC;
      split_b<S>(g.b, t * 32, upto32(g.n - t * 32), k, kc, panel + k / 32 * S * kPartBlock, least);
    }
  }
  if (least.too_small()) __atomic_store_n(args.unfit, 1, __ATOMIC_RELAXED);
}

template <int S>
static void tasks(const GemmArgs& args, int64_t begin, int64_t end) {
  const TileConfig config;
  _tile_loadconfig(&config);
  for (int64_t t = begin; t < end && !__atomic_load_n(args.unfit, __ATOMIC_RELAXED); ++t)
    if (!task<S>(args, t)) __atomic_store_n(args.unfit, 1, __ATOMIC_RELAXED);
  _tile_release();
}

void gemm_f32(const GemmArgs& a, int64_t b, int64_t e) {
  a.float_parts == 3 ? tasks<3>(a, b, e) : a.float_parts == 2 ? tasks<2>(a, b, e) : tasks<1>(a, b, e);
}
void gemm_pack_f32(const GemmArgs& a, int64_t b, int64_t e) {
  a.float_parts == 3 ? pack_panels<3>(a, b, e) : a.float_parts == 2 ? pack_panels<2>(a, b, e) : pack_panels<1>(a, b, e);
}

}  // namespace dl::DL_ISA_NS
