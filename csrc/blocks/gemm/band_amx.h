// Convolutions on tiles without patches: the image is split into parts once, and tiles read each tap in place (band.h).
// For cpu_amx.cpp only. K runs over channels in steps of 32, and for each over all taps: the cells of a panel of 32
// rows and one step of channels (6 to 20 KB) stay in L1 from tap to tap while B's panels come from L2.
#pragma once
#include "blocks/gemm/band_walk.h"
#include "blocks/gemm/pack.h"
#include "blocks/gemm/tile_micro.h"

namespace dl::DL_ISA_NS {

// n columns of B that lie along k.
template <int S>
static void split_b_turned(const float* src, int64_t stride, int n, int64_t kc, Part* panel, Least& least) {
  for (int j = 0; j < n; j += 16) {
    const float* x = src + j * stride;
    Part* at = panel + j * kTileDepth;
    for (int64_t k = 0; k < kc; k += 32, x += 32, at += S * kPartBlock)
      split_turned<S>(Runs{x, stride, n - j, kc - k}, Runs{x + 16, stride, n - j, kc - k - 16}, at, least);
  }
}

// B's columns [j, j + n) and rows [k0, k0 + kc) to parts; of patches, from the floats that pack_b_patches left.
template <int S>
static void split_b(const GemmOperand& b, int64_t j, int n, int64_t k0, int64_t kc, Part* panel, Least& least) {
  if (!b.patches && !b.tap_offset) {
    const float* src = static_cast<const float*>(b.data) + k0 * b.k_stride + j * b.stride;
    if (b.stride == 1) return split_columns<S>(src, b.k_stride, n, kc, panel, least);
    if (b.k_stride == 1) return split_b_turned<S>(src, b.stride, n, kc, panel, least);
  }
  alignas(64) float stage[F::KC * F::NR];
  if (b.patches)
    pack_b_patches(b, k0, kc, j, j + n, stage);
  else
    pack_b_panel(b, j, n, k0, kc, stage);
  split_columns<S>(stage, F::NR, n, kc, panel, least);
}

// A task's cells: [channels / 32][part][phase][cell][32].
struct Cells {
  Part* data;
  int64_t begin, length;  // of a phase; cell `begin` of the image's comes first, and may lie before it
  int64_t plane;          // from a part to the next, in elements
};

// Channels [c, c + channels) of the cells a task reads, for the phases that taps use.
template <int S>
static void split_band(const GemmArgs& args, int64_t c, int64_t channels, uint32_t phases, const Cells& cells,
                       Least& least) {
  const Band& x = args.band;
  const Patches& p = *args.g.a.patches;
  const float* images = static_cast<const float*>(args.g.a.data) + c;
  for (int64_t phase = 0; phase < x.phase * x.phase; ++phase) {
    if (!(phases >> phase & 1)) continue;
    Part* first = cells.data + phase * cells.length * kTileDepth;
    walk_cells(x, p, images, phase, cells.begin, cells.length,
               [&](int64_t i, int64_t n, const float* src, int64_t pitch) {
                 Part* dst = first + i * kTileDepth;
                 if (!src) {
                   for (int64_t part = 0; part < channels / kTileDepth * S; ++part)
                     for (int64_t j = 0; j < n; ++j)
                       _mm512_store_si512(dst + part * cells.plane + j * kTileDepth, _mm512_setzero_si512());
                   return;
                 }
                 for (int64_t j = 0; j < n; ++j, src += pitch, dst += kTileDepth)
                   for (int64_t k = 0; k < channels; k += kTileDepth) {
                     const __m512 lo = _mm512_loadu_ps(src + k), hi = _mm512_loadu_ps(src + k + 16);
                     least.see(lo);
                     least.see(hi);
                     split_pairs<S>(lo, hi, dst + k / kTileDepth * S * cells.plane, cells.plane);
                   }
               });
  }
}

// Rows of C for the pixels of a panel's cells; null where a cell lies in a gap.
static void place_pixels(const Gemm& g, const int64_t* pixel, int count, Out<float>& o) {
  for (int i = 0; i < count; ++i)
    o.rows[i] = pixel[i] < 0 ? nullptr : static_cast<float*>(g.c) + row_offset(g.c_rows, pixel[i]);
  o.count = count;
  o.stride = 1;
  o.add = false;
  o.bias_n = static_cast<const float*>(g.bias_n);
  o.bias_m = nullptr;
  o.relu = g.relu;
}

// Row k0 of B and the 31 after it, all of one tap, as a plain matrix.
static DL_INLINE GemmOperand step_of_b(const GemmOperand& b, int64_t k0) {
  GemmOperand step = b;
  step.data = static_cast<const float*>(b.data) + k_offset(b, k0);
  step.tap_offset = nullptr;
  return step;
}

// The steps of channels [c, c + channels) for columns [j, j + n) of B, in the order of band_task's offsets. Columns
// that lie along k are read sixteen at a time, tap after tap: streams that the processor reads ahead (512 channels of
// one 7² image, 1 thread: 3.1 -> 2.1 ms; step by step over all taps each 128 bytes would wait for memory).
template <int S>
static void split_band_b(const GemmArgs& args, int64_t j, int n, int64_t c, int64_t channels, Part* panel,
                         Least& least) {
  const Patches& p = *args.g.a.patches;
  const GemmOperand& b = args.g.b;
  const int64_t taps = taps_of(p), pitch = taps * S * kPartBlock;
  const bool along_k = b.k_stride == 1;
  const int columns = along_k ? 16 : 32;
  for (int begin = 0; begin < n; begin += columns)
    for (int64_t tap = 0; tap < taps; ++tap) {
      Part* at = panel + tap * S * kPartBlock + begin * kTileDepth;
      for (int64_t k = tap * p.channels + c, end = k + channels; k < end; k += kTileDepth, at += pitch)
        split_b<S>(step_of_b(b, k), j + begin, n - begin < columns ? n - begin : columns, 0, kTileDepth, at, least);
    }
}

// Nine taps of 32 channels are one chain, a little over kChain, and a sum is two chains at the least: of few terms one
// chain errs more than multiply-adds do (values 2^100 apart, 256 terms: rms 6.9e-8 of sum |a||b|, not 6.2e-8).
constexpr int64_t kChainSteps = 9;
static DL_INLINE int64_t chain_of(int64_t steps) {
  const int64_t half = (steps + 1) / 2;
  return half < kChainSteps ? half : kChainSteps;
}

// The taps that any pixel of the box needs, in order; one at least, for the zeros it reads. Returns how many.
static int taps_met(const Patches& p, const Box& box, int32_t* tap) {
  int count = 0;
  int32_t index = 0;
  for (int64_t run = 0; run < p.runs; ++run)
    for (int64_t i = 0; i < p.run_width; ++i, ++index)
      if (meets(p, box, p.dh[run], p.dw[run] + i)) tap[count++] = index;
  if (count == 0) tap[count++] = 0;
  return count;
}

// The steps of a block of channels that a panel of cells needs: for each step of channels the taps that meet the image.
struct StepsOfPanel {
  int64_t count = 0;
  int32_t cells[kMostBandSteps], index[kMostBandSteps + 1];  // where A's cells begin, and which of the block's steps

