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
  int64_t phases;
  int64_t row;    // from a phase to the next, in elements: room for a pair that begins before the first cell
  int64_t plane;  // from a part to the next

  // The pair that begins at cell i of a phase.
  DL_INLINE int64_t at(int64_t phase, int64_t i) const {
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

// Channels [c, c + channels) of a block's cells, for the phases that taps use: each cell in two pairs.
template <int S>
static void pair_band(const GemmArgs& args, int64_t c, int64_t channels, uint32_t phases, const Pairs& pairs,
                      Least& least) {
  const Patches& p = *args.g.b.patches;
  const float* images = static_cast<const float*>(args.g.b.data) + c;
  for (int64_t phase = 0; phase < pairs.phases; ++phase)
    for (int64_t k = 0; k < channels && phases >> phase & 1; k += 16) {
      Part* block = pairs.data + k / 32 * S * pairs.plane + k % 32 * 2;
      PairWriter<S> out{block + pairs.at(phase, -1), block + pairs.at(phase, 0), pairs.plane};
      walk_cells(args.band, p, images + k, phase, pairs.begin, pairs.length,
                 [&](int64_t, int64_t n, const float* src, int64_t pitch) {
                   for (int64_t j = 0; j < n; ++j) {
                     const __m512 v = src ? _mm512_loadu_ps(src + j * pitch) : _mm512_setzero_ps();
                     least.see(v);
                     out.put(v);
                   }
                 });
    }
}

// The same where images lie together: taps begin at even cells alone, so that each cell is in one pair.
template <int S>
static void pair_images(const GemmArgs& args, int64_t c, int64_t channels, uint32_t phases, const Pairs& pairs,
                        Least& least) {
  const Patches& p = *args.g.b.patches;
  const float* images = static_cast<const float*>(args.g.b.data) + c;
  for (int64_t phase = 0; phase < pairs.phases; ++phase) {
    if (!(phases >> phase & 1)) continue;
    walk_cells(args.band, p, images, phase, pairs.begin, pairs.length,
               [&](int64_t i, int64_t n, const float* src, int64_t pitch) {
                 for (int64_t j = 0; j < n; j += 2)
                   for (int64_t k = 0; k < channels; k += 16) {
                     Part* dst = pairs.data + pairs.at(phase, i + j) + k / 32 * S * pairs.plane + k % 32 * 2;
                     __m512 even = _mm512_setzero_ps(), odd = even;
                     if (src) {
                       even = _mm512_loadu_ps(src + j * pitch + k);
                       odd = _mm512_loadu_ps(src + (j + 1) * pitch + k);
                     }
                     least.see(even);
                     least.see(odd);
                     split_pairs<S>(even, odd, dst, pairs.plane);
                   }
               });
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
  for (int64_t k = 0; k < steps; ++k, pixel += 32, panel += kStepOfA<S>)
    for (int i = 0; i < rows; i += 16) {
      const float* src = static_cast<const float*>(a.data) + i0 + i;
      split_turned<S>(GradientRuns{src, a.k_stride, rows - i, pixel},
                      GradientRuns{src, a.k_stride, rows - i, pixel + 1}, panel + i * kTileDepth, least);
    }
}

// Up to kChain cells of a row of the grid, or of all cells where images do not lie together.
struct Segment {
  int64_t begin, length;  // length 0: none is left
  int64_t h, column;      // where it begins: the row of the grid, and the cell of that row
};

// The first segment at cell i or after it, before `end`. A row is cut into even parts.
static Segment segment_at(const Band& x, const Patches& p, int64_t i, int64_t end) {
  if (x.together == 1) return {i, end - i < kChain ? end - i : kChain, 0, 0};
  const int64_t line = x.width * x.together, used = p.q * x.together;
  int64_t row = i / line, column = i % line;
  if (column >= used || row % x.height >= p.p) {
    ++row;
    column = 0;
  }
  while (row % x.height >= p.p) ++row;
  i = row * line + column;
  if (i >= end) return {end, 0, 0, 0};
  const int64_t part = (used + (used + kChain - 1) / kChain - 1) / ((used + kChain - 1) / kChain);
  const int64_t even = (part + 31) / 32 * 32, left = used - column < end - i ? used - column : end - i;
  return {i, left < even ? left : even, row % x.height, column};
}

// The steps of 32 cells of a segment whose tap at distance (dh, dw) meets the image.
static Range steps_met(const Band& x, const Patches& p, const Segment& s, int64_t dh, int64_t dw) {
  const int64_t steps = (s.length + 31) / 32;
  if (x.together == 1) return {0, steps};
  const int64_t h = s.h * p.step_h + dh;
  if (h < 0 || h >= p.h) return {0, 0};
  const int64_t left = -floor_div(dw, p.step_w), right = floor_div(p.w - 1 - dw, p.step_w) + 1;
  const int64_t from = left * x.together - s.column, to = right * x.together - s.column;
  return {from > 0 ? from / 32 : 0, to < s.length ? (to + 31) / 32 : steps};
}

// The finished sums of 32 rows and a task's columns [tap][channel], in tiles of [channels / 32][tap].
static bool store_sums(float* sums, const Out<float>& o, int64_t c, int64_t channels, int64_t all, int64_t taps) {
  bool finite = true;
  for (int64_t j = 0; j < channels; j += 32)
    for (int64_t tap = 0; tap < taps; ++tap, sums += 32 * 32) finite &= finish(sums, o, tap * all + c + j, 32);
  return finite;
}

template <int S>
static bool weights_task(const GemmArgs& args, int64_t t) {
  const Gemm& g = args.g;
  const Band& x = args.band;
  const Patches& p = *g.b.patches;
  const int64_t taps = p.runs * p.run_width, part = t / (args.tiles_m * args.tiles_n);
  const Range m = part_of(t % args.tiles_m, args.tile_m, g.m), k = part_of(part, args.part_k, x.cells);
  const Range c = part_of(t / args.tiles_m % args.tiles_n, args.tile_n / taps, p.channels);
  alignas(64) Part a_panel[kChain / kTileDepth * kStepOfA<S>];
  alignas(64) float one_chain[32 * 32];
  int64_t tap_cell[kMostTaps], pixel[kChain];
  Range met[kMostTaps];
  bool begun[kMostTaps] = {};
  auto* data = static_cast<Part*>(args.scratch);
  auto* all_sums = reinterpret_cast<float*>(data + x.elements);
  Least least;
  bool finite = true;

  for (int64_t k0 = k.begin; k0 < k.end; k0 += x.block) {
    const int64_t cells = k.end - k0 < x.block ? k.end - k0 : x.block;
    Pairs pairs{data, k0 + x.first, (cells + 63) / 32 * 32 + x.reach, x.phase * x.phase, 0, 0};
    pairs.row = (pairs.length / 2 + 1) * kPairWidth;
    pairs.plane = (x.together == 1 ? 2 : 1) * pairs.phases * pairs.row;
    const uint32_t phases = tap_cells(p, x, pairs.length, tap_cell);
    (x.together == 1 ? pair_band<S> : pair_images<S>)(args, c.begin, c.end - c.begin, phases, pairs, least);
    for (int64_t i = k0;;) {
      const Segment s = segment_at(x, p, i, k0 + cells);
      if (s.length == 0) break;
      i = s.begin + s.length;
      const int64_t steps = (s.length + 31) / 32;
      pixels_of_cells(x, p, s.begin, steps * 32, s.begin + s.length < x.cells ? s.begin + s.length : x.cells, pixel);
      for (int64_t run = 0, tap = 0; run < p.runs; ++run)
        for (int64_t j = 0; j < p.run_width; ++j, ++tap) met[tap] = steps_met(x, p, s, p.dh[run], p.dw[run] + j);
      float* sums = all_sums;
      for (int64_t i0 = m.begin; i0 < m.end; i0 += 32) {
        const int rows = upto32(m.end - i0);
        split_gradient<S>(g.a, i0, rows, pixel, steps, a_panel, least);
        for (int64_t j = c.begin; j < c.end; j += 32)
          for (int64_t tap = 0; tap < taps; ++tap, sums += 32 * 32) {
            const Range r = met[tap];
            if (r.begin >= r.end) continue;
            const int64_t phase = tap_cell[tap] / pairs.length, cell = tap_cell[tap] % pairs.length;
            const Part* b =
                data + (j - c.begin) / 32 * S * pairs.plane + pairs.at(phase, cell + s.begin - k0 + r.begin * 32);
            const PanelOfA<S> a{a_panel + r.begin * kStepOfA<S>};
            float* chain = begun[tap] ? one_chain : sums;
            panel_product<S>(a, PairsOfB{b, pairs.plane}, r.end - r.begin, chain, false, rows, 32);
            if (chain != sums) add_sums(sums, chain, rows, 32);
          }
      }
      for (int64_t tap = 0; tap < taps; ++tap) begun[tap] |= met[tap].begin < met[tap].end;
    }
  }
  float* sums = all_sums;
  const int64_t tiles = (c.end - c.begin) / 32 * taps;
  for (int64_t i0 = m.begin; i0 < m.end; i0 += 32, sums += tiles * 32 * 32) {
    Out<float> o;
    place(args, part, i0, upto32(m.end - i0), true, true, o);
    for (int64_t tile = 0; tile < tiles; ++tile)
      if (!begun[tile % taps]) __builtin_memset(sums + tile * 32 * 32, 0, 32 * 32 * sizeof(float));
    finite &= store_sums(sums, o, c.begin, c.end - c.begin, p.channels, taps);
  }
  return finite && !least.too_small();
}

}  // namespace dl::DL_ISA_NS
