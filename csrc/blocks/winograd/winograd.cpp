#include "blocks/winograd/winograd.h"

#include <atomic>

#include "blocks/colsum/colsum.h"
#include "blocks/gemm/gemm.h"
#include "blocks/gemm/scratch.h"
#include "blocks/winograd/plan.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

Kernels<WinogradArgs> convolutions("winograd"), gradients("winograd_weights");
std::atomic<bool> winograd_always{false};
constexpr int64_t kPastCaches = 2 << 20;  // elements; core/past_caches.h's 8 MB

}  // namespace

void set_winograd_always(bool on) { winograd_always.store(on, std::memory_order_relaxed); }

namespace {

using Plan = int64_t (*)(WinogradArgs&, Isa);

// The row for g with its blocks in args, or null. `elements`: of a task's scratch.
const Row<WinogradArgs>* choose(Kernels<WinogradArgs>& kernels, const Winograd& g, Plan plan, WinogradArgs& args,
                                int64_t& elements) {
  args.g = g;
  args.float_parts = product_precision();
  args.always = winograd_always.load(std::memory_order_relaxed);
  args.tiles_first = isa_cap() >= Isa::amx;
  elements = g.fits && !args.tiles_first && args.float_parts < 3 ? plan(args, isa_cap()) : 0;
  return kernels.find(Device::cpu, DType::f32, args);
}

bool run(const Row<WinogradArgs>& row, WinogradArgs& args, int64_t tasks, int64_t elements) {
  int unfit = 0;
  args.unfit = &unfit;
  Scratch scratch(elements * static_cast<int64_t>(sizeof(float)));
  launch_chunks(row, args, tasks, 1, [&](int64_t begin, int64_t end) {
    Scratch::Block& block = scratch.of_this_thread();
    WinogradArgs mine = args;
    mine.scratch = static_cast<float*>(block.data());
    mine.held = &block.held;
    row.fn(mine, begin, end);
  });
  return !unfit;
}

}  // namespace

bool winograd(const Winograd& g) {
  WinogradArgs args{};
  int64_t elements;
  const Row<WinogradArgs>* row = choose(convolutions, g, plan, args, elements);
  if (!row) return false;
  args.past_caches = g.n * g.p * g.q * g.k >= kPastCaches && g.k % 16 == 0;
  return run(*row, args, args.tasks_t * args.tasks_k, elements);
}

bool winograd_weights(const Winograd& g, const Array& dw) {
  WinogradArgs args{};
  int64_t elements;
  const Row<WinogradArgs>* row = choose(gradients, g, plan_weights, args, elements);
  if (!row) return false;
  const Array parts = args.parts > 1 ? Array::empty({args.parts, dw.size()}, DType::f32) : dw;
  args.dw = static_cast<float*>(parts.raw());
  if (!run(*row, args, args.parts * args.tasks_c * args.tasks_k, elements)) return false;
  if (args.parts > 1) column_sums_into(parts.raw(), args.parts, dw.size(), dw);
  return true;
}

}  // namespace dl
