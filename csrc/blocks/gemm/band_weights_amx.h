// Gradients of a convolution's weights on tiles without patches. For cpu_amx.cpp only.
//   C[k, (tap, c)] = sum over cells i of dy[i, k] x[i + tap, c]
// Sums run over the cells of a band (band.h); dy is zero in the gaps. Tiles read x in pairs of cells, and a tap may
// begin at an even cell or an odd one: each cell is in two rows of pairs, (0, 1) (2, 3) … and (1, 2) (3, 4) …, where
// every tap is a fixed distance. So x is split into parts once for all taps, and dy once for all taps of the task's
// channels. dy's panel (32 rows × 128 cells in three parts: 24 KB) stays in L1, a block of cells and the sums in L2.
#pragma once
#include "blocks/gemm/band_amx.h"

namespace dl::DL_ISA_NS {

constexpr int64_t kPairWidth = 2 * kTileDepth;  // elements of a pair of cells of 32 channels

// Pairs of cells: [channels / 32][part][parity][phase][1 + pair][32 channels][2].
struct Pairs {
  Part* data;
  int64_t begin, length;  // of a phase, in cells
  int64_t row;            // from a phase to the next, in elements: room for a pair that begins before the first cell
  int64_t plane;          // from a part to the next

  // The pair that begins at cell i of a phase.
  DL_INLINE int64_t at(int64_t phases, int64_t phase, int64_t i) const {
    return ((i & 1) * phases + phase) * row + (i + 2) / 2 * kPairWidth;
  }
};

struct PairsOfB {
  static constexpr int64_t kRowBytes = 2 * kPairWidth, kHalf = kTileDepth;
  const Part* data;
  int64_t plane;
  DL_INLINE const Part* at(int64_t step, int part) const { return data + part * plane + step * 16 * kPairWidth; }
};

// A row of pairs as it grows: each cell ends one pair and begins the next.
template <int S>
struct PairWriter {
  Part *next, *after;  // where the pair (previous cell, this one) goes, and the one after it
  int64_t plane;
  __m512i previous[S] = {};

  template <int s = 0>
  DL_INLINE void split(__m512 x) {
    constexpr bool last = s + 1 == S, exact = s == 2;
    const __m512i part = take_part<last, exact>(x);
    _mm512_store_si512(next + s * plane, _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(previous[s], 16), part));
    previous[s] = part;
    if constexpr (!last) split<s + 1>(x);
  }
  DL_INLINE void put(__m512 x) {
    split(x);
    Part* at = next + kPairWidth;
    next = after;
    after = at;
  }
};

// 16 channels of one phase's cells.
template <int S>
static void pair_cells(const Band& x, const Patches& p, const float* images, int64_t count, int64_t phase,
                       const Pairs& pairs, PairWriter<S> out, Least& least) {
  for (int64_t i = 0, n; i < pairs.length; i += n) {
    const int64_t cell = pairs.begin + i, row = cell / x.width, column = cell % x.width, image = row / x.height;
    const int64_t until = cell < 0 ? -cell : x.width - column;
    n = until < pairs.length - i ? until : pairs.length - i;
    const int64_t h = row % x.height * x.phase + phase / x.phase, w = column * x.phase + phase % x.phase;
    const bool pixels = cell >= 0 && image < count && h < p.h && w < p.w;
    const int64_t left = pixels ? (p.w - w + x.phase - 1) / x.phase : 0, inside = n < left ? n : left;
    const float* src = images + image * p.stride_n + h * p.stride_h + w * p.stride_w;
    for (int64_t j = 0; j < inside; ++j, src += x.phase * p.stride_w) {
      const __m512 v = _mm512_loadu_ps(src);
      least.see(v);
      out.put(v);
    }
    for (int64_t j = inside; j < n; ++j) out.put(_mm512_setzero_ps());
  }
}

// Channels [c, c + channels) of a block's cells, for the phases that taps use.
template <int S>
static void pair_band(const GemmArgs& args, int64_t c, int64_t channels, uint32_t phases, const Pairs& pairs,
                      Least& least) {
  const Band& x = args.band;
  const Patches& p = *args.g.b.patches;
  const int64_t all = x.phase * x.phase, count = args.g.k / (p.p * p.q);
  const float* images = static_cast<const float*>(args.g.b.data) + c;
  for (int64_t phase = 0; phase < all; ++phase)
    for (int64_t i = 0; i < channels && phases >> phase & 1; i += 16) {
      Part* block = pairs.data + i / 32 * S * pairs.plane + i % 32 * 2;
      const PairWriter<S> out{block + pairs.at(all, phase, -1), block + pairs.at(all, phase, 0), pairs.plane};
      pair_cells<S>(x, p, images + i, count, phase, pairs, out, least);
    }
}

