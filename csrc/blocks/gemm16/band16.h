// Convolutions of bfloat16 without patches: tiles read each tap from the image's cells (gemm/band.h). For cpu_amx.cpp
// only. K runs over channels in steps of 32, and for each over all taps: the cells of 32 rows and one step stay in L1
// from tap to tap while B streams past them. Sums stay in tiles for all of K.
#pragma once
#include "blocks/gemm16/pack.h"

namespace dl::DL_ISA_NS {

struct CellsOfA {
  const Bits16* data;     // of the first row
  const int32_t* offset;  // of each step
  DL_INLINE const Bits16* first(int64_t step) const { return data + offset[step]; }
  DL_INLINE const Bits16* second(int64_t step) const { return first(step) + kBlock / 2; }
  DL_INLINE int64_t row_bytes() const { return 2 * kStep; }
};

// `n` cells of one row of pixels from (h, w) on, those beyond the image zeros, to the planes of each 32 channels.
static DL_INLINE void copy_cells(const Patches& p, const Bits16* image, int64_t step, int64_t h, int64_t w, int64_t n,
                                 Bits16* dst, int64_t plane) {
  const int64_t inside = h < p.h && w < p.w ? (p.w - w + step - 1) / step : 0, pixels = n < inside ? n : inside;
  const Bits16* src = image + h * p.stride_h + w * p.stride_w;
  for (int64_t i = 0; i < pixels; ++i, src += step * p.stride_w)
    for (int64_t c = 0; c < p.channels; c += kStep)
      _mm512_store_si512(dst + c / kStep * plane + i * kStep, _mm512_loadu_si512(src + c));
  for (int64_t c = 0; c < p.channels; c += kStep)
    for (int64_t i = pixels; i < n; ++i)
      _mm512_store_si512(dst + c / kStep * plane + i * kStep, _mm512_setzero_si512());
}

// Cells [begin, begin + length) of every phase: [channels / 32][phase][cell][32]. Those before the first image are
// zeros.
static void copy_band(const GemmArgs& args, int64_t begin, int64_t length, Bits16* cells, int64_t plane) {
  const Band& x = args.band;
  const Patches& p = *args.g.a.patches;
  const auto* images = static_cast<const Bits16*>(args.g.a.data);
  for (int64_t phase = 0; phase < x.phase * x.phase; ++phase)
    for (int64_t i = 0, n; i < length; i += n) {
      const int64_t cell = begin + i, row = cell / x.width, column = cell % x.width;
      const int64_t until = cell < 0 ? -cell : x.width - column;
      n = until < length - i ? until : length - i;
      const Bits16* image = cell < 0 ? images : images + row / x.height * p.stride_n;
      const int64_t h = cell < 0 ? p.h : row % x.height * x.phase + phase / x.phase;
      const int64_t w = cell < 0 ? 0 : column * x.phase + phase % x.phase;
      copy_cells(p, image, x.phase, h, w, n, cells + (phase * length + i) * kStep, plane);
    }
}

// Where each step's cells begin, from the cell of the task's first row.
static void step_offsets(const Patches& p, const Band& x, int64_t length, int64_t plane, int32_t* offset) {
  const auto floor_div = [](int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); };
  for (int64_t c = 0, step = 0; c < p.channels / kStep; ++c)
    for (int64_t run = 0; run < p.runs; ++run)
      for (int64_t i = 0; i < p.run_width; ++i, ++step) {
        const int64_t h = floor_div(p.dh[run], x.phase), w = floor_div(p.dw[run] + i, x.phase);
        const int64_t phase = (p.dh[run] - h * x.phase) * x.phase + (p.dw[run] + i - w * x.phase);
        offset[step] = static_cast<int32_t>(c * plane + (phase * length + h * x.width + w - x.first) * kStep);
      }
}

// Columns [n0, n0 + n) of B, their steps in the order of the offsets.
static void pack_band_b(const GemmArgs& args, int64_t n0, int64_t n, Bits16* dst, int64_t pitch) {
  const Patches& p = *args.g.a.patches;
  const int64_t taps = p.runs * p.run_width;
  for (int64_t c = 0; c < p.channels; c += kStep)
    for (int64_t tap = 0; tap < taps; ++tap, dst += kBlock) {
      GemmOperand step = args.g.b;
      step.data = static_cast<const Bits16*>(step.data) + offset_of(step, tap * p.channels + c);
      step.tap_offset = nullptr;
      pack_columns(step, n0, n, 0, kStep, dst, pitch);
    }
}

// The pixel of C that each of 32 cells from i0 on is, or -1 in the gaps. Returns whether any is one.
static bool pixels_of(const GemmArgs& args, int64_t i0, int count, int64_t* pixel) {
  const Band& x = args.band;
  const Patches& p = *args.g.a.patches;
  int64_t q = i0 % x.width, h = i0 / x.width % x.height, image = i0 / x.width / x.height;
  bool any = false;
  for (int i = 0; i < count; ++i) {
    pixel[i] = q < p.q && h < p.p ? (image * p.p + h) * p.q + q : -1;
    any |= pixel[i] >= 0;
    if (++q < x.width) continue;
    q = 0;
    if (++h < x.height) continue;
    h = 0;
    ++image;
  }
  return any;
}

}  // namespace dl::DL_ISA_NS
