// Candidates are blocks of tiles, channels of y and channels of x whose filters, patches and sums L2 holds together;
// the one with the least estimated time wins, the sum over machines of several numbers of cores alike.
#include "blocks/winograd/plan.h"

#include <algorithm>
#include <iterator>

namespace dl {
namespace {

constexpr int64_t div_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return div_up(a, b) * b; }

constexpr int64_t kPad = 16;            // planes a power of two apart would share cache sets
constexpr int64_t kElements = 450'000;  // of a task: 1.8 MB of L2's 2
constexpr int64_t kLanes = 16;          // of the widest register

// Measured on AVX-512 at 64 to 512 channels, in multiply-adds: to bring an element of x into the patches (4 ns), one of
// the filters (5), one of y out of the sums (2.5), and to add the sums of one more block of channels (5).
constexpr double kPatch = 290, kFilter = 370, kResult = 180, kAdd = 350;
constexpr double kGradient = 250;    // an element of dy
constexpr double kAddSums = 12;      // sums, read and written for each block of tiles
constexpr double kReached = 0.78;    // of the ISA's rate, by the products: 140 GF of 180
constexpr double kPatchAdds = 0.72;  // and by gemm's of patches: 130
constexpr double kFar = 20e9;        // bytes a second and core, from beyond L2, beside the transforms
constexpr double kTaskCost = 2e-6;   // seconds
constexpr double kClearly = 1.1;     // it must win by
constexpr double kLeast = 40e-6;     // seconds of multiply-adds: less is not worth the 5 µs that planning takes
constexpr int64_t kCores[] = {1, 2, 4};

struct Cut {
  int64_t t, c, k;  // sizes of the blocks
};

class Estimate {
 public:
  Estimate(const WinogradArgs& a, const Tile& tile)
      : tiles_(a.tiles), c_(a.g.c), k_(a.g.k), tile_(tile), add_(2 / (tile.rate * kReached)) {}

  double seconds(const Cut& cut) const {
    const int64_t tasks = div_up(tiles_, cut.t) * div_up(k_, cut.k), panels = div_up(cut.t, tile_.mr);
    const auto t = static_cast<double>(cut.t), k = static_cast<double>(round_up(cut.k, tile_.lanes));
    const auto c = static_cast<double>(c_), blocks = static_cast<double>(div_up(c_, cut.c));
    const auto rows = static_cast<double>(panels * std::max<int64_t>(round_up(div_up(cut.t, panels), 2), tile_.mr / 2));
    const bool held = cut.c >= c_;
    const double filters = k * c * (kFilter * add_ + 36 / kFar);
    const double adds = 36 * rows * k * c + t * c * kPatch + t * k * kResult + t * k * (blocks - 1) * kAdd;
    const double task = adds * add_ + 64 * t * (c + k) / kFar + (held ? 0 : filters) + kTaskCost;
    double total = 0;
    for (int64_t cores : kCores) {
      const auto rounds = static_cast<double>(div_up(tasks, cores) * cores);
      const auto copies = static_cast<double>(std::min(cores * div_up(k_, cut.k), tasks));
      total += rounds * task + (held ? copies * filters : 0);
    }
    return total / static_cast<double>(std::size(kCores));
  }

 private:
  int64_t tiles_, c_, k_;
  const Tile& tile_;
  double add_;
};

// The size of equal blocks, multiples of `step`, of at most `size`.
int64_t even(int64_t total, int64_t size, int64_t step) { return round_up(div_up(total, div_up(total, size)), step); }

void set_tiles(WinogradArgs& args, const Tile& tile) {
  const Winograd& g = args.g;
  args.tiles_h = div_up(g.p, 4);
  args.tiles_w = div_up(g.q, 4);
  args.tiles = g.n * args.tiles_h * args.tiles_w;
  args.direct_seconds =
      18 * static_cast<double>(g.n * g.p * g.q) * static_cast<double>(g.c * g.k) / (tile.rate * kPatchAdds);
}

constexpr int64_t kSteps[] = {1, 2, 3, 4, 6, 8, 12, 16, 32};

}  // namespace

