// The sorts and running totals that kernels share, and scatters where they do not run: more keys than a sort has bits
// for, and indices out of range, which the library reports and a kernel leaves out. On exact-size buffers.
#include <algorithm>
#include <cstdint>
#include <numeric>

#include "check.h"
#include "cuda/segments.cuh"
#include "ops/index/index.h"

namespace dl::cuda {
void gather_32(const IndexArgs&, int64_t begin, int64_t end);
void scatter_32(const IndexArgs&, int64_t begin, int64_t end);
void scatter_add_f32(const IndexArgs&, int64_t begin, int64_t end);
void index_offsets_i64(const OffsetArgs&, int64_t begin, int64_t end);
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

std::uint64_t drawn(std::size_t i) {
  std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  return z ^ z >> 27;
}

// ---- running totals ----

template <class T>
void check_prefix_sums(std::size_t n) {
  const auto x = numbers<T>(n, [](std::size_t i) { return static_cast<T>(drawn(i) % 9); });
  Device<T> at(x);
  cuda::prefix_sums("prefix", at.at, static_cast<int64_t>(n));
  const auto got = at.host();
  T sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT(got[i] == sum);
    sum += x[i];
  }
}

TEST(running_totals_of_any_length) {
  for (const std::size_t n : {1, 31, 256, 257, 2048, 2049, 5000}) check_prefix_sums<std::int64_t>(n);
  check_prefix_sums<std::int32_t>(2048 * 256 + 2049);  // more sums of tiles than the one block has threads
}

// ---- sorts ----

template <class E>
void check_rows(std::int64_t rows, std::int64_t n, int low, int high) {
  const auto size = static_cast<std::size_t>(rows * n);
  auto x = numbers<E>(size, [](std::size_t i) { return static_cast<E>(drawn(i)) << 16 | static_cast<E>(i & 0xffff); });
  const Device<E> given(x);
  cuda::RadixSort<E> sort(rows, n);
  dl::cuda::check(cudaMemcpyAsync(sort.entries, given.at, size * sizeof(E), cudaMemcpyDeviceToDevice, nullptr),
                  "copying");
  sort.sort("sort", low, high);
  std::vector<E> got(size);
  dl::cuda::check(cudaMemcpyAsync(got.data(), sort.entries, size * sizeof(E), cudaMemcpyDeviceToHost, nullptr),
                  "download");
  dl::cuda::check(cudaStreamSynchronize(nullptr), "download");
  const auto bits = [=](E e) { return e >> low & ((E(1) << (high - low)) - 1); };
  for (std::int64_t r = 0; r < rows; ++r)
    std::stable_sort(x.begin() + r * n, x.begin() + (r + 1) * n, [&](E a, E b) { return bits(a) < bits(b); });
  EXPECT(got == x);
}

TEST(rows_are_sorted_stably_by_some_bits) {
  for (const std::int64_t n : {1, 33, 2048, 2049, 5001}) check_rows<std::uint64_t>(1, n, 20, 28);
  check_rows<std::uint64_t>(3, 2500, 16, 40);
  check_rows<std::uint64_t>(1, 9000, 16, 24);  // many equals
  check_rows<unsigned __int128>(2, 3000, 16, 48);
}

TEST(segments_list_each_key_s_places) {
  const std::int64_t n = 5000, limit = 70;
  const auto keys = numbers<std::int64_t>(n, [](std::size_t i) {
    return i == 7 ? -1 : i == 9 ? std::int64_t{1} << 40 : static_cast<std::int64_t>(drawn(i) % 71);
  });
  const Device<std::int64_t> at(keys);
  const cuda::Segments segments(at.at, n, limit, 5);
  std::vector<std::uint64_t> items(n);
  std::vector<std::int32_t> start(limit + 1);
  dl::cuda::check(cudaMemcpyAsync(items.data(), segments.items, n * 8, cudaMemcpyDeviceToHost, nullptr), "download");
  dl::cuda::check(cudaMemcpyAsync(start.data(), segments.start, start.size() * 4, cudaMemcpyDeviceToHost, nullptr),
                  "download");
  dl::cuda::check(cudaStreamSynchronize(nullptr), "download");
  for (std::int64_t v = 0, i = 0; v < limit; ++v) {
    EXPECT(start[v] == i);
    for (std::int64_t place = 0; v != 5 && place < n; ++place)
      if (keys[place] == v) EXPECT(items[i++] == static_cast<std::uint64_t>(v << 32 | place));
    EXPECT(start[v + 1] == i);
  }
}

