// Rows looked up and their gradients, wherever the table and the rows lie: the bits of plain loops on the host.
#include <algorithm>
#include <tuple>

#include "anywhere.h"
#include "ops/embedding/embedding.h"

namespace dl::cuda {
void embedding_fwd_f32(const EmbeddingArgs&, int64_t begin, int64_t end);
void embedding_fwd_f64(const EmbeddingArgs&, int64_t begin, int64_t end);
void embedding_bwd_f32(const EmbeddingArgs&, int64_t begin, int64_t end);
void embedding_bwd_f64(const EmbeddingArgs&, int64_t begin, int64_t end);
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

constexpr int64_t kTable = 5, kPadding = 3, kClose = 64;  // terms of a sum before it joins the total

// Row 2 is never named, row 0 more often than a sum has terms; one index is too large and one is negative.
std::vector<int64_t> named(int64_t n) {
  static constexpr int64_t rows[] = {0, 4, 0, 1, kPadding, 0};
  return numbers<int64_t>(static_cast<std::size_t>(n), [](std::size_t i) {
    return i == 7 ? int64_t{1} << 40 : i == 8 ? -1 : rows[i % 6];
  });
}

// Whole runs, and what keeps rows from being whole: their width, the table's stride.
constexpr std::tuple<int64_t, int64_t> kWidths[] = {{4, 4}, {36, 40}, {1028, 1028}, {7, 8}, {36, 37}, {2, 2}, {6, 6}};

template <class T, class Launcher>
void check_forward(Launcher launcher) {
  constexpr int64_t n = 20;
  const std::vector<int64_t> rows = named(n);
  const Device<int64_t> indices(rows);
  for (const auto& [width, step] : kWidths)
    same_anywhere(2, [&, width = width, step = step](Offsets at) {
      const Around<T> weight((kTable - 1) * step + width, at(0), 1), out(n * width, at(1));
      launcher({.width = width,
                .out = out.at,
                .weight = weight.at,
                .weight_step = step,
                .indices = indices.at,
                .rows = kTable},
               0, n);
      const std::vector<T> table = weight.host(), found = out.host();
      for (int64_t i = 0; i < n * width; ++i) {
        const int64_t row = std::min(std::max<int64_t>(rows[i / width], 0), kTable - 1);
        EXPECT(found[i] == table[row * step + i % width]);
      }
      return found;
    });
}

template <class T, class Launcher>
void check_backward(Launcher launcher) {
  constexpr int64_t n = 300;
  const std::vector<int64_t> rows = named(n);
  const Device<int64_t> indices(rows);
  for (const auto& [width, _] : kWidths)
    same_anywhere(2, [&, width = width](Offsets at) {
      const Around<T> g(n * width, at(0), 1), out(kTable * width, at(1));
      launcher({.width = width,
                .out = out.at,
                .indices = indices.at,
                .g = g.at,
                .rows = kTable,
                .count = n,
                .padding = kPadding},
               0, kTable);
      const std::vector<T> above = g.host(), sums = out.host();
      for (int64_t e = 0; e < kTable * width; ++e) {
        T total = 0, part = 0;
        for (int64_t i = 0, terms = 0; i < n; ++i) {
          if (rows[i] != e / width || rows[i] == kPadding) continue;
          part += above[i * width + e % width];
          if (++terms % kClose) continue;
          total += part;
          part = 0;
        }
        EXPECT(sums[e] == total + part);
      }
      return sums;
    });
}

TEST(rows_of_a_table_anywhere) {
  check_forward<float>(cuda::embedding_fwd_f32);
  check_forward<double>(cuda::embedding_fwd_f64);
}
TEST(gradients_of_a_table_anywhere) {
  check_backward<float>(cuda::embedding_bwd_f32);
  check_backward<double>(cuda::embedding_bwd_f64);
}

}  // namespace
