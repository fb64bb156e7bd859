#include "blocks/gemm16/gemm16.h"

#include <algorithm>
#include <utility>

#include "blocks/gemm/plan.h"
#include "blocks/gemm/scratch.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/past_caches.h"

namespace dl {
namespace {

Kernels<Gemm16Args> products("gemm16"), sums("gemm16_sum");

// Rows of C × lanes, the least depth of a part of K, the largest task, the rate on one core, and what packing takes for
// an element.
constexpr Tile kTile{32, 16, 512, 1024, 512, 1.8e12, 16, 5e-11};
constexpr double kPairsRate = 2e11;       // the rate where pairs are multiplied in registers
constexpr int64_t kBlockBytes = 1 << 20;  // of a task's B, in L2 beside a panel of A
constexpr int64_t kWidth = 32;            // columns of a panel of B
constexpr int64_t kSumGrain = 16 << 10;   // elements

Tile tile_here() {
  Tile tile = kTile;
  if (isa_cap() < Isa::amx) tile.rate = kPairsRate;
  return tile;
}

Array memory(int64_t bytes) { return bytes ? Array::empty({bytes}, DType::u8) : Array(); }

// Cᵀ = Bᵀ·Aᵀ where C runs along its columns: registers lie along its rows.
Gemm along_rows(const Gemm& g) {
  const bool plain = !g.a.patches && !g.b.patches && !g.a.tap_offset && !g.b.tap_offset;
  if (!plain || g.c_rows.p != 1 || g.c_rows.q != 1 || g.c_stride == 1 || g.c_rows.stride_n != 1) return g;
  Gemm t = g;
  std::swap(t.m, t.n);
  std::swap(t.a, t.b);
  std::swap(t.c_rows.stride_n, t.c_stride);
  std::swap(t.bias_n, t.bias_m);
  return t;
}

// The image's cells where they cost less than patches: gaps between pixels are multiplied, but nothing is copied twice.
Band band_for(const Gemm& g, const Tile& tile) {
  constexpr double kPatch = 1e-10;  // seconds to copy an element of a patch
  const Band band = g.a.patches ? band_of(g, 1) : Band{};
  if (!band.cells || g.accumulate || g.k == 0 || g.k / kTileDepth > kMostBandSteps) return {};
  const double products = 2 * static_cast<double>(g.n) * static_cast<double>(g.k) / tile.rate;
  const auto cells = static_cast<double>(band.cells), m = static_cast<double>(g.m);
  const double gaps = (cells - m) * products + cells * static_cast<double>(g.a.patches->channels) * kPatch;
  return gaps < m * static_cast<double>(g.k) * kPatch ? band : Band{};
}

// Whether C's rows are lines of the cache and too many for it; saves 2 to 7 % of 2048³.
bool lines_past_caches(const Gemm& g, DType c_dtype) {
  constexpr int64_t line = 64, elements = line / 2;
  return c_dtype == DType::bf16 && g.c_stride == 1 && g.m * g.n * 2 >= kPastCaches &&
         reinterpret_cast<uintptr_t>(g.c) % line == 0 &&
         (g.c_rows.stride_n | g.c_rows.stride_p | g.c_rows.stride_q) % elements == 0;
}

// As many columns as keep B's block in L2, and K whole.
void set_band(Gemm16Args& args, Tile tile) {
  GemmArgs& cut = args.cut;
  const Gemm& g = cut.g;
  constexpr int64_t kCellBytes = 512 << 10;
  const Patches& p = *g.a.patches;
  Band& x = cut.band;
  const int64_t phases = x.phase * x.phase;
  tile.nc = std::clamp(kBlockBytes / (g.k * 2) / kWidth * kWidth, 2 * kWidth, int64_t{512});
  tile.mc = std::clamp((kCellBytes / (p.channels * 2 * phases) - x.reach) / 32 * 32, int64_t{128}, tile.mc);
  tile.kc = g.k;
  plan(cut, tile);
  x.elements = phases * p.channels * (cut.tile_m + x.reach) + kTileDepth * kTileDepth;  // a tile may reach beyond
  cut.b_block_elements = round_up(cut.tile_n, kWidth) * g.k;
}

void multiply(const Gemm& g, DType c_dtype) {
  Gemm16Args args{};
  args.c_dtype = c_dtype;
  args.past_caches = lines_past_caches(g, c_dtype);
  GemmArgs& cut = args.cut;
  cut.g = g;
  cut.tiles = true;
  cut.float_parts = 1;
  const Tile usual = tile_here();
  Tile tile = usual;
  if (std::min(g.k, kTileRun) * tile.nc * 2 > kBlockBytes) tile.nc /= 2;
  cut.band = band_for(g, tile);
  if (cut.band.cells)
    set_band(args, usual);
  else
    plan(cut, tile);
  const Row<Gemm16Args>& row = products.choose(Device::cpu, DType::bf16, args);
  const Array partials = memory(cut.parts > 1 ? cut.parts * g.m * g.n * 4 : 0);
  if (cut.parts > 1) cut.partials = partials.raw();
  const int64_t block_n = round_up(cut.tile_n, kWidth), block_m = round_up(cut.tile_m, kWidth);
  const int64_t depth = std::min(round_up(cut.part_k, kTileDepth), kTileRun);
  if (!cut.band.cells) cut.b_block_elements = block_n * depth;
  args.a_panel_elements = cut.band.cells ? cut.band.elements : depth * kTile.mr;
  const int64_t kept = !cut.band.cells && std::min(cut.part_k, g.k) > kTileRun ? block_m * block_n * 4 : 0;
  Scratch scratch((args.a_panel_elements + cut.b_block_elements) * 2 + kept);
  launch_chunks(row, args, cut.tiles_m * cut.tiles_n * cut.parts, 1, [&](int64_t begin, int64_t end) {
    Scratch::Block& block = scratch.of_this_thread();
    Gemm16Args mine = args;
    mine.cut.scratch = block.data();
    mine.cut.held = &block.held;
    row.fn(mine, begin, end);
  });
  if (cut.parts > 1)
    launch(sums.choose(Device::cpu, DType::bf16, args), args, g.m, std::max<int64_t>(kSumGrain / (g.n * cut.parts), 1));
}

}  // namespace

static void launch_on_device(const Gemm& g, DType c_dtype, int64_t count, const int64_t* a, const int64_t* b,
                             const int64_t* c) {
  Gemm16Args args{};
  args.c_dtype = c_dtype;
  args.cut.g = along_rows(g);
  const bool turned = args.cut.g.a.data != g.a.data;
  args.cut.count = count;
  args.cut.a_at = turned ? b : a;
  args.cut.b_at = turned ? a : b;
  args.cut.c_at = c;
  launch(products.choose(g.device, g.dtype, args), args, 1, 1);
}

bool multiplies(DType t, Device device) { return computes(t) || (t == DType::f16 && device == Device::cuda); }

void product(const Gemm& g, DType c_dtype) {
  if (!is_half(g.dtype)) return gemm(g);
  if (g.m == 0 || g.n == 0) return;
  if (g.device != Device::cpu) return launch_on_device(g, c_dtype, 1, nullptr, nullptr, nullptr);
  if (isa_cap() < Isa::avx512bf16) return gemm16_widened(g, c_dtype);
  multiply(along_rows(g), c_dtype);
}

Gemm product_of(const Array& a, const Array& b, const Array& c) {
  Gemm g = gemm_of(a, b, c);
  g.dtype = a.dtype();
  return g;
}

void product(const Array& a, const Array& b, const Array& c) { product(product_of(a, b, c), c.dtype()); }

void product_batched(const Gemm& g, DType c_dtype, int64_t count, const int64_t* a, const int64_t* b,
                     const int64_t* c) {
  if (!is_half(g.dtype)) return gemm_batched(g, count, a, b, c);
  if (g.m == 0 || g.n == 0 || count == 0) return;
  if (g.device != Device::cpu) return launch_on_device(g, c_dtype, count, a, b, c);
  for (int64_t i = 0; i < count; ++i) {
    Gemm one = g;
    one.a.data = static_cast<const char*>(g.a.data) + a[i] * 2;
    one.b.data = static_cast<const char*>(g.b.data) + b[i] * 2;
    one.c = static_cast<char*>(g.c) + c[i] * static_cast<int64_t>(itemsize(c_dtype));
    product(one, c_dtype);
  }
}

}  // namespace dl
