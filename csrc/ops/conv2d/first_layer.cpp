#include "ops/conv2d/first_layer.h"

#include <algorithm>
#include <vector>

#include "blocks/colsum/colsum.h"
#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/past_caches.h"

namespace dl {
namespace {

Kernels<FirstLayerArgs> forward("first_layer_fwd"), backward_w("first_layer_bwd_w");

constexpr int64_t kMaxChannels = 4, kMaxTaps = 160;  // 7×7 of 3 channels and 64 outputs: 37 KB of weights, L1 has 48
constexpr int64_t kMinOutputs = 4;                   // a quarter of the widest vector
constexpr int64_t kRowBytes = 16384;                 // of padded rows, a third of L1
constexpr int64_t kChunks = 64;                      // of tasks in the sums of dw, whatever the machine
// An output costs its taps and a store, which takes as long as 28 of them (10 GB/s beside 70 multiply-adds a ns).
constexpr int64_t kStore = 28, kGrain = 2'000'000;  // some 30 µs

// Of the padded rows that one row of y reads: 1 MB of float32, half of L2. Wider dilations go elsewhere.
constexpr int64_t kMaxElements = 1 << 18;

int64_t reach(const ConvShape& s) { return (s.r - 1) * s.dilation_h + 1; }
int64_t pitch(const ConvShape& s) { return ((s.q - 1) * s.stride_w + (s.s - 1) * s.dilation_w + 1) * s.c; }

// What a task of either kernel is, and where its taps lie in a task's padded rows.
struct Plan {
  FirstLayerArgs args;
  std::vector<int64_t> offset;
  int64_t tasks, cost, row_elements;
};

void set_plan(Plan& plan, const ConvShape& s, const Array& x) {
  FirstLayerArgs& a = plan.args;
  const auto item = static_cast<int64_t>(itemsize(x.dtype()));
  a = {};
  a.shape = s;
  a.x = x.raw();
  a.x_stride[0] = x.stride(0);
  a.x_stride[1] = x.stride(2);
  a.x_stride[2] = x.stride(3);
  a.pitch = pitch(s);
  const int64_t fit = kRowBytes / (a.pitch * item);
  a.task_rows = std::clamp<int64_t>((fit - reach(s)) / s.stride_h + 1, 1, s.p);
  a.tasks_n = (s.p + a.task_rows - 1) / a.task_rows;
  a.taps = s.r * s.s * s.c;
  a.k_pitch = (s.k + kMaxLanes - 1) / kMaxLanes * kMaxLanes;
  plan.tasks = s.n * a.tasks_n;
  plan.cost = a.task_rows * s.q * a.k_pitch * (a.taps + kStore);
  plan.row_elements = ((a.task_rows - 1) * s.stride_h + reach(s)) * a.pitch;
  for (int64_t r = 0; r < s.r; ++r)
    for (int64_t i = 0; i < s.s; ++i)
      for (int64_t c = 0; c < s.c; ++c) plan.offset.push_back(r * s.dilation_h * a.pitch + i * s.dilation_w * s.c + c);
  plan.offset.resize(plan.offset.size() + kTapBlock - 1, plan.offset.back());  // a last block's spare taps
  a.offset = plan.offset.data();
}

// Runs a row over [0, n), with padded rows for each chunk.
void run(const Plan& plan, const Row<FirstLayerArgs>& row, int64_t n, int64_t cost, DType dtype) {
  launch_chunks(row, plan.args, n, std::max<int64_t>(kGrain / cost, 1), [&](int64_t begin, int64_t end) {
    const Array rows = Array::empty({plan.row_elements}, dtype);
    FirstLayerArgs mine = plan.args;
    mine.rows = rows.raw();
    row.fn(mine, begin, end);
  });
}

}  // namespace

bool is_first_layer(const ConvShape& s, DType dtype) {
  return dtype != DType::bf16 && s.groups == 1 && s.c <= kMaxChannels && s.c * s.r * s.s <= kMaxTaps &&
         s.k >= kMinOutputs && reach(s) <= kMaxElements / pitch(s);
}

void first_layer_fwd(const ConvShape& s, const Array& x, const Array& w, const Array* bias, bool relu, const Array& y) {
  Plan plan;
  set_plan(plan, s, x);
  FirstLayerArgs& a = plan.args;
  const Array taps = Array::empty({a.taps + 1, a.k_pitch}, y.dtype());
  const Array used = taps.slice(1, 0, s.k, 1), start = used.select(0, a.taps);
  copy_into(used.slice(0, 0, a.taps, 1)
                .as_strided({s.r, s.s, s.c, s.k}, {s.s * s.c * a.k_pitch, s.c * a.k_pitch, a.k_pitch, 1}, 0),
            w.permute({2, 3, 1, 0}));
  if (bias)
    copy_into(start, *bias);
  else
    fill(start, {.kind = Number::real, .i = 0, .f = 0});
  a.w = taps.raw();
  a.relu = relu;
  a.out = y.raw();
  a.past_caches = past_caches(y) && s.k * static_cast<int64_t>(itemsize(y.dtype())) % 64 == 0;
  run(plan, forward.choose(Device::cpu, y.dtype(), a), plan.tasks, plan.cost, y.dtype());
}

void first_layer_bwd_w(const ConvShape& s, const Array& g, const Array& x, const Array& dw) {
  Plan plan;
  set_plan(plan, s, x);
  FirstLayerArgs& a = plan.args;
  a.chunk_tasks = std::max<int64_t>((plan.tasks + kChunks - 1) / kChunks, 1);
  const int64_t chunks = (plan.tasks + a.chunk_tasks - 1) / a.chunk_tasks;
  const int64_t padded = a.taps + kTapBlock - 1;
  const Array partial = Array::empty({chunks, padded, a.k_pitch}, dw.dtype());
  const Array sum = Array::empty({padded, a.k_pitch}, dw.dtype());
  a.g = g.raw();
  a.out = partial.raw();
  run(plan, backward_w.choose(Device::cpu, dw.dtype(), a), chunks, plan.cost * a.chunk_tasks, dw.dtype());
  column_sums_into(partial.raw(), chunks, sum.size(), sum);
  copy_into(dw, sum.as_strided({s.k, s.c, s.r, s.s}, {1, a.k_pitch, s.s * s.c * a.k_pitch, s.c * a.k_pitch}, 0));
}

}  // namespace dl
