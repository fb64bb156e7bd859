// Convolutions on tiles without patches: the image is split into parts once, and tiles read each tap in place (band.h).
// For cpu_amx.cpp only. K runs over channels in steps of 32, and for each over all taps: the cells of a panel of 32
// rows and one step of channels (6 to 20 KB) stay in L1 from tap to tap while B's panels come from L2.
#pragma once
#include "blocks/gemm/band.h"
#include "blocks/gemm/pack.h"
#include "blocks/gemm/tile_micro.h"

namespace dl::DL_ISA_NS {

// n columns of B that lie along k.
template <int S>
static void split_b_turned(const float* src, int64_t stride, int n, int64_t kc, Part* panel, Least& least) {
  for (int64_t k = 0; k < kc; k += 32, src += 32, panel += S * kPartBlock)
    for (int j = 0; j < n; j += 16) {
      const float* x = src + j * stride;
      split_turned<S>(Runs{x, stride, n - j, kc - k}, Runs{x + 16, stride, n - j, kc - k - 16}, panel + j * kTileDepth,
                      least);
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

// From cell (row, column) of a phase on, `n` cells of one row of pixels.
template <int S>
static void split_cells(const Patches& p, const float* image, int64_t step, int64_t h, int64_t w, int64_t n,
                        int64_t channels, Part* dst, int64_t plane, Least& least) {
  const int64_t inside = h < p.h && w < p.w ? (p.w - w + step - 1) / step : 0, pixels = n < inside ? n : inside;
  const float* src = image + h * p.stride_h + w * p.stride_w;
  for (int64_t i = 0; i < pixels; ++i, src += step * p.stride_w, dst += kTileDepth)
    for (int64_t c = 0; c < channels; c += kTileDepth) {
      const __m512 lo = _mm512_loadu_ps(src + c), hi = _mm512_loadu_ps(src + c + 16);
      least.see(lo);
      least.see(hi);
      split_pairs<S>(lo, hi, dst + c / kTileDepth * S * plane, plane);
    }
  for (int64_t part = 0; part < channels / kTileDepth * S; ++part)
    for (int64_t i = pixels; i < n; ++i)
      _mm512_store_si512(dst + part * plane + (i - pixels) * kTileDepth, _mm512_setzero_si512());
}

// Channels [c, c + channels) of the cells a task reads, for the phases that taps use. Cells before the first image are
// zeros; none lie beyond the last one's gap.
template <int S>
static void split_band(const GemmArgs& args, int64_t c, int64_t channels, uint32_t phases, const Cells& cells,
                       Least& least) {
  const Band& x = args.band;
  const Patches& p = *args.g.a.patches;
  const float* images = static_cast<const float*>(args.g.a.data) + c;
  for (int64_t phase = 0; phase < x.phase * x.phase; ++phase) {
    if (!(phases >> phase & 1)) continue;
    Part* dst = cells.data + phase * cells.length * kTileDepth;
    for (int64_t i = 0, n; i < cells.length; i += n) {
      const int64_t cell = cells.begin + i, row = cell / x.width, column = cell % x.width;
      const int64_t until = cell < 0 ? -cell : x.width - column;
      n = until < cells.length - i ? until : cells.length - i;
      const float* image = cell < 0 ? images : images + row / x.height * p.stride_n;
      const int64_t h = cell < 0 ? p.h : row % x.height * x.phase + phase / x.phase;
      split_cells<S>(p, image, x.phase, h, column * x.phase + phase % x.phase, n, channels, dst + i * kTileDepth,
                     cells.plane, least);
    }
  }
}

// Rows of C for cells [i0, i0 + count); null where a cell lies in a gap. Returns whether any does not.
static bool place_cells(const GemmArgs& args, int64_t i0, int count, bool last, Out<float>& o) {
  const Gemm& g = args.g;
  const Band& x = args.band;
  const Patches& p = *g.a.patches;
  int64_t q = i0 % x.width, h = i0 / x.width % x.height, image = i0 / x.width / x.height;
  bool any = false;
  for (int i = 0; i < count; ++i) {
    const bool pixel = q < p.q && h < p.p;
    any |= pixel;
    o.rows[i] = pixel && last ? static_cast<float*>(g.c) + row_offset(g.c_rows, (image * p.p + h) * p.q + q) : nullptr;
    if (++q < x.width) continue;
    q = 0;
    if (++h < x.height) continue;
    h = 0;
    ++image;
  }
  o.count = count;
  o.stride = 1;
  o.add = false;
  o.bias_n = static_cast<const float*>(g.bias_n);
  o.bias_m = nullptr;
  o.relu = g.relu;
  return any;
}

// Row k0 of B and the 31 after it, all of one tap, as a plain matrix.
static DL_INLINE GemmOperand step_of_b(const GemmOperand& b, int64_t k0) {
  GemmOperand step = b;
  step.data = static_cast<const float*>(b.data) + k_offset(b, k0);
  step.tap_offset = nullptr;
  return step;
}

// The steps of channels [c, c + channels) for columns [j, j + n) of B, in the order of band_task's offsets.
template <int S>
static void split_band_b(const GemmArgs& args, int64_t j, int n, int64_t c, int64_t channels, Part* panel,
                         Least& least) {
  const Patches& p = *args.g.a.patches;
  const int64_t taps = p.runs * p.run_width;
  for (int64_t end = c + channels; c < end; c += kTileDepth)
    for (int64_t tap = 0; tap < taps; ++tap, panel += S * kPartBlock)
      split_b<S>(step_of_b(args.g.b, tap * p.channels + c), j, n, 0, kTileDepth, panel, least);
}

// Where each tap's cells begin, from the cell of the task's first row. Returns the phases that are used, a bit each.
static uint32_t tap_offsets(const Patches& p, const Band& x, int64_t length, int32_t* offset) {
  uint32_t phases = 0;
  const auto floor_div = [](int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); };
  for (int64_t run = 0, tap = 0; run < p.runs; ++run)
    for (int64_t i = 0; i < p.run_width; ++i, ++tap) {
      const int64_t h = floor_div(p.dh[run], x.phase), w = floor_div(p.dw[run] + i, x.phase);
      const int64_t phase = (p.dh[run] - h * x.phase) * x.phase + (p.dw[run] + i - w * x.phase);
      offset[tap] = static_cast<int32_t>((phase * length + h * x.width + w - x.first) * kTileDepth);
      phases |= 1u << phase;
    }
  return phases;
}

constexpr int64_t kChainSteps = 9;  // nine taps of 32 channels are one chain, a little over kChain

template <int S>
static bool band_task(const GemmArgs& args, int64_t t) {
  const Gemm& g = args.g;
  const Band& x = args.band;
  const Patches& p = *g.a.patches;
  const Range m = part_of(t % args.tiles_m, args.tile_m, x.cells), n = part_of(t / args.tiles_m, args.tile_n, g.n);
  const int64_t taps = p.runs * p.run_width;
  int32_t tap_offset[kMostTaps], offset[kMostBandSteps];
  Cells cells{static_cast<Part*>(args.scratch), m.begin + x.first, m.end - m.begin + x.reach, 0};
  cells.plane = x.phase * x.phase * cells.length * kTileDepth;
  const uint32_t phases = tap_offsets(p, x, cells.length, tap_offset);
  Part* b_block = cells.data + x.elements;
  auto* all_sums = reinterpret_cast<float*>(b_block + args.b_block_elements);
  alignas(64) float one_tile[32 * 32], one_chain[32 * 32];
  Least least;
  bool finite = true;

  for (int64_t c = 0; c < p.channels; c += x.channels) {
    const int64_t channels = p.channels - c < x.channels ? p.channels - c : x.channels;
    const int64_t steps = channels / kTileDepth * taps;
    const bool first = c == 0, last = c + channels == p.channels;
    split_band<S>(args, c, channels, phases, cells, least);
    for (int64_t i = 0; i < steps; ++i)
      offset[i] = static_cast<int32_t>(i / taps * S * cells.plane + tap_offset[i % taps]);
    const Part* b = b_block;
    int64_t pitch = steps * S * kPartBlock;
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
      Out<float> o;
      if (!place_cells(args, i0, rows, last, o)) continue;
      for (int64_t j = n.begin, panel = 0; j < n.end; j += 32, ++panel, ++tile) {
        const int columns = upto32(n.end - j);
        float* sums = first && last ? one_tile : all_sums + tile * 32 * 32;
        for (int64_t s = 0; s < steps; s += kChainSteps) {
          const int64_t count = steps - s < kChainSteps ? steps - s : kChainSteps;
          const BandOfA a{cells.data + (i0 - m.begin) * kTileDepth, offset + s, cells.plane};
          float* chain = first && s == 0 ? sums : one_chain;
          panel_product<S>(a, PanelOfB<S>{b + panel * pitch + s * S * kPartBlock}, count, chain, false, rows, columns);
          if (chain != sums) add_sums(sums, chain, rows, columns);
        }
        if (last) finite &= finish(sums, o, j, columns);
      }
    }
  }
  return finite && !least.too_small();
}

}  // namespace dl::DL_ISA_NS
