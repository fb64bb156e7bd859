#include "blocks/gemm/prepare.h"

#include <algorithm>
#include <atomic>

namespace dl {
namespace {

Kernels<GemmArgs> products("gemm"), packs("gemm_pack"), sums("gemm_sum");

std::atomic<int> float_parts{3};
std::atomic<bool> tiles_always{false};

constexpr int64_t kDirectBytes = 1 << 20;  // B that L2 keeps beside A and C is read in place, and any B by few rows:
constexpr int64_t kDirectPanels = 20;      // copying B took 10 to 25 % of products of 64 to 256 rows
constexpr int64_t kDirectRepeated = 2;     // panels of rows, where a copy of B serves many products
constexpr int64_t kFewPanels = 4;          // of columns up to which A is read in place: a copy takes 10 % of two
constexpr int64_t kWay = 4096;             // bytes of a way of L1: rows so far apart would push each other out
constexpr int64_t kPackGrain = 16 << 10;   // elements: some 10 µs of transposing
constexpr int64_t kPackTogether = 8;       // panels of rows that lie along n: a KB of each is read at once
constexpr double kDotCost = 8;             // a dot product runs at the speed B is read: L2's 64 bytes a cycle at best
constexpr int64_t kSharedSplits = 4;       // tiles of rows from which on B is split once for all, not by each task

int64_t pack_grain(const Gemm& g, int64_t width) {
  return std::max(kPackGrain / (g.k * width), plain(g.b) && g.b.stride == 1 ? kPackTogether : 1);
}

void prepare_dot(Prepared& x) {
  const Gemm& g = x.args.g;
  const double column = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.k) * kDotCost;
  x.args.tile_n = std::max<int64_t>(round_up(static_cast<int64_t>(kTaskFlops / column), 4), 4);
  x.tasks = div_up(g.n, x.args.tile_n);
}

// Taps of how many channels are taken at a time, and the room for their cells. Returns the depth of such a block of K.
int64_t set_band(GemmArgs& args, int64_t block_n) {
  constexpr int64_t kBlockBytes = 448 << 10, kCellBytes = 640 << 10;  // of B and of cells in parts, in L2 beside sums
  Band& band = args.band;
  const Patches& p = *args.g.a.patches;
  const int64_t taps = taps_of(p), step = taps * kTileDepth;
  const int64_t cells = band.phase * band.phase * (args.tile_m + band.reach), item = args.float_parts * 2;
  const int64_t most = std::min({kBlockBytes / (step * block_n * item), kCellBytes / (cells * kTileDepth * item),
                                 kMostBandSteps / taps, p.channels / kTileDepth});
  band.channels = std::max<int64_t>(most, 1) * kTileDepth;
  band.elements = band.channels * args.float_parts * cells + kTileDepth * kTileDepth;  // the last tile may reach beyond
  return band.channels * taps;
}

// How many cells are split at a time, and the room for their pairs.
void set_band_of_b(GemmArgs& args, int64_t depth) {
  constexpr int64_t kBlockBytes = 768 << 10;  // in L2 beside the sums
  Band& band = args.band;
  const int64_t channels = args.tile_n / taps_of(*args.g.b.patches), phases = band.phase * band.phase;
  const int64_t copies = band.together == 1 ? 2 : 1;  // a cell is in so many pairs
  const int64_t cell = phases * args.float_parts * channels * copies * 2;
  band.block = std::max((kBlockBytes / cell - band.reach) / depth, int64_t{1}) * depth;
  const int64_t pairs =
      copies * ((std::min(band.block, round_up(args.part_k, kTileDepth)) + kTileDepth + band.reach) / 2 + 1);
  band.elements = phases * args.float_parts * channels * 2 * pairs;
}

// On tiles B is split by each thread for its tasks of the same columns, where L2 holds what they share; else once for
// all beforehand, or by every task as it goes.
void prepare_tiles(Prepared& x, const Tile& tile) {
  GemmArgs& args = x.args;
  const Gemm& g = args.g;
  constexpr int64_t kPartItem = 2, kWidth = 32;
  Band& band = args.band;
  const int64_t panels = div_up(g.n, kWidth), depth = round_up(g.k, kTileDepth) * args.float_parts * kWidth;
  const int64_t block_n = round_up(args.tile_n, kWidth), block_m = round_up(args.tile_m, kWidth);
  const int64_t whole = block_n * round_up(std::min(args.part_k, g.k), kTileDepth) * args.float_parts;
  x.holds_b = holds_b(args, args.tiles_m, args.tile_n, args.part_k);
  const bool shared = !x.holds_b && !g.b.patches && args.tiles_m >= kSharedSplits;
  if (shared) {
    x.packed_panels = panels;
    x.packed_bytes = panels * depth * kPartItem;
    x.pack_grain = pack_grain(g, kWidth);
    x.pack = &packs.choose(Device::cpu, g.dtype, args);
  }
  if (band.cells && g.b.patches) {
    set_band_of_b(args, tile.kc);
    x.scratch_bytes = band.elements * kPartItem + block_m * args.tile_n * size_of(g);
    return;
  }
  const int64_t kc = band.cells ? set_band(args, block_n) : kChain;
  const int64_t by_blocks = block_n * std::min(kc, round_up(g.k, kTileDepth)) * args.float_parts;
  args.b_block_elements = x.holds_b ? whole : shared ? 0 : by_blocks;
  const bool sums = std::min(args.part_k, g.k) > kc;
  x.scratch_bytes = (args.b_block_elements + band.elements) * kPartItem + (sums ? block_m * block_n * size_of(g) : 0);
}

// What tasks of rows × columns of C read from beyond L2, an element that they split counted as two bytes more: B's
// parts, packed and written once for many tasks, or its elements; the cells of each task and those that taps reach.
double far_bytes(const Gemm& g, const Band& band, int64_t rows, int64_t columns) {
  constexpr int64_t kElement = 4 + 2, kParts = 6;
  const int64_t tasks = div_up(band.cells, rows);
  const int64_t b = tasks < kSharedSplits ? tasks * kElement : kElement + kParts * (tasks + 1);
  const int64_t a = div_up(g.n, columns) * (band.cells + tasks * band.reach) * kElement;
  return static_cast<double>(g.n * g.k) * static_cast<double>(b) + static_cast<double>(a * g.a.patches->channels);
}

// The cut of a product with a band. In A: K whole, and no more columns than leave L2 room for a block of all taps. In
// B: columns are all taps of 32 channels, and the sums of a task stay in L2.
Tile band_tile(const Gemm& g, const Band& band, Tile tile) {
  constexpr int64_t kSums = 160 << 10, kSumsOfA = 128 << 10;
  if (g.a.patches) {
    tile.kc = g.k;
    double least = 1e30;
    for (int64_t rows = 512; rows <= 2048; rows *= 2) {
      const double bytes = far_bytes(g, band, rows, kSumsOfA / rows);
      if (bytes >= least) continue;
      least = bytes;
      tile.mc = rows;
      tile.nc = kSumsOfA / rows;
    }
    return tile;
  }
  const int64_t columns = taps_of(*g.b.patches) * kTileDepth;
  tile.lanes = static_cast<int>(columns) / kTileVectors;
  tile.mc = std::min<int64_t>(round_up(g.m, 32), 256);
  tile.nc = std::clamp(kSums / tile.mc / columns, int64_t{1}, int64_t{2}) * columns;
  return tile;
}

}  // namespace

