// Convolutions of bfloat16 without patches: each tap is read from the image's cells (gemm/band.h). For
// cpu_<isa>.cpp only. K runs over channels in steps of 32, and for each over all taps: the cells of 32 rows and one
// step stay in L1 from tap to tap while B streams past them. Sums stay where they are for all of K.
#pragma once
#include "blocks/gemm/band_walk.h"
#include "blocks/gemm16/pack.h"

namespace dl::DL_ISA_NS {

struct CellsOfA {
  const Bits16* data;     // of the first row
  const int32_t* offset;  // of each step
  DL_INLINE const Bits16* first(int64_t step) const { return data + offset[step]; }
  DL_INLINE const Bits16* second(int64_t step) const { return first(step) + kBlock / 2; }
  DL_INLINE int64_t row_bytes() const { return 2 * kStep; }
};

// Cells [begin, begin + length) of every phase: [channels / 32][phase][cell][32].
static void copy_band(const GemmArgs& args, int64_t begin, int64_t length, Bits16* cells, int64_t plane) {
  const Band& x = args.band;
  const Patches& p = *args.g.a.patches;
  for (int64_t phase = 0; phase < x.phase * x.phase; ++phase)
    walk_cells(x, p, static_cast<const Bits16*>(args.g.a.data), phase, begin, length,
               [&](int64_t i, int64_t n, const Bits16* src, int64_t pitch) {
                 Bits16* dst = cells + (phase * length + i) * kStep;
                 for (int64_t j = 0; j < n && src; ++j)
                   for (int64_t c = 0; c < p.channels; c += kStep)
                     _mm512_store_si512(dst + c / kStep * plane + j * kStep, _mm512_loadu_si512(src + j * pitch + c));
                 for (int64_t c = 0; c < p.channels && !src; c += kStep)
                   for (int64_t j = 0; j < n; ++j)
                     _mm512_store_si512(dst + c / kStep * plane + j * kStep, _mm512_setzero_si512());
               });
}

// Where each step's cells begin, from the cell of the task's first row.
static void step_offsets(const Patches& p, const Band& x, int64_t length, int64_t plane, int32_t* offset) {
  const int64_t taps = p.runs * p.run_width;
  int64_t cell[kMostTaps];
  tap_cells(p, x, length, cell);
  for (int64_t step = 0; step < p.channels / kStep * taps; ++step)
    offset[step] = static_cast<int32_t>(step / taps * plane + cell[step % taps] * kStep);
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

}  // namespace dl::DL_ISA_NS
