#include "blocks/winograd/plan.h"
#include "core/kernel_table.h"
#include "core/work.h"

namespace dl {

DL_DECLARE(winograd_f32, WinogradArgs)
DL_DECLARE(winograd_weights_f32, WinogradArgs)

// clang-format off
constexpr Row<WinogradArgs> rows[] = {
    DL_CPU_ROWS_THAT_FIT("winograd", f32, winograd_f32, winograd_declines)
    DL_CPU_ROWS_THAT_FIT("winograd_weights", f32, winograd_weights_f32, winograd_declines)
};
// clang-format on

namespace {

// Of the convolution, as any other kernel of it: the products are a quarter of these.
Work work(const Row<WinogradArgs>& row, const WinogradArgs& a, int64_t) {
  const Winograd& g = a.g;
  const auto out = static_cast<double>(g.n * g.p * g.q * g.k), in = static_cast<double>(g.n * g.h * g.w * g.c);
  const double taps = 9 * static_cast<double>(g.c);
  Work w = moves(in + out + taps * static_cast<double>(g.k), row.dtype);
  w.flops = 2 * out * taps;
  return w;
}

}  // namespace

static const Manifest<WinogradArgs> manifest(rows, work);

}  // namespace dl
