// Candidates are tiles of C, halved from the largest, and parts of K; the one with the least estimated time wins, the
// sum over machines of several numbers of cores alike. The estimate: multiply-adds at the ISA's rate, each task reading
// its part of A and B once from L2 or from beyond it, a B packed for several tiles of rows written and read once more,
// and the partial sums of a split K likewise.
#include "blocks/gemm/plan.h"

#include <algorithm>

namespace dl {
namespace {

constexpr double kFar = 12e9, kNear = 60e9;  // bytes a second and core, from beyond L2 and from L2
constexpr double kNearBytes = 1 << 20;       // what stays in L2 beside C
constexpr double kMatricesBytes = 5 << 18;   // A and B, which tiles read once a task and a thread
constexpr double kPatchRate = 20e9;          // bytes of patches of B packed a second
constexpr double kCopy = 6e-10;              // seconds to bring an element of a patch together
constexpr double kScattered = 4e-9;          // seconds to store an element of C tap by tap, in runs of 32
constexpr double kTaskCost = 1.5e-6;         // seconds
constexpr int64_t kCores[] = {1, 2, 4, 16};
constexpr int64_t kFewCores[] = {1, 2, 3, 4};  // matrices on tiles: more tasks split more; 3 also stands for two cores
                                               // of which another program slows one
constexpr int64_t kFewRows = 2048;             // likewise patches: of few rows B's splitting is what counts
constexpr int64_t kMaxTasks = 4096, kMaxParts = 32;
constexpr int64_t kPartialBytes = 64 << 20;
constexpr int64_t kHeldBytes = 1 << 20;  // of B in parts, in L2 beside A's panel and the sums

struct Cut {
  int64_t tiles_m, tiles_n, parts;
};

class Estimate {
 public:
  Estimate(const GemmArgs& args, const Tile& tile)
      : args_(args), tile_(tile), m_(rows_of(args)), n_(args.g.n), k_(depth_of(args)) {
    const Gemm& g = args.g;
    rate_ = args.tiles ? tile.rate / products_of_parts(args.float_parts) : tile.rate;
    const double bytes = g.dtype == DType::bf16 ? 2 : static_cast<double>(size_of(g));
    const double depth = static_cast<double>(g.k) * bytes;
    few_ = args.tiles && (plain(g) || (g.a.patches && m_ <= kFewRows));
    near_ = static_cast<double>(g.m + g.n) * depth <= (plain(g) && few_ ? kMatricesBytes : kNearBytes) ? kNear : kFar;
    const double split = static_cast<double>(g.k) * tile.split;
    row_ = depth / near_ + split;
    const double cell = bytes / kFar + tile.split;
    if (args.band.cells && g.a.patches) row_ = static_cast<double>(g.a.patches->channels) * cell;
    column_ = depth / (g.b.patches                                      ? kPatchRate
                       : static_cast<double>(g.n) * depth <= kNearBytes ? kNear
                                                                        : kFar) +
              split;
    if (args.band.cells && g.b.patches)
      column_ = static_cast<double>(k_) * cell / static_cast<double>(taps_of(*g.b.patches));
    part_ = 2 * static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(size_of(g)) / kFar;
    packed_ = args.b_by_task ? 2 * static_cast<double>(g.n) * depth / kFar : 0;
    nr_ = kTileVectors * tile.lanes;
    filled_ = 1;
    if (args.band.cells)
      filled_ = args.band.share * static_cast<double>(g.a.patches ? g.m : g.k) / static_cast<double>(args.band.cells);
  }

  double seconds(const Cut& c) const {
    const auto tile_m = static_cast<double>(round_up(div_up(m_, c.tiles_m), tile_.row_step));
    const auto tile_n = static_cast<double>(round_up(div_up(n_, c.tiles_n), nr_));
    const double k = static_cast<double>(k_), parts = static_cast<double>(c.parts);
    const double work = 2 * tile_m * tile_n * k * filled_ / rate_;
    const double task = (work + tile_m * row_) / parts + kTaskCost, block = tile_n * column_ / parts;
    const int64_t part_k = c.parts > 1 ? round_up(div_up(k_, c.parts), tile_.kc) : k_;
    const bool held = holds_b(args_, c.tiles_m, static_cast<int64_t>(tile_n), part_k);
    if (work / parts > kMostSeconds && c.parts < k_ / tile_.kc) return 1e30;  // Ctrl-C is seen between tasks
    const auto tasks = static_cast<double>(c.tiles_m * c.tiles_n * c.parts);
    double total = 0;
    for (int64_t cores : few_ ? kFewCores : kCores) {
      const int64_t rounds = div_up(static_cast<int64_t>(tasks), cores);
      const int64_t blocks = held ? div_up(rounds, c.tiles_m) : rounds;
      total += (static_cast<double>(rounds) * task + static_cast<double>(blocks) * block) * cores +
               (c.parts > 1 ? part_ * parts : 0) + (c.tiles_m > 1 ? packed_ : 0);
    }
    return total;
  }

