// Counts of whole numbers: a table a chunk, added together. Counts do not depend on their order, so one pass over x
// serves all threads.
#include <algorithm>
#include <cstdint>

#include "blocks/copy/copy.h"
#include "blocks/labels/labels.h"
#include "core/array.h"
#include "core/launch.h"
#include "ops/index/index.h"

namespace dl {
namespace {

constexpr int64_t kChunk = 65536;   // numbers: some 40 µs of counting
constexpr int64_t kTables = 4;      // as many as BincountArgs speaks of …
constexpr int64_t kFewBins = 1024;  // … where they fit L1
constexpr int64_t kPerBin = 8;      // numbers a chunk has for each bin at least, so that tables cost less than counting

Kernels<BincountArgs> most_("bincount_most"), count_("bincount");

BincountArgs args_of(const Array& numbers, int64_t chunk) {
  return {.x = numbers.data<int64_t>(),
          .n = numbers.size(),
          .chunk = chunk,
          .most = nullptr,
          .counts = nullptr,
          .bins = 0,
          .tables = 1};
}

// The largest as an unsigned number: above every int64 where one is negative.
uint64_t largest_of(const Array& numbers) {
  if (numbers.size() == 0) return 0;
  const int64_t chunks = numbers.device() == Device::cpu ? (numbers.size() + kChunk - 1) / kChunk : 1;
  const Array most = Array::empty({chunks}, DType::i64, numbers.device());
  BincountArgs args = args_of(numbers, kChunk);
  args.most = most.data<uint64_t>();
  launch(most_.choose(numbers.device(), DType::i64, args), args, args.n, kChunk);
  const Array host = to_device(most, Device::cpu);
  return *std::max_element(host.data<uint64_t>(), host.data<uint64_t>() + chunks);
}

}  // namespace

Array bincount_fwd(const Array& x, int64_t least) {
  const Array numbers = as_labels("bincount", "index", x, row_major(x.shape()), "convert with .long()");
  const int64_t n = numbers.size();
  const uint64_t most = largest_of(numbers);
  if (most > INT64_MAX) {
    const Array host = to_device(numbers, Device::cpu);
    const int64_t* p = host.data<int64_t>();
    check_labels("bincount", "index", host, std::max(least, *std::max_element(p, p + n) + 1),
                 "elements in dimension 0");
  }
  const int64_t bins = std::max(least, n ? static_cast<int64_t>(most) + 1 : 0);
  const bool on_cpu = x.device() == Device::cpu;
  const int64_t chunk = on_cpu ? std::max(kChunk, kPerBin * bins) : std::max<int64_t>(n, 1);
  const int64_t tables = on_cpu && bins <= kFewBins ? kTables : 1, rows = std::max<int64_t>((n + chunk - 1) / chunk, 1);
  const Array counts = full({rows * tables, bins}, {Number::integer, 0, 0}, DType::i64, x.device());
  BincountArgs args = args_of(numbers, chunk);
  args.counts = counts.data<int64_t>();
  args.bins = bins;
  args.tables = tables;
  if (bins) launch(count_.choose(x.device(), DType::i64, args), args, n, chunk);
  if (counts.shape(0) == 1) return counts.view({bins});
  const Array out = Array::empty({bins}, DType::i64);
  const int64_t* table = counts.data<int64_t>();
  int64_t* sums = out.data<int64_t>();
  parallel_for(bins, kChunk / kTables, [&](int64_t begin, int64_t end) {
    std::copy(table + begin, table + end, sums + begin);
    for (int64_t k = 1; k < counts.shape(0); ++k)
      for (int64_t v = begin; v < end; ++v) sums[v] += table[k * bins + v];
  });
  return out;
}

}  // namespace dl
