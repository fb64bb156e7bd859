// The indices of the elements that are not 0: a count a chunk, then each chunk writes where its rows begin.
#include <algorithm>
#include <numeric>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "ops/index/index.h"

namespace dl {
namespace {

constexpr int64_t kChunk = 65536;       // bytes of 0 and 1: some 10 µs to count, more to write
constexpr int64_t kDeviceChunk = 2048;  // a block of 256 threads: eight bytes each

Kernels<NonzeroArgs> count_("nonzero_count"), write_("nonzero");

}  // namespace

Array nonzero_fwd(const Array& x) {
  const Array bools = contiguous(convert(x, DType::b8));
  const bool on_cpu = x.device() == Device::cpu;
  const int64_t size = x.size(), chunk = on_cpu ? kChunk : kDeviceChunk, chunks = (size + chunk - 1) / chunk;
  const Array start = Array::empty({chunks + 1}, DType::i64, x.device());
  NonzeroArgs args{.x = bools.data<uint8_t>(),
                   .n = size,
                   .chunk = chunk,
                   .start = start.data<int64_t>(),
                   .rows = nullptr,
                   .ndim = x.ndim(),
                   .shape = {}};
  std::copy_n(x.shape().begin(), x.ndim(), args.shape);
  int64_t found = 0;
  if (size) launch(count_.choose(x.device(), DType::b8, args), args, size, chunk);
  if (size && on_cpu) {
    args.start[0] = 0;
    std::partial_sum(args.start, args.start + chunks + 1, args.start);
  }
  if (size) found = *to_device(start.slice(0, chunks, 1, 1), Device::cpu).data<int64_t>();
  const Array out = Array::empty({found, x.ndim()}, DType::i64, x.device());
  args.rows = out.data<int64_t>();
  if (found) launch(write_.choose(x.device(), DType::b8, args), args, size, chunk);
  return out;
}

}  // namespace dl
