#include "blocks/peak/peak.h"

#include <algorithm>
#include <chrono>

#include "core/kernel_table.h"

namespace dl {
namespace {

constexpr int kSpells = 8;
constexpr int64_t kRounds = 10000;  // some 20 µs between looks at the clock, 300 of tiles

Kernels<PeakArgs> probes("fma_peak");

double best_rate(DType dtype, double seconds) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  float sink = 0;
  for (int spell = 0; spell < kSpells; ++spell) {
    double flops = 0, elapsed = 0;
    const PeakArgs args{.flops = &flops, .sink = &sink};
    const Row<PeakArgs>& row = probes.choose(Device::cpu, dtype, args);
    const auto start = Clock::now();
    do {
      row.fn(args, 0, kRounds);
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed < seconds / kSpells);
    best = std::max(best, flops / elapsed);
  }
  return best;
}

}  // namespace

double peak_flops(double seconds) { return best_rate(DType::f32, seconds); }
double peak_bf16_flops(double seconds) { return isa_cap() < Isa::avx512bf16 ? 0 : best_rate(DType::bf16, seconds); }

}  // namespace dl