// ---- scatters ----

dl::IndexArgs scatter_args(float* out, const float* in, const int64_t* index, int64_t count, int64_t limit) {
  dl::IndexArgs a{.out = out, .in = in, .index = index, .step = 1, .nest = {}, .limit = limit};
  a.nest.ndim = 1;
  a.nest.size[0] = 1;
  a.count = count;
  a.index_step = a.in_step = 1;
  return a;
}

// limit 2^33 takes the way without a sort, though dst is small; both leave out -1 and `limit`.
TEST(a_scatter_leaves_out_what_is_out_of_range) {
  constexpr std::int64_t kSlots = 10, kCount = 300;
  const auto index = numbers<int64_t>(
      kCount, [](std::size_t i) { return i % 50 == 3 ? -1 : static_cast<int64_t>(drawn(i) % kSlots); });
  const auto values = numbers<float>(kCount, [](std::size_t i) { return 0.1f * static_cast<float>(i); });
  std::vector<float> sums(kSlots, 1), last(kSlots, 1);
  for (std::size_t j = 0; j < index.size(); ++j) {
    if (index[j] < 0) continue;
    sums[index[j]] += values[j];
    last[index[j]] = values[j];
  }
  const Device<float> in(values);
  for (const std::int64_t limit : {kSlots, std::int64_t{1} << 33}) {
    auto mine = index;
    mine[3] = limit;
    const Device<int64_t> at(mine);
    const Device<float> added(std::vector<float>(kSlots, 1)), set(std::vector<float>(kSlots, 1));
    cuda::scatter_add_f32(scatter_args(added.at, in.at, at.at, kCount, limit), 0, 1);
    cuda::scatter_32(scatter_args(set.at, in.at, at.at, kCount, limit), 0, 1);
    EXPECT(added.host() == sums && set.host() == last);
  }
}

TEST(a_gather_of_what_is_out_of_range_is_0) {
  const Device<int64_t> index(std::vector<int64_t>{1, -1, 2, 0, std::int64_t{1} << 40});
  const Device<float> in(std::vector<float>{5, 6}), out(5);
  dl::IndexArgs a{.out = out.at, .in = in.at, .index = index.at, .step = 1, .nest = {}, .limit = 2};
  a.nest.ndim = 1;
  a.nest.size[0] = 5;
  a.nest.stride[0][0] = a.nest.stride[1][0] = 1;
  cuda::gather_32(a, 0, 5);
  EXPECT((out.host() == std::vector<float>{6, 0, 0, 5, 0}));
  a.limit = 0;  // of nothing
  a.in = nullptr;
  cuda::gather_32(a, 0, 5);
  EXPECT((out.host() == std::vector<float>{0, 0, 0, 0, 0}));
}

TEST(offsets_of_what_is_out_of_range_are_negative) {
  const Device<int64_t> first(std::vector<int64_t>{0, -1, 2, -3}), second(std::vector<int64_t>{4, 5, -5, -6});
  const Device<int64_t> out(4);
  const dl::OffsetArgs a{.out = out.at, .count = 2, .index = {first.at, second.at}, .size = {3, 5}, .step = {100, 7}};
  cuda::index_offsets_i64(a, 0, 4);
  EXPECT((out.host() == std::vector<int64_t>{28, -1, 200, -1}));
}

}  // namespace
