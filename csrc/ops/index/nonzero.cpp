// The indices of the elements that are not 0: a count a chunk, then each chunk writes where its rows begin.
#include <cstring>
#include <numeric>
#include <vector>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/parallel.h"
#include "ops/index/index.h"

namespace dl {
namespace {

constexpr int64_t kChunk = 65536;  // bytes of 0 and 1: some 10 µs to count, more to write

// f(position) for each byte that is 1, eight bytes at a time.
template <class F>
void each_true(const uint8_t* p, int64_t begin, int64_t end, const F& f) {
  int64_t i = begin;
  for (; i + 8 <= end; i += 8) {
    uint64_t word;
    std::memcpy(&word, p + i, 8);
    for (; word; word &= word - 1) f(i + __builtin_ctzll(word) / 8);
  }
  for (; i < end; ++i)
    if (p[i]) f(i);
}

int64_t count_true(const uint8_t* p, int64_t begin, int64_t end) {
  int64_t n = 0, i = begin;
  for (; i + 8 <= end; i += 8) {
    uint64_t word;
    std::memcpy(&word, p + i, 8);
    n += __builtin_popcountll(word);
  }
  for (; i < end; ++i) n += p[i];
  return n;
}

}  // namespace

Array nonzero_fwd(const Array& x) {
  DL_CHECK(x.device() == Device::cpu, DeviceError, "nonzero: the tensor must be on the cpu, got ", name(x.device()));
  const Array bools = contiguous(convert(x, DType::b8));
  const uint8_t* p = bools.data<uint8_t>();
  const int64_t size = x.size(), chunks = (size + kChunk - 1) / kChunk;
  std::vector<int64_t> start(static_cast<size_t>(chunks) + 1);
  parallel_for(size, kChunk, [&](int64_t begin, int64_t end) {
    start[static_cast<size_t>(begin / kChunk) + 1] = count_true(p, begin, end);
  });
  std::partial_sum(start.begin(), start.end(), start.begin());
  const Array out = Array::empty({start.back(), x.ndim()}, DType::i64);
  const Dims shape = x.shape();
  const int ndim = x.ndim();
  int64_t* rows = out.data<int64_t>();
  parallel_for(size, kChunk, [&](int64_t begin, int64_t end) {
    int64_t* row = rows + start[static_cast<size_t>(begin / kChunk)] * ndim;
    each_true(p, begin, end, [&](int64_t at) {
      for (int d = ndim - 1; d > 0; --d) {
        row[d] = at % shape[d];
        at /= shape[d];
      }
      if (ndim) row[0] = at;
      row += ndim;
    });
  });
  return out;
}

}  // namespace dl
