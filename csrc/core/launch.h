// Runs a chosen row over [0, n): chunks of `grain` across threads on the CPU, one launch on CUDA.
#pragma once
#include "core/kernel_table.h"
#include "core/parallel.h"

namespace dl {

template <class Args>
void launch(const Row<Args>& row, const Args& args, int64_t n, int64_t grain,
            OnInterrupt on_interrupt = OnInterrupt::stop) {
  if (n == 0) return;
  if (row.device == Device::cuda) return row.fn(args, 0, n);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) { row.fn(args, begin, end); }, on_interrupt);
}

}  // namespace dl
