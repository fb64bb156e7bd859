// Products of float32 on tiles of bfloat16 (AMX). Tasks as in cpu.cpp; called by gemm.cpp.
//   a b = sum over parts i + j < S of a_i b_j: six products of three parts (S = 3) err no more than a chain of fused
//   multiply-adds and 2^-24 |a||b|, three of two (S = 2) some 2^-16, one (S = 1) 2^-8 of |a||b|; sums are float32.
// A's panel (32 × kChain in three parts: 48 KB) stays in L1; B's block, of a part's whole depth and kept for the
// thread's next task of the same columns (up to 1 MB) or of kChain rows (768 KB), and the sums (up to 1 MB) in L2. C is
// written once, after the last step. Whatever tiles cannot carry sets args.unfit, and the caller runs another row:
// values below 2^-110 are seen when split, NaN, infinities and overflow as sums that are not finite. Limit: the tile
// unit; splitting takes 0.17 ns an element of A or B, 0.27 where it is turned, beside it.
#include "blocks/gemm/band_weights_amx.h"

namespace dl::DL_ISA_NS {

// Rows of A that lie side by side along m.
template <int S>
static void split_a_turned(const GemmOperand& a, int64_t i0, int rows, int64_t k0, int64_t kc, Part* panel,
                           Least& least) {
  const float* src = static_cast<const float*>(a.data) + k0 * a.k_stride + i0;
  for (int64_t k = 0; k < kc; k += 32, src += 32 * a.k_stride, panel += kStepOfA<S>)
    for (int i = 0; i < rows; i += 16)
      split_turned<S>(Runs{src + i, a.k_stride, kc - k, rows - i},
                      Runs{src + i + 16 * a.k_stride, a.k_stride, kc - k - 16, rows - i}, panel + i * kTileDepth,
                      least);
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
  if (k_major<float>(a)) return split_a_turned<S>(a, i0, rows, k0, kc, panel, least);
  alignas(64) float stage[F::MR * F::kPitch];
  for (int64_t k = 0; k < kc; k += F::KC, panel += F::KC / 32 * kStepOfA<S>) {
    const int64_t depth = kc - k < F::KC ? kc - k : F::KC;
    pack_a(a, i0, rows, k0 + k, depth, m, stage);
    split_rows<S>(stage, F::kPitch, rows, padded, depth, panel, least);
  }
}

// Columns n and rows k of B, panels of 32 columns `pitch` apart. Rows that lie along n are read whole, a step of k at a
// time: panel by panel, each of its 128 bytes would wait for memory.
template <int S>
static void split_block(const GemmOperand& b, Range n, Range k, int64_t pitch, Part* block, Least& least) {
  const int64_t depth = b.stride == 1 ? kTileDepth : F::KC;
  for (int64_t k0 = k.begin; k0 < k.end; k0 += depth, block += depth / kTileDepth * S * kPartBlock) {
    const int64_t kc = k.end - k0 < depth ? k.end - k0 : depth;
    for (int64_t j = n.begin, p = 0; j < n.end; j += 32, ++p)
      split_b<S>(b, j, upto32(n.end - j), k0, kc, block + p * pitch, least);
  }
}

// False: the task met what tiles cannot carry; its part of C is not to be used.
template <int S>
static bool task(const GemmArgs& args, int64_t t) {
  const Gemm& g = args.g;
  const Range m = part_of(t % args.tiles_m, args.tile_m, g.m);
  const Range n = part_of(t / args.tiles_m % args.tiles_n, args.tile_n, g.n);
  const int64_t part = t / (args.tiles_m * args.tiles_n);
  const Range k = part_of(part, args.part_k, g.k);
  const int64_t blocks = (k.end - k.begin + kChain - 1) / kChain, steps_of_part = (k.end - k.begin + 31) / 32;
  alignas(64) Part a_panel[kChain / kTileDepth * kStepOfA<S>];
  alignas(64) float one_tile[32 * 32];
  auto* b_block = static_cast<Part*>(args.scratch);
  auto* all_sums = reinterpret_cast<float*>(b_block + args.b_block_elements);
  Least least;
  bool finite = true;

  if (args.held && *args.held != t / args.tiles_m) {
    split_block<S>(g.b, n, k, steps_of_part * S * kPartBlock, b_block, least);
    *args.held = t / args.tiles_m;
  }
  int64_t k0 = k.begin;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t even = (k.end - k0 + blocks - block - 1) / (blocks - block), whole = (even + 31) / 32 * 32;
    const int64_t kc = k0 + whole < k.end ? whole : k.end - k0, steps = (kc + 31) / 32;
    const Part* b = b_block;
    int64_t pitch = steps * S * kPartBlock;
    if (args.packed) {
      pitch = (g.k + 31) / 32 * S * kPartBlock;
      b = static_cast<const Part*>(args.packed) + n.begin / 32 * pitch + k0 / 32 * S * kPartBlock;
    } else if (args.held) {
      pitch = steps_of_part * S * kPartBlock;
      b = b_block + (k0 - k.begin) / 32 * S * kPartBlock;
    } else {
      split_block<S>(g.b, n, {k0, k0 + kc}, pitch, b_block, least);
    }
    const bool last = block + 1 == blocks;
    for (int64_t i0 = m.begin, tile = 0; i0 < m.end; i0 += 32) {
      const int rows = upto32(m.end - i0);
      split_a<S>(g.a, i0, rows, k0, kc, g.m, a_panel, least);
      Out<float> o;
      if (last) place(args, part, i0, rows, true, true, o);
      for (int64_t j = n.begin, p = 0; j < n.end; j += 32, ++p, ++tile) {
        const int columns = upto32(n.end - j);
        float* total = all_sums + tile * 32 * 32;
        float* sums = block == 0 && !last ? total : one_tile;
        panel_product<S>(PanelOfA<S>{a_panel}, PanelOfB<S>{b + p * pitch}, steps, sums, false, rows, columns);
        if (block > 0 && !last) add_sums(total, sums, rows, columns);
        if (!last) continue;
        if (block > 0) add_sums(sums, total, rows, columns);
        finite &= finish(sums, o, j, columns);
      }
    }
    k0 += kc;
  }
  return finite && !least.too_small();
}