void set_tiles_always(bool on) { tiles_always.store(on, std::memory_order_relaxed); }
void set_product_precision(int parts) { float_parts.store(parts, std::memory_order_relaxed); }
int product_precision() { return float_parts.load(std::memory_order_relaxed); }

Prepared prepare(const Gemm& g, const char* no_tiles, bool repeated) {
  Prepared x{};
  x.args.g = g;
  x.args.parts = 1;
  x.args.float_parts = float_parts.load(std::memory_order_relaxed);
  x.args.tiles_always = tiles_always.load(std::memory_order_relaxed);
  x.args.no_tiles = no_tiles;
  const bool simple = plain(g);
  x.args.band = band_of(g, kMostTogether);
  x.args.dot = simple && g.m <= kDotRows && g.a.k_stride == 1 && g.b.k_stride == 1 && g.k > 0;
  x.product = &products.choose(Device::cpu, g.dtype, x.args);
  x.args.tiles = x.product->isa == Isa::amx;
  if (*x.product->variant == '\0') x.args.band = {};
  const Tile& tile = kTiles[static_cast<int>(x.product->isa)][g.dtype == DType::f64];
  const int64_t nr = kTileVectors * tile.lanes, item = size_of(g);
  if (x.args.dot) {
    prepare_dot(x);
    return x;
  }
  Tile cut = x.args.band.cells ? band_tile(g, x.args.band, tile) : tile;
  if (!x.args.tiles) leave_edges_out(x.args, cut, x.pixels);
  const bool few = g.m <= (repeated ? kDirectRepeated : kDirectPanels) * tile.mr;
  const bool direct = simple && g.b.stride == 1 && (few || (!repeated && g.n * g.k * item <= kDirectBytes));
  x.args.b_by_task = !x.args.tiles && !direct && !repeated && !g.b.patches;  // where one tile has all rows
  plan(x.args, cut);
  const bool alone = x.args.tiles_n * x.args.parts == 1 && g.n * g.k > kPackGrain;  // all threads pack for one task
  x.args.b_by_task &= x.args.tiles_m == 1 && !alone;
  x.tasks = x.args.tiles_m * x.args.tiles_n * x.args.parts;
  if (x.args.parts > 1) {
    x.partial_bytes = x.args.parts * g.m * g.n * item;
    x.sum = &sums.choose(Device::cpu, g.dtype, x.args);
  }
  if (x.args.tiles) {
    prepare_tiles(x, tile);
    return x;
  }
  x.args.direct_panels = !direct ? 0 : x.product->isa >= Isa::avx512 ? div_up(g.n, nr) : g.n / nr;
  const int64_t panels_m = div_up(x.args.tile_m, tile.mr);
  x.args.a_in_place =
      plain(x.args.g.a) && g.a.k_stride == 1 && x.args.tile_n <= kFewPanels * nr && g.a.stride * item % kWay;
  const bool far = g.a.k_stride * item >= kFarBytes || x.args.together > 1;
  x.args.a_in_block = plain(g.a) && g.a.stride == 1 && far && panels_m > 1;
  const bool by_task = g.b.patches || x.args.b_by_task;
  x.args.b_block_elements = by_task ? x.args.tile_n * std::min(cut.kc, x.args.part_k) : 0;
  const int64_t a_block = x.args.a_in_block ? panels_m * (tile.mr * tile.kc + tile.lanes) : 0;
  x.scratch_bytes = (x.args.b_block_elements + a_block) * item;
  if (!by_task && g.k > 0) {
    x.packed_panels = div_up(g.n, nr) - x.args.direct_panels;
    x.packed_bytes = x.packed_panels * nr * g.k * item;
    x.pack_grain = pack_grain(g, nr);
    if (x.packed_panels) x.pack = &packs.choose(Device::cpu, g.dtype, x.args);
  }
  return x;
}

}  // namespace dl