 private:
  static constexpr double kMostSeconds = 0.01;
  const GemmArgs& args_;
  const Tile& tile_;
  int64_t m_, n_, k_, nr_;
  double near_, row_, column_, part_, packed_, rate_;
  double filled_;  // of a band's cells and taps, what is multiplied
  bool few_;
};

// Matrices, measured at 64 to 512 rows, columns and terms on one core whose second thread is free: seconds for a
// product of tiles, for splitting an element, for one of C, for a call on tiles; FLOP/s of multiply-adds with their
// packing. While that thread works tiles lose more: what they gain at the least must be worth that.
constexpr double kProduct = 8.6e-9, kSplit = 2.4e-10, kElement = 3e-10, kStart = 4e-6, kAdds = 1.4e11;
constexpr double kMatricesClearly = 1.2;

double product(int64_t a, int64_t b) { return static_cast<double>(a) * static_cast<double>(b); }

bool matrices_dear(const GemmArgs& args) {
  const Gemm& g = args.g;
  const int64_t rows = round_up(g.m, 32), columns = round_up(g.n, 32);
  const double depth = static_cast<double>(round_up(g.k, kTileDepth));
  const double products = product(rows / 16, columns / 16) * depth / kTileDepth * products_of_parts(args.float_parts);
  const double split = product(g.m + g.n, g.k), adds = 2 * product(g.m, round_up(g.n, 16)) * static_cast<double>(g.k);
  const double sums = product(rows, columns) * kElement, tiles = kStart + products * kProduct + split * kSplit + sums;
  return tiles * kMatricesClearly > adds / kAdds + sums;
}

// Patches: tiles must win clearly: while another program uses the core's second thread they run at a third of their
// rate (a tile load takes 12 ns, not 3.4, and no longer beside a product), multiply-adds at three quarters.
constexpr double kClearly = 1.25;

constexpr const char* kTooDear = "splitting the operands would cost more than the product saves";

// What rules tiles out whatever the cost.
const char* tiles_cannot(const GemmArgs& args) {
  const Gemm& g = args.g;
  if (args.no_tiles) return args.no_tiles;
  if (args.dot) return "a few rows are dot products";
  if (g.accumulate) return "it adds to C, which could not be restored if values were unfit";
  if (g.k < kTileDepth) return "sums over fewer than 32 terms could err more than a chain of multiply-adds";
  return nullptr;
}

constexpr Tile kTile = kTiles[static_cast<int>(Isa::amx)][0];
constexpr double kPatchAdds =
    1.3e11;  // FLOP/s of multiply-adds where patches are packed (14² to 56², 32 channels and more)

// Seconds on tiles for `rows` of C and sums over `depth`, where `split` elements of A and B are split and `copied`
// copied before.
double tiles_seconds(const GemmArgs& args, int64_t rows, int64_t depth, double split) {
  const double padded =
      2 * product(round_up(rows, 16), round_up(args.g.n, 16)) * static_cast<double>(round_up(depth, 32));
  return padded * products_of_parts(args.float_parts) / kTile.rate + split * kTile.split;
}
double copied(const Gemm& g) { return g.a.patches ? product(g.m, g.k) : g.b.patches ? product(g.n, g.k) : 0; }
double patches_seconds(const GemmArgs& args) {
  const Gemm& g = args.g;
  return tiles_seconds(args, g.m, g.k, product(g.m, g.k) + product(g.n, g.k)) + copied(g) * kCopy;
}

// Tiles win where the products saved are worth more than the splitting of both operands.
const char* dear(const GemmArgs& args, double tiles) {
  return tiles * kClearly < flops(args.g) / kPatchAdds + copied(args.g) * kCopy ? nullptr : kTooDear;
}

}  // namespace

bool holds_b(const GemmArgs& args, int64_t tiles_m, int64_t tile_n, int64_t part_k) {
  const int64_t bytes = round_up(tile_n, 32) * round_up(std::min(part_k, args.g.k), kTileDepth) * args.float_parts * 2;
  return args.tiles && plain(args.g) && tiles_m > 1 && bytes <= kHeldBytes;
}

int64_t rows_of(const GemmArgs& args) { return args.band.cells && args.g.a.patches ? args.band.cells : args.g.m; }
int64_t depth_of(const GemmArgs& args) { return args.band.cells && args.g.b.patches ? args.band.cells : args.g.k; }

const char* tiles_decline(const GemmArgs& args) {
  if (const char* why = tiles_cannot(args)) return why;
  if (args.tiles_always) return nullptr;
  if (plain(args.g)) return matrices_dear(args) ? kTooDear : nullptr;
  return dear(args, patches_seconds(args));
}

namespace {

// Of rows of C, or of the terms of a sum, those that tiles multiply in place.
int64_t multiplied(const GemmArgs& args, int64_t pixels) {
  return static_cast<int64_t>(static_cast<double>(pixels) * args.band.share);
}

constexpr const char* kGaps = "the gaps between pixels would cost more than the patches";

const char* in_place_declines(const GemmArgs& args, double seconds) {
  if (args.tiles_always) return nullptr;
  return seconds > patches_seconds(args) ? kGaps : dear(args, seconds);
}

}  // namespace

const char* band_declines(const GemmArgs& args) {
  if (const char* why = tiles_cannot(args)) return why;
  const Gemm& g = args.g;
  const int64_t cells = args.band.cells;
  if (!cells || !g.a.patches) return "A is no patches of 32, 64, ... channels that tiles could read in place";
  return in_place_declines(
      args, tiles_seconds(args, multiplied(args, g.m), g.k, product(g.n, g.k) + product(cells, g.a.patches->channels)));
}

const char* weights_decline(const GemmArgs& args) {
  if (const char* why = tiles_cannot(args)) return why;
  const Gemm& g = args.g;
  const Band& x = args.band;
  if (!x.cells || !g.b.patches) return "B is no patches of 32, 64, ... channels that tiles could read in place";
  const double split = product(x.cells, g.m) + product(x.cells * x.phase * x.phase, g.b.patches->channels);
  return in_place_declines(args,
                           tiles_seconds(args, g.m, multiplied(args, g.k), split) + product(g.m, g.n) * kScattered);
}

const char* tiles_decline_packing(const GemmArgs& args) {
  return args.tiles ? nullptr : "the product reads panels of floats";
}

void plan(GemmArgs& args, const Tile& tile) {
  const Gemm& g = args.g;
  const int64_t nr = kTileVectors * tile.lanes, m = rows_of(args), k = depth_of(args);
  Cut best{div_up(m, tile.mc), div_up(g.n, tile.nc), 1};
  const int64_t tasks = best.tiles_m * best.tiles_n;
  if (tasks > 1 || flops(g) > (g.dtype == DType::bf16 ? kTaskFlops16 : kTaskFlops)) {
    const Estimate estimate(args, tile);
    const int64_t least_rows = args.tiles && plain(g) ? tile.mr : 2 * tile.mr;
    const int64_t most_m = div_up(m, least_rows), most_n = div_up(g.n, 2 * nr);
    const int64_t memory = kPartialBytes / (m * g.n * size_of(g) + 1);
    const int64_t most_parts = std::clamp<int64_t>(std::min(k / (2 * tile.kc), memory), 1, kMaxParts);
    double least = 1e31;
    const Cut start = best;
    for (int64_t parts = 1; parts <= most_parts; parts *= 2)
      for (int64_t n = start.tiles_n; n <= std::max(most_n, start.tiles_n) && n * parts <= kMaxTasks; n *= 2)
        for (int64_t i = start.tiles_m; i <= std::max(most_m, start.tiles_m); i = i < 4 ? i + 1 : i + i / 3) {
          const Cut cut{i, n, parts};
          const double seconds = estimate.seconds(cut);
          if (seconds < least) {
            least = seconds;
            best = cut;
          }
          if (i * n * parts > kMaxTasks) break;
        }
  }
  args.tile_m = round_up(div_up(m, best.tiles_m), tile.row_step);
  args.tile_n = round_up(div_up(g.n, best.tiles_n), nr);
  args.tiles_m = div_up(m, args.tile_m);
  args.tiles_n = div_up(g.n, args.tile_n);
  args.part_k = best.parts > 1 ? round_up(div_up(k, best.parts), tile.kc) : std::max<int64_t>(k, 1);
  args.parts = std::max<int64_t>(div_up(k, args.part_k), 1);
}

}  // namespace dl