template <int S>
static void pack_panels(const GemmArgs& args, int64_t begin, int64_t end) {
  const Gemm& g = args.g;
  const int64_t pitch = (g.k + 31) / 32 * S * kPartBlock, columns = end * 32 < g.n ? end * 32 : g.n;
  Part* panel = static_cast<Part*>(args.packed) + begin * pitch;
  Least least;
  if (!args.band.cells) split_block<S>(g.b, {begin * 32, columns}, {0, g.k}, pitch, panel, least);
  for (int64_t j = begin * 32; args.band.cells && j < columns; j += 32, panel += pitch)
    split_band_b<S>(args, j, upto32(g.n - j), 0, g.a.patches->channels, panel, least);
  if (least.too_small()) __atomic_store_n(args.unfit, 1, __ATOMIC_RELAXED);
}

template <int S>
static void tasks(const GemmArgs& args, int64_t begin, int64_t end) {
  const TileConfig config;
  _tile_loadconfig(&config);
  const auto run = !args.band.cells ? task<S> : args.g.a.patches ? band_task<S> : weights_task<S>;
  for (int64_t t = begin; t < end && !__atomic_load_n(args.unfit, __ATOMIC_RELAXED); ++t)
    if (!run(args, t)) __atomic_store_n(args.unfit, 1, __ATOMIC_RELAXED);
  _tile_release();
}

void gemm_f32(const GemmArgs& a, int64_t b, int64_t e) {
  a.float_parts == 3 ? tasks<3>(a, b, e) : a.float_parts == 2 ? tasks<2>(a, b, e) : tasks<1>(a, b, e);
}
void gemm_pack_f32(const GemmArgs& a, int64_t b, int64_t e) {
  a.float_parts == 3 ? pack_panels<3>(a, b, e) : a.float_parts == 2 ? pack_panels<2>(a, b, e) : pack_panels<1>(a, b, e);
}

}  // namespace dl::DL_ISA_NS
