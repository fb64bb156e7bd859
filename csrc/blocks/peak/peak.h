// How fast this core multiplies and adds float32 on the chosen ISA, and bfloat16 where products of it are
// instructions: the figures that benches and
// profiles divide by.
#pragma once
#include "core/dtype.h"

namespace dl {

struct PeakArgs {
  double* flops;  // += the work done
  float* sink;    // a result that depends on every operation, so that none is optimised away
};
// A kernel's range counts rounds of kPeakChains independent multiply-adds of one register each, or of kPeakTiles
// products of tiles.

// A chain waits 4 cycles for its last result and two units start one a cycle each: 8 chains keep them busy, 12 leave
// slack and fit, with the two constants, the 16 registers of SSE and AVX2.
constexpr int kPeakChains = 12;
constexpr int kPeakTiles = 4;

// FLOP/s of the calling thread, measured over `seconds`; best of several spells, since an interrupt only slows one.
DL_API double peak_flops(double seconds);
// The same of bfloat16, on tiles or in registers; 0 where the ISA in force has no such products.
DL_API double peak_bf16_flops(double seconds);

}  // namespace dl
