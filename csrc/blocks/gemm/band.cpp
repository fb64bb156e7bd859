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

}  // namespace

int64_t taps_of(const Patches& p) { return p.runs * p.run_width; }

Band band_of(const Gemm& g) {
  const bool of_a = g.a.patches && !g.b.patches && !g.bias_m;
  const bool of_b = g.b.patches && !g.a.patches && !g.a.tap_offset && g.a.stride == 1;
  if (!(of_a || of_b) || g.c_stride != 1) return {};
  const Patches& p = of_a ? *g.a.patches : *g.b.patches;
  const int64_t taps = taps_of(p);
  if (taps == 0 || taps > kMostTaps || p.channels % kTileDepth || p.step_h != p.step_w || p.step_h > 2) return {};
  const Axis rows = axis_of(p.h, p.p, p.step_h, p.dh_min, p.dh_end);
  const Axis columns = axis_of(p.w, p.q, p.step_w, p.dw_min, p.dw_end);
  const int64_t images = (of_a ? g.m : g.k) / (p.p * p.q);
  Band b{};
  b.phase = p.step_h;
  b.width = columns.pitch;
  b.height = rows.pitch;
  b.cells = ((images - 1) * b.height + p.p - 1) * b.width + p.q;
  b.first = rows.nearest * b.width + columns.nearest;
  b.reach = rows.farthest * b.width + columns.farthest - b.first;
  return b;
}

}  // namespace dl
