// Counts of whole numbers: a table a chunk, added together. Counts do not depend on their order, so one pass over x
// serves all threads.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "blocks/labels/labels.h"
#include "core/array.h"
#include "core/parallel.h"
#include "ops/index/index.h"

namespace dl {
namespace {

constexpr int64_t kChunk = 65536;   // numbers: some 40 µs of counting
constexpr int64_t kTables = 4;      // equal neighbours count in different places, not one after the other's store …
constexpr int64_t kFewBins = 1024;  // … where four tables fit L1
constexpr int64_t kPerBin = 8;      // numbers a chunk has for each bin at least, so that tables cost less than counting

// The largest as an unsigned number: above every int64 where one is negative.
uint64_t largest_of(const int64_t* p, int64_t n) {
  std::vector<uint64_t> of_chunk(static_cast<size_t>((n + kChunk - 1) / kChunk), 0);
  parallel_for(n, kChunk, [&](int64_t begin, int64_t end) {
    uint64_t a = 0, b = 0;  // two chains of comparisons side by side
    for (int64_t i = begin; i + 1 < end; i += 2) {
      a = std::max(a, static_cast<uint64_t>(p[i]));
      b = std::max(b, static_cast<uint64_t>(p[i + 1]));
    }
    of_chunk[static_cast<size_t>(begin / kChunk)] = std::max({a, b, static_cast<uint64_t>(p[end - 1])});
  });
  return of_chunk.empty() ? 0 : *std::max_element(of_chunk.begin(), of_chunk.end());
}

}  // namespace

Array bincount_fwd(const Array& x, int64_t least) {
  DL_CHECK(x.device() == Device::cpu, DeviceError, "bincount: input must be on the cpu, got ", name(x.device()),
           "; count x.cpu()");
  const Array numbers = as_labels("bincount", "index", x, row_major(x.shape()), "convert with .long()");
  const int64_t* p = numbers.data<int64_t>();
  const int64_t n = numbers.size();
  const uint64_t most = largest_of(p, n);
  if (most > INT64_MAX)
    check_labels("bincount", "index", numbers, std::max(least, *std::max_element(p, p + n) + 1),
                 "elements in dimension 0");
  const int64_t bins = std::max(least, n ? static_cast<int64_t>(most) + 1 : 0);
  const int64_t chunk = std::max(kChunk, kPerBin * bins), chunks = std::max<int64_t>((n + chunk - 1) / chunk, 1);
  const int64_t tables = bins <= kFewBins ? kTables : 1, step = tables > 1 ? bins : 0;
  const Array counts = Array::empty({chunks * tables, bins}, DType::i64);
  int64_t* table = counts.data<int64_t>();
  std::fill(table, table + counts.size(), 0);
  parallel_for(n, chunk, [&](int64_t begin, int64_t end) {
    int64_t *a = table + begin / chunk * tables * bins, *b = a + step, *c = b + step, *d = c + step;
    int64_t i = begin;
    for (; i + kTables <= end; i += kTables) {
      ++a[p[i]];
      ++b[p[i + 1]];
      ++c[p[i + 2]];
      ++d[p[i + 3]];
    }
    for (; i < end; ++i) ++a[p[i]];
  });
  const Array out = Array::empty({bins}, DType::i64);
  int64_t* sums = out.data<int64_t>();
  parallel_for(bins, kChunk / kTables, [&](int64_t begin, int64_t end) {
    std::copy(table + begin, table + end, sums + begin);
    for (int64_t k = 1; k < chunks * tables; ++k)
      for (int64_t v = begin; v < end; ++v) sums[v] += table[k * bins + v];
  });
  return out;
}

}  // namespace dl
