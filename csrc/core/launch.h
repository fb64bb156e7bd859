// Runs a chosen row over [0, n): chunks of `grain` across threads on the CPU, one launch on CUDA.
#pragma once
#include "core/kernel_table.h"
#include "core/parallel.h"

namespace dl {

template <class Args>
void begin_span(Span& span, const Row<Args>& row, const Args& args, int64_t n) {
  const KernelInfo& kernel = kernel_of(&row);
  const auto work = reinterpret_cast<WorkOf<Args>>(kernel.work);
  span.begin(&kernel, work ? work(row, args, n) : Work{});
}

// As launch, where a chunk needs something of its own, such as memory: `chunk(begin, end)` runs the row's function.
template <class Args, class Chunk>
void launch_chunks(const Row<Args>& row, const Args& args, int64_t n, int64_t grain, const Chunk& chunk,
                   OnInterrupt on_interrupt = OnInterrupt::stop) {
  if (n == 0) return;
  Span span;
  if (profiling()) begin_span(span, row, args, n);
  parallel_for(n, grain, chunk, on_interrupt);
}

template <class Args>
void launch(const Row<Args>& row, const Args& args, int64_t n, int64_t grain,
            OnInterrupt on_interrupt = OnInterrupt::stop) {
  if (row.device != Device::cuda)
    return launch_chunks(row, args, n, grain, [&](int64_t b, int64_t e) { row.fn(args, b, e); }, on_interrupt);
  if (n == 0) return;
  Span span;  // the launch alone: the GPU's work goes on
  if (profiling()) begin_span(span, row, args, n);
  row.fn(args, 0, n);
}

}  // namespace dl
