// A product made ready to run: its kernels, its cut into tasks and the memory it needs. For gemm.cpp.
#pragma once
#include "blocks/gemm/plan.h"
#include "core/kernel_table.h"

namespace dl {

constexpr int64_t kDotRows = 4;  // up to here reading B once beats packing it

struct Prepared {
  Prepared() = default;
  Prepared(Prepared&&) = default;  // args points into pixels
  GemmArgs args;
  std::vector<int64_t> pixels;
  const Row<GemmArgs>*product, *pack, *sum;
  int64_t tasks, packed_panels, pack_grain;
  int64_t packed_bytes, scratch_bytes, partial_bytes;
  bool holds_b;  // a task leaves its block of B in scratch for the thread's next
};

// no_tiles: why tiles of bfloat16 are ruled out, or null. repeated: many products read the same B.
Prepared prepare(const Gemm& g, const char* no_tiles = nullptr, bool repeated = false);

}  // namespace dl
