// How a product is cut into tasks, for gemm.cpp: from shapes alone, never from the number of threads.
#pragma once
#include <vector>

#include "blocks/gemm/gemm.h"
#include "blocks/gemm/tiles.h"

namespace dl {

constexpr double kTaskFlops = 2e6;    // 10–20 µs on a wide core: a fork and join costs 1–2 µs
constexpr double kTaskFlops16 = 2e7;  // the same time on tiles of bfloat16

inline int64_t size_of(const Gemm& g) { return g.dtype == DType::f64 ? 8 : 4; }
inline double flops(const Gemm& g) {
  return 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
}
inline int64_t div_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return div_up(a, b) * b; }

inline bool plain(const GemmOperand& o) { return !o.patches && !o.tap_offset; }
inline bool plain(const Gemm& g) { return plain(g.a) && plain(g.b); }
inline int products_of_parts(int parts) { return parts * (parts + 1) / 2; }

int64_t rows_of(const GemmArgs& args);   // of C, with the gaps of a band in A
int64_t depth_of(const GemmArgs& args);  // of a sum, with the gaps of a band in B
// Whether a thread keeps B's block, split into parts, for its next task of the same columns.
bool holds_b(const GemmArgs& args, int64_t tiles_m, int64_t tile_n, int64_t part_k);
void plan(GemmArgs& args, const Tile& tile);  // sets tile_m … parts of args for args.g

// Why a product, or its packing of B, does not run on tiles of bfloat16; null: it does.
const char* tiles_decline(const GemmArgs& args);
const char* band_declines(const GemmArgs& args);    // reading A's patches in place
const char* weights_decline(const GemmArgs& args);  // reading B's in place
const char* tiles_decline_packing(const GemmArgs& args);

// Multiply-adds of patches: lays all images side by side (GemmArgs::together) where that leaves out enough taps outside
// the image, and cuts blocks of K so (tile.kc). pixels: becomes A's terms, of a gradient of weights.
void leave_edges_out(GemmArgs& args, Tile& tile, std::vector<int64_t>& pixels);

}  // namespace dl