  void list(const int32_t* taps, int used, int64_t all, int64_t depth, const int64_t* tap_cell, int64_t part_planes) {
    count = 0;
    for (int64_t c = 0; c < depth; ++c)
      for (int i = 0; i < used; ++i, ++count) {
        cells[count] = static_cast<int32_t>(c * part_planes + tap_cell[taps[i]] * kTileDepth);
        index[count] = static_cast<int32_t>(c * all + taps[i]);
      }
    index[count] = static_cast<int32_t>(depth * all);  // fetched ahead of the next panel's
  }
};

template <int S>
static bool band_task(const GemmArgs& args, int64_t t) {
  const Gemm& g = args.g;
  const Band& x = args.band;
  const Patches& p = *g.a.patches;
  const Range m = part_of(t % args.tiles_m, args.tile_m, x.cells), n = part_of(t / args.tiles_m, args.tile_n, g.n);
  const int64_t taps = p.runs * p.run_width;
  int64_t tap_cell[kMostTaps], pixel[32];
  int32_t used[kMostTaps];
  StepsOfPanel panel_steps;
  Cells cells{static_cast<Part*>(args.scratch), m.begin + x.first, m.end - m.begin + x.reach, 0};
  cells.plane = x.phase * x.phase * cells.length * kTileDepth;
  const uint32_t phases = tap_cells(p, x, cells.length, tap_cell);
  Part* b_block = cells.data + x.elements;
  auto* all_sums = reinterpret_cast<float*>(b_block + args.b_block_elements);
  alignas(64) float one_tile[32 * 32], one_chain[32 * 32];
  Least least;
  bool finite = true;

  for (int64_t c = 0; c < p.channels; c += x.channels) {
    const int64_t channels = p.channels - c < x.channels ? p.channels - c : x.channels;
    const int64_t depth = channels / kTileDepth;
    const bool first = c == 0, last = c + channels == p.channels;
    split_band<S>(args, c, channels, phases, cells, least);
    const Part* b = b_block;
    int64_t pitch = depth * taps * S * kPartBlock;
    if (args.packed) {
      pitch = g.k / kTileDepth * S * kPartBlock;
      b = static_cast<const Part*>(args.packed) + n.begin / 32 * pitch + c / kTileDepth * taps * S * kPartBlock;
    } else {
      for (int64_t j = n.begin, panel = 0; j < n.end; j += 32, ++panel)
        split_band_b<S>(args, j, upto32(n.end - j), c, channels, b_block + panel * pitch, least);
    }
    int64_t tile = 0;
    for (int64_t i0 = m.begin; i0 < m.end; i0 += 32) {
      const int rows = upto32(m.end - i0);
      const Box box = pixels_of_cells(x, p, i0, rows, x.cells, pixel);
      if (box.empty()) continue;
      Out<float> o;
      if (last) place_pixels(g, pixel, rows, o);
      const int met = taps_met(p, box, used);
      panel_steps.list(used, met, taps, depth, tap_cell, S * cells.plane);
      const int64_t most = chain_of(met * (p.channels / kTileDepth));
      for (int64_t j = n.begin, panel = 0; j < n.end; j += 32, ++panel, ++tile) {
        const int columns = upto32(n.end - j);
        float* sums = first && last ? one_tile : all_sums + tile * 32 * 32;
        for (int64_t s = 0; s < panel_steps.count; s += most) {
          const int64_t left = panel_steps.count - s, count = left < most ? left : most;
          const BandOfA a{cells.data + (i0 - m.begin) * kTileDepth, panel_steps.cells + s, cells.plane};
          const StepsOfB<S> steps_of_b{b + panel * pitch, panel_steps.index + s};
          float* chain = first && s == 0 ? sums : one_chain;
          panel_product<S>(a, steps_of_b, count, chain, false, rows, columns);
          if (chain != sums) add_sums(sums, chain, rows, columns);
        }
        if (last) finite &= finish(sums, o, j, columns);
      }
    }
  }
  return finite && !least.too_small();
}

}  // namespace dl::DL_ISA_NS
