// The policy of gemm as data: one row an instruction set, in the order of Isa.
#pragma once
#include "core/isa.h"

namespace dl {

struct Tile {
  int mr;          // rows of C held in registers
  int lanes;       // elements of a register; a micro-tile is kTileVectors registers wide
  int64_t kc;      // depth of a packed panel
  int64_t mc, nc;  // the largest tile of C that one task computes
  double rate;     // FLOP/s of a core, for the estimates of plan.cpp
  int row_step;    // a task's rows are a multiple of it
  double split;    // seconds to bring an element of A or B into the micro-kernel's form, beyond reading it
};
constexpr int kTileVectors = 2;

// Registers: mr × 2 accumulators + 2 of B + 1 of A ≤ 16 (SSE, AVX2) or 32 (AVX-512); at least 8 accumulators hide 4
// cycles of latency on 2 units. kc: A's panel (14 × 256 × 4 B = 14 KB) and B's (256 × 32 × 4 B = 32 KB) share the
// 48 KB L1. mc × nc × 4 B = 1 MB of C beside kc × nc × 4 B = 0.5 MB of B in the 2 MB L2, for 256 multiply-adds per
// element read from beyond it (memory delivers one in the time of some 30).
constexpr Tile kTiles[kIsas][2] = {
    // float32                                             float64
    {{4, 4, 256, 256, 256, 3e10, 2, 0}, {4, 2, 256, 256, 128, 1.5e10, 2, 0}},     // base
    {{6, 8, 256, 504, 512, 9e10, 2, 0}, {6, 4, 256, 252, 512, 4.5e10, 2, 0}},     // avx2
    {{14, 16, 256, 504, 512, 1.8e11, 2, 0}, {14, 8, 256, 252, 512, 9e10, 2, 0}},  // avx512
    {{14, 16, 256, 504, 512, 1.8e11, 2, 0}, {14, 8, 256, 252, 512, 9e10, 2, 0}},  // avx512bf16: as avx512
    {{32, 16, 128, 512, 512, 1.6e12, 16, 1.5e-10}, {}},  // amx: one product of parts; float32 alone
};

// Tiles: 16 rows of 32 bfloat16 each; C's 32 × 32 floats are four of the eight. kc: a panel of A in three parts, 24 KB,
// keeps to half of L1 (256 halves the rate). mc × nc × 4 B = 1 MB of sums beside kc × nc × 6 B = 0.4 MB of B.
constexpr int64_t kTileDepth = 32;

// Matrices on tiles: terms of a sum in one chain; such sums are added. A chain through all of K errs more than one of
// multiply-adds where magnitudes lie far apart (rms 1.43 against 1.23 units of 2^-24 at 512 terms; 1.10 by 256), for it
// rounds 6 times as often. A's panel takes all of L1 (48 KB), which costs nothing while lines are fetched in time.
constexpr int64_t kChain = 256;

// A's panels of a tile are packed together when rows of k lie this far apart: one by one they would read a register
// from each of kc pages, again for every panel.
constexpr int64_t kFarBytes = 1024;
constexpr int kMostPanels = 256;  // of rows in a tile: mc / mr, some half as high (edges.cpp)

constexpr int64_t kPanelPad = 16;  // a panel row of kc + 16 elements: rows a power of two apart share cache sets

}  // namespace dl