int64_t plan(WinogradArgs& args, Isa isa) {
  const Winograd& g = args.g;
  const Tile& tile = kTiles[static_cast<int>(isa)][0];
  const int64_t nr = kTileVectors * tile.lanes;
  set_tiles(args, tile);
  args.seconds = 1e30;
  if (args.direct_seconds < kLeast && !args.always) return 0;
  const Estimate estimate(args, tile);
  Cut best{};
  for (int64_t i : kSteps)
    for (int64_t j : kSteps)
      for (int64_t l : kSteps) {
        const Cut cut{even(args.tiles, i * tile.mr, 2), even(g.c, l * kLanes, kLanes), even(g.k, j * nr, nr)};
        if (i + j + l > 3 && 36 * (cut.t * cut.c + cut.t * cut.k + cut.c * cut.k) > kElements) break;
        const double seconds = estimate.seconds(cut);
        if (seconds >= args.seconds) continue;
        args.seconds = seconds;
        best = cut;
      }
  args.block_t = best.t;
  args.block_c = best.c;
  args.block_k = best.k;
  args.tasks_t = div_up(args.tiles, best.t);
  args.tasks_k = div_up(g.k, best.k);
  args.held_filters = best.c >= g.c;
  args.u_plane = best.c * best.k + kPad;
  args.v_plane = (best.t + 1) * best.c + kPad;  // an odd count of rows reads one beyond
  args.m_plane = best.t * best.k + kPad;
  return 36 * (args.u_plane + args.v_plane + args.m_plane) + best.c;
}

int64_t plan_weights(WinogradArgs& args, Isa isa) {
  constexpr int64_t kBlock = 64, kTasks = 16, kMostTiles = 84;
  const Winograd& g = args.g;
  const Tile& tile = kTiles[static_cast<int>(isa)][0];
  set_tiles(args, tile);
  args.block_c = even(g.c, kBlock, kTileVectors * tile.lanes);
  args.block_k = even(g.k, kBlock, kLanes);
  args.tasks_c = div_up(g.c, args.block_c);
  args.tasks_k = div_up(g.k, args.block_k);
  const int64_t blocks = args.tasks_c * args.tasks_k, both = args.block_c + args.block_k;
  const int64_t room = (kElements / 36 - args.block_c * args.block_k) / both;
  args.parts = std::clamp<int64_t>(kTasks / blocks, 1, div_up(args.tiles, 2 * kBlock));
  args.part_tiles = div_up(args.tiles, args.parts);
  args.parts = div_up(args.tiles, args.part_tiles);
  args.block_t = even(args.part_tiles, std::min(room, kMostTiles), 1);
  args.u_plane = args.block_t * args.block_k + kPad;
  args.v_plane = args.block_t * args.block_c + kPad;
  args.m_plane = args.block_k * args.block_c + kPad;
  const auto tiles = static_cast<double>(args.tiles), c = static_cast<double>(g.c), k = static_cast<double>(g.k);
  const double patches = tiles * c * static_cast<double>(args.tasks_k) * kPatch;
  const double gradients = tiles * k * static_cast<double>(args.tasks_c) * kGradient;
  const double adds = 36 * k * c * (tiles + kAddSums * tiles / static_cast<double>(args.block_t));
  const double stored = k * c * static_cast<double>(args.parts) * kFilter;
  args.seconds = (adds + patches + gradients + stored) * 2 / (tile.rate * kReached) + kTaskCost * kTasks;
  return 36 * (args.u_plane + args.v_plane + args.m_plane) + both;
}

const char* winograd_declines(const WinogradArgs& args) {
  if (!args.g.fits) return "it is no 3×3 convolution of stride 1, not dilated, in one group";
  if (args.tiles_first) return "this machine multiplies on tiles";
  if (args.float_parts == 3) return "float32 products are to be as exact as multiply-adds";
  if (args.always) return nullptr;
  return args.seconds * kClearly < args.direct_seconds ? nullptr
                                                       : "the transforms would cost more than the products saved";
}

}  // namespace dl
