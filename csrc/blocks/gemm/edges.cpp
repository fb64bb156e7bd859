// Whether a product leaves out the taps outside the image, for prepare.cpp.
#include <algorithm>

#include "blocks/gemm/plan.h"

namespace dl {
namespace {

constexpr double kWorthwhile = 0.95;  // of the products that remain: 0.91 gained 4 to 8 %; above was not tried
constexpr int64_t kLeastImages = 8, kLeastDepth = 96;

// The most terms, at most `most`, into which `total` can be cut evenly.
int64_t even_part(int64_t total, int64_t most) {
  for (int64_t parts = std::max<int64_t>(div_up(total, most), 1); parts <= total / kLeastDepth; ++parts)
    if (total % parts == 0) return total / parts;
  return 0;
}

// Panels of one pixel's rows are at least half as high as others.
bool fills_panels(int64_t images, const Tile& tile) {
  return images >= kLeastImages && 2 * images >= div_up(images, tile.mr) * tile.mr;
}

// Panels of B have one tap, and each tap two of them at the least: of one, 14² lost 5 to 7 %, and 4² and 7² gained 5 to
// 10 % of less than 2 ms.
bool fills_columns(int64_t channels, const Tile& tile) {
  const int64_t wide = kTileVectors * tile.lanes;
  return channels % wide == 0 && channels >= 2 * wide;
}

}  // namespace

void leave_edges_out(GemmArgs& args, Tile& tile, std::vector<int64_t>& pixels) {
  Gemm& g = args.g;
  const bool of_a = g.a.patches != nullptr;
  if (of_a == (g.b.patches != nullptr) || g.bias_m) return;
  if (!of_a && (!plain(g.a) || g.a.stride != 1)) return;
  const Patches& p = of_a ? *g.a.patches : *g.b.patches;
  const int64_t outputs = p.p * p.q, images = (of_a ? g.m : g.k) / outputs;
  const int64_t depth = even_part(of_a ? p.channels : p.q * images, tile.kc);
  if (!depth || !p.runs || images < kLeastImages) return;
  if (of_a ? !fills_panels(images, tile) : !fills_columns(p.channels, tile)) return;
  const Inside inside = inside_of(p);
  if (inside.rows * inside.columns > kWorthwhile * static_cast<double>(outputs)) return;
  args.together = images;
  args.depth = tile.kc = depth;
  if (!of_a) {
    for (int64_t pixel = 0; pixel < outputs; ++pixel) pixels.push_back(pixel * g.a.k_stride);
    g.a.tap_offset = pixels.data();
    g.a.tap_channels = images;
    g.a.k_stride *= outputs;
    return;
  }
  const Grid c = g.c_rows;
  const int64_t n = c.stride_n;
  g.c_rows = c.p == 1 && c.q == 1  // rows, columns, images
                 ? Grid{.p = p.q, .q = images, .stride_n = p.q * n, .stride_p = n, .stride_q = outputs * n}
                 : Grid{.p = p.q, .q = images, .stride_n = c.stride_p, .stride_p = c.stride_q, .stride_q = n};
  const int64_t step = round_up(images, tile.row_step);
  if (step % images == 0 && 2 * step <= tile.mc) tile.row_step = static_cast<int>(step);
}

}  // namespace dl
