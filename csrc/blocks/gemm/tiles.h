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
};
constexpr int kTileVectors = 2;

// Registers: mr × 2 accumulators + 2 of B + 1 of A ≤ 16 (SSE, AVX2) or 32 (AVX-512); at least 8 accumulators hide 4
// cycles of latency on 2 units. kc: A's panel (14 × 256 × 4 B = 14 KB) and B's (256 × 32 × 4 B = 32 KB) share the
// 48 KB L1. mc × nc × 4 B = 1 MB of C beside kc × nc × 4 B = 0.5 MB of B in the 2 MB L2, for 256 multiply-adds per
// element read from beyond it (memory delivers one in the time of some 30).
constexpr Tile kTiles[kIsas][2] = {
    // float32                                             float64
    {{4, 4, 256, 256, 256, 3e10}, {4, 2, 256, 256, 128, 1.5e10}},     // base
    {{6, 8, 256, 504, 512, 9e10}, {6, 4, 256, 252, 512, 4.5e10}},     // avx2
    {{14, 16, 256, 504, 512, 1.8e11}, {14, 8, 256, 252, 512, 9e10}},  // avx512
};

// A's panels of a tile are packed together when rows of k lie this far apart: one by one they would read a register
// from each of kc pages, again for every panel.
constexpr int64_t kFarBytes = 1024;
constexpr int kMostPanels = 96;  // of rows in a tile: mc / mr

constexpr int64_t kPanelPad = 16;  // a panel row of kc + 16 elements: rows a power of two apart share cache sets

}  // namespace dl
