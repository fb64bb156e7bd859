#include "blocks/gemm/band.h"

#include <algorithm>

#include "blocks/gemm/gemm.h"
#include "blocks/gemm/tiles.h"

namespace dl {
namespace {

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// One axis: cells from a row to the next, so that a tap beyond the image's edge meets zeros.
struct Axis {
  int64_t pitch, nearest, farthest;
};
Axis axis_of(int64_t pixels, int64_t outputs, int64_t step, int64_t tap_min, int64_t tap_end) {
  const int64_t cells = (pixels + step - 1) / step;
  const int64_t nearest = floor_div(tap_min, step), farthest = floor_div(tap_end - 1, step);
  return {std::max({cells, cells - nearest, outputs, outputs + farthest}), nearest, farthest};
}

// Of a row or column of outputs, those whose tap at distance d lies among the image's `pixels`.
int64_t inside(int64_t outputs, int64_t step, int64_t d, int64_t pixels) {
  const int64_t from = std::max(-floor_div(d, step), int64_t{0});
  const int64_t to = std::min(floor_div(pixels - 1 - d, step) + 1, outputs);
  return std::max(to - from, int64_t{0});
}

// Cells × taps that are multiplied where `together` images lie side by side, in units of those without gaps.
double share_of(const Patches& p, const Band& b, int64_t together, bool rows_of_steps) {
  const auto outputs = static_cast<double>(p.p * p.q);
  const int64_t least = rows_of_steps ? 2 : 64 / b.width;  // A's panels of 32 cells: a line is two of them and more
  if (together < std::max(least, int64_t{2})) return static_cast<double>(b.width * b.height) / outputs;
  const Inside inside = inside_of(p);
  const int64_t line = rows_of_steps ? (p.q * together + 31) / 32 * 32 : b.width * together;
  const double wide = together % 32 == 0 ? inside.columns : static_cast<double>(line) / static_cast<double>(together);
  return inside.rows * wide / outputs;
}

// Seconds a product of 2 FLOP takes on tiles, and to read and split an element.
constexpr double kMultiply = 2 / 3e11, kSplitAgain = 5e-10;
// Cells that are split at a time, of A's rows with what taps reach beyond them, of B's 64 channels in 768 KB without.
constexpr int64_t kCellsOfA = 512, kCellsOfB = 2048;

// How many images to lay side by side: what is multiplied in vain against what is split again, for `n` rows or columns.
void lay_together(Band& b, const Patches& p, int64_t images, int64_t most, int64_t n, bool of_a) {
  const double work = static_cast<double>(n * taps_of(p)) * kMultiply;
  double least = 1e30;
  for (int64_t i = 1; i <= most && images % i == 0; i *= 2) {
    const double share = share_of(p, b, i, !of_a);
    const int64_t beyond = b.reach * i, cells = of_a ? kCellsOfA : std::max(kCellsOfB - beyond, int64_t{128});
    const double again = static_cast<double>(beyond) / static_cast<double>(cells) * kSplitAgain;
    const double cost = share * work + again;
    if (cost >= least) continue;
    least = cost;
    b.together = i;
    b.share = share;
  }
  b.groups = images / b.together;
  b.cells = (((b.groups - 1) * b.height + p.p - 1) * b.width + p.q) * b.together;
  if (b.together == 1) b.share = static_cast<double>(b.cells) / static_cast<double>(images * p.p * p.q);
  b.first *= b.together;
  b.reach *= b.together;
}

}  // namespace

int64_t taps_of(const Patches& p) { return p.runs * p.run_width; }

Inside inside_of(const Patches& p) {
  int64_t rows = 0, columns = 0;  // sums over runs and over taps of a run
  for (int64_t run = 0; run < p.runs; ++run) {
    rows += inside(p.p, p.step_h, p.dh[run], p.h);
    for (int64_t i = 0; i < p.run_width; ++i) columns += inside(p.q, p.step_w, p.dw[run] + i, p.w);
  }
  return {static_cast<double>(rows) / static_cast<double>(p.runs),
          static_cast<double>(columns) / static_cast<double>(taps_of(p))};
}

Band band_of(const Gemm& g, int64_t most) {
  const bool of_a = g.a.patches && !g.b.patches && !g.bias_m;
  const bool of_b = g.b.patches && !g.a.patches && !g.a.tap_offset && g.a.stride == 1;
  if (!(of_a || of_b) || g.c_stride != 1) return {};
  const Patches& p = of_a ? *g.a.patches : *g.b.patches;
  const int64_t taps = taps_of(p);
  if (taps == 0 || taps > kMostTaps || p.channels % kTileDepth || p.step_h != p.step_w || p.step_h > 2) return {};
  const Axis rows = axis_of(p.h, p.p, p.step_h, p.dh_min, p.dh_end);
  const Axis columns = axis_of(p.w, p.q, p.step_w, p.dw_min, p.dw_end);
  Band b{};
  b.phase = p.step_h;
  b.width = columns.pitch;
  b.height = rows.pitch;
  b.first = rows.nearest * b.width + columns.nearest;
  b.reach = rows.farthest * b.width + columns.farthest - b.first;
  constexpr int64_t kWidestTask = 256;
  if (b.phase > 1) most = 1;  // what taps reach beyond a task's cells is split for four phases
  lay_together(b, p, (of_a ? g.m : g.k) / (p.p * p.q), most, std::min(of_a ? g.n : g.m, kWidestTask), of_a);
  return b;
}

}  // namespace dl