// The pixel of each of `count` cells from k0 on; -1 in gaps and beyond the last.
static void pixels_of_cells(const GemmArgs& args, int64_t k0, int64_t count, int64_t* pixel) {
  const Band& x = args.band;
  const Patches& p = *args.g.b.patches;
  int64_t q = k0 % x.width, h = k0 / x.width % x.height, image = k0 / x.width / x.height;
  for (int64_t i = 0; i < count; ++i) {
    pixel[i] = q < p.q && h < p.p && k0 + i < x.cells ? (image * p.p + h) * p.q + q : -1;
    if (++q < x.width) continue;
    q = 0;
    if (++h < x.height) continue;
    h = 0;
    ++image;
  }
}

// dy of every second cell: 16 of them, for up to 16 of the panel's rows.
struct GradientRuns {
  const float* data;
  int64_t stride, length;
  const int64_t* pixel;
  DL_INLINE void load(Vec<float> (&r)[16]) const {
    const __mmask16 lanes = first(length);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      const int64_t at = pixel[2 * i];
      r[i].v = (Vec<float>::Native)_mm512_maskz_loadu_ps(at < 0 ? 0 : lanes, data + (at < 0 ? 0 : at) * stride);
    }
  }
};

// dy's rows [i0, i0 + rows) of `steps` times 32 cells as a panel of A, in pairs of neighbours as x is.
template <int S>
static void split_gradient(const GemmOperand& a, int64_t i0, int rows, const int64_t* pixel, int64_t steps, Part* panel,
                           Least& least) {
  for (int64_t k = 0; k < steps; ++k, pixel += 32, panel += S * kPartBlock)
    for (int i = 0; i < rows; i += 16) {
      const float* src = static_cast<const float*>(a.data) + i0 + i;
      split_turned<S>(GradientRuns{src, a.k_stride, rows - i, pixel},
                      GradientRuns{src, a.k_stride, rows - i, pixel + 1}, panel + i * kTileDepth, least);
    }
}

// Where each tap's pairs begin.
static uint32_t tap_pairs(const Patches& p, const Band& x, const Pairs& pairs, int64_t* offset) {
  int32_t cell[kMostTaps];
  const uint32_t phases = tap_offsets(p, x, pairs.length, cell);
  for (int64_t tap = 0; tap < p.runs * p.run_width; ++tap) {
    const int64_t at = cell[tap] / kTileDepth;
    offset[tap] = pairs.at(x.phase * x.phase, at / pairs.length, at % pairs.length);
  }
  return phases;
}

template <int S>
static bool weights_task(const GemmArgs& args, int64_t t) {
  const Gemm& g = args.g;
  const Band& x = args.band;
  const Patches& p = *g.b.patches;
  const int64_t taps = p.runs * p.run_width, part = t / (args.tiles_m * args.tiles_n);
  const Range m = part_of(t % args.tiles_m, args.tile_m, g.m), k = part_of(part, args.part_k, x.cells);
  const Range c = part_of(t / args.tiles_m % args.tiles_n, args.tile_n / taps, p.channels);
  alignas(64) Part a_panel[3 * F::MR * kChain];
  alignas(64) float one_chain[32 * 32];
  int64_t tap_offset[kMostTaps], pixel[kChain];
  auto* data = static_cast<Part*>(args.scratch);
  auto* all_sums = reinterpret_cast<float*>(data + x.elements);
  Least least;
  bool finite = true;

  for (int64_t k0 = k.begin; k0 < k.end; k0 += x.block) {
    const int64_t cells = k.end - k0 < x.block ? k.end - k0 : x.block;
    Pairs pairs{data, k0 + x.first, (cells + 31) / 32 * 32 + x.reach, 0, 0};
    pairs.row = (pairs.length / 2 + 1) * kPairWidth;
    pairs.plane = 2 * x.phase * x.phase * pairs.row;
    const uint32_t phases = tap_pairs(p, x, pairs, tap_offset);
    pair_band<S>(args, c.begin, c.end - c.begin, phases, pairs, least);
    for (int64_t s = 0; s < cells; s += kChain) {
      const int64_t steps = ((cells - s < kChain ? cells - s : kChain) + 31) / 32;
      const bool last = k0 + s + kChain >= k.end;
      pixels_of_cells(args, k0 + s, steps * 32, pixel);
      float* sums = all_sums;
      for (int64_t i0 = m.begin; i0 < m.end; i0 += 32) {
        const int rows = upto32(m.end - i0);
        split_gradient<S>(g.a, i0, rows, pixel, steps, a_panel, least);
        Out<float> o;
        if (last) place(args, part, i0, rows, true, true, o);
        for (int64_t j = c.begin; j < c.end; j += 32)
          for (int64_t tap = 0; tap < taps; ++tap, sums += 32 * 32) {
            const Part* b = data + (j - c.begin) / 32 * S * pairs.plane + tap_offset[tap] + s / 2 * kPairWidth;
            float* chain = k0 + s == k.begin ? sums : one_chain;
            panel_product<S>(PanelOfA<S>{a_panel}, PairsOfB{b, pairs.plane}, steps, chain, false, rows, 32);
            if (chain != sums) add_sums(sums, chain, rows, 32);
            if (last) finite &= finish(sums, o, tap * p.channels + j, 32);
          }
      }
    }
  }
  return finite && !least.too_small();
}

}  // namespace dl::DL_ISA_NS
