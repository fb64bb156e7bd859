// Kernels whose threads take 16 bytes at a time where a row is a multiple of that: a view that is not aligned gives the
// same bits as one that is, and nothing beside the rows is written.
#include <tuple>

#include "anywhere.h"
#include "blocks/colsum/colsum.h"
#include "ops/norm/norm.h"
#include "ops/rnn/rnn.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace dl::cuda {
#define BOTH(NAME, ARGS) \
  void NAME##_f32(const ARGS&, int64_t begin, int64_t end); \
  void NAME##_f64(const ARGS&, int64_t begin, int64_t end); \
  constexpr auto NAME = std::tuple(&NAME##_f32, &NAME##_f64);
BOTH(softmax_fwd, SoftmaxArgs)
BOTH(log_softmax_fwd, SoftmaxArgs)
BOTH(logsumexp_fwd, SoftmaxArgs)
BOTH(softmax_bwd, SoftmaxArgs)
BOTH(log_softmax_bwd, SoftmaxArgs)
BOTH(cross_entropy_fwd, XentArgs)
BOTH(cross_entropy_bwd, XentArgs)
BOTH(column_sums, ColumnSumArgs)
BOTH(batch_norm_stats, NormArgs)
BOTH(batch_norm_sums, NormArgs)
BOTH(batch_norm_fwd, NormArgs)
BOTH(batch_norm_bwd, NormArgs)
BOTH(row_norm_fwd, RowNormArgs)
BOTH(row_norm_bwd, RowNormArgs)
BOTH(rnn_tanh_cell_fwd, RnnCellArgs)
BOTH(rnn_tanh_cell_bwd, RnnCellArgs)
BOTH(lstm_cell_fwd, RnnCellArgs)
BOTH(lstm_cell_bwd, RnnCellArgs)
BOTH(gru_cell_fwd, RnnCellArgs)
BOTH(gru_cell_bwd, RnnCellArgs)
#undef BOTH
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

// A pack, less than a warp's and more, more than a warp may have; and no multiples.
constexpr int64_t kClasses[] = {4, 36, 140, 1036, 2, 7, 67, 1031};
constexpr int64_t kRows = 3;

template <class T, class Launcher>
void check_softmax(Launcher launcher, bool one_a_row = false) {
  for (const int64_t classes : kClasses)
    same_anywhere(3, [=](Offsets at) {
      const Around<T> x(kRows * classes, at(0), 1), g(kRows * classes, at(1), 2),
          out(one_a_row ? kRows : kRows * classes, at(2));
      launcher({.x = x.at, .g = g.at, .out = out.at, .classes = classes, .inner = 1}, 0, kRows);
      return out.host();
    });
}

#define SOFTMAX(NAME, ...) \
  TEST(NAME##_of_views) { \
    check_softmax<float>(std::get<0>(cuda::NAME), ##__VA_ARGS__); \
    check_softmax<double>(std::get<1>(cuda::NAME), ##__VA_ARGS__); \
  }
SOFTMAX(softmax_fwd)
SOFTMAX(log_softmax_fwd)
SOFTMAX(logsumexp_fwd, true)
SOFTMAX(softmax_bwd)
SOFTMAX(log_softmax_bwd)

template <class T, class Launcher>
void check_cross_entropy(Launcher forward, Launcher backward) {
  for (const int64_t classes : kClasses)
    same_anywhere(4, [=](Offsets at) {
      const Around<T> x(kRows * classes, at(0), 1), w(classes, at(1), 2), dx(kRows * classes, at(2)),
          again(kRows * classes, at(3)), stats(2 * kRows, 0), loss(kRows, 0);
      const Device<int64_t> target(std::vector<int64_t>{0, classes - 1, 1});
      dl::XentArgs args{.x = x.at,
                        .target = target.at,
                        .stats = stats.at,
                        .rows = kRows,
                        .classes = classes,
                        .inner = 1,
                        .grain = kRows,
                        .loss = loss.at,
                        .dx = dx.at,
                        .weight = w.at,
                        .weight_sum = 3,
                        .smoothing = 0.1,
                        .ignored = -100};
      forward(args, 0, kRows);
      args.dx = again.at;
      backward(args, 0, kRows);
      const auto gradient = dx.host();
      EXPECT(gradient == again.host());
      return joined(gradient, loss.host(), stats.host());
    });
}
TEST(cross_entropy_of_views) {
  check_cross_entropy<float>(std::get<0>(cuda::cross_entropy_fwd), std::get<0>(cuda::cross_entropy_bwd));
  check_cross_entropy<double>(std::get<1>(cuda::cross_entropy_fwd), std::get<1>(cuda::cross_entropy_bwd));
}

// Whole runs, and rows or strides that are none; of one chunk of rows, and of two.
template <class T, class Launcher>
void check_column_sums(Launcher launcher) {
  for (const auto& [rows, columns, stride] :
       {std::tuple(9, 4, 4), {9, 36, 36}, {300, 36, 40}, {9, 7, 7}, {9, 36, 37}, {300, 67, 68}})
    same_anywhere(2, [&](Offsets at) {
      const int64_t n = (rows - 1) * stride + columns, chunks = (rows + dl::kSumRows - 1) / dl::kSumRows;
      const Around<T> x(n, at(0), 1), out(chunks * columns, at(1));
      launcher({.x = x.at, .out = out.at, .rows = rows, .columns = columns, .stride = stride}, 0, chunks);
      const std::vector<T> values = x.host(), sums = out.host();
      for (int64_t c = 0; c < columns; ++c) {
        double expected = 0, sum = 0;
        for (int64_t i = 0; i < rows; ++i) expected += static_cast<double>(values[i * stride + c]);
        for (int64_t k = 0; k < chunks; ++k) sum += static_cast<double>(sums[k * columns + c]);
        EXPECT(std::abs(sum - expected) < 1e-3);
      }
      return sums;
    });
}
TEST(column_sums_of_views) {
  check_column_sums<float>(std::get<0>(cuda::column_sums));
  check_column_sums<double>(std::get<1>(cuda::column_sums));
}

struct NormShape {
  int64_t outer, channels, inner;
};
// Pixels of whole and of other runs of channels, a block's 32 and more, one part and two; planes alike.
constexpr NormShape kBatches[] = {{9, 4, 1},  {9, 36, 1}, {300, 36, 1}, {9, 7, 1},  {9, 67, 1},
                                  {3, 5, 36}, {2, 3, 4},  {5, 1, 1200}, {3, 5, 49}, {5, 1, 1201}};

template <class T, int kType>
void check_batch_norm(bool relu) {
  for (const auto& [outer, channels, inner] : kBatches)
    same_anywhere(11, [&](Offsets at) {
      const int64_t n = outer * channels * inner;
      const Around<T> x(n, at(0), 1), g(n, at(1), 2), w(channels, at(2), 3), b(channels, at(3), 4), y(n, at(4)),
          dx(n, at(5)), mean(channels, at(6)), invstd(channels, at(7)), dw(channels, at(8)), db(channels, at(9)),
          means(2 * channels, at(10));
      dl::NormArgs args{.x = x.at,
                        .g = g.at,
                        .out = y.at,
                        .sums = nullptr,
                        .params = nullptr,
                        .total = n,
                        .channels = channels,
                        .inner = inner,
                        .width = 0,
                        .step = 0,
                        .lanes = 0,
                        .relu = relu,
                        .training = true,
                        .stream = false};
      args.device = {.weight = w.at, .bias = b.at, .mean = mean.at, .invstd = invstd.at};
      args.device.dweight = dw.at;
      args.device.dbias = db.at;
      args.device.means = means.at;
      args.device.eps = 1e-5;
      args.device.batch = true;
      std::get<kType>(cuda::batch_norm_stats)(args, 0, n);
      std::get<kType>(cuda::batch_norm_fwd)(args, 0, n);
      args.out = dx.at;
      std::get<kType>(cuda::batch_norm_sums)(args, 0, n);
      std::get<kType>(cuda::batch_norm_bwd)(args, 0, n);
      return joined(y.host(), dx.host(), mean.host(), invstd.host(), dw.host(), db.host(), means.host());
    });
}
TEST(batch_norm_of_views) {
  for (const bool relu : {false, true}) {
    check_batch_norm<float, 0>(relu);
    check_batch_norm<double, 1>(relu);
  }
}

struct RowShape {
  int64_t rows, size, inner, groups;
};
constexpr RowShape kNormRows[] = {{5, 4, 1, 1},   {5, 140, 1, 1}, {2, 2052, 1, 1}, {5, 7, 1, 1},
                                  {5, 131, 1, 1}, {6, 36, 12, 2}, {2, 2080, 4, 1}, {6, 21, 7, 2}};

template <class T, int kType>
void check_row_norm() {
  for (const auto& [rows, size, inner, groups] : kNormRows)
    same_anywhere(8, [&](Offsets at) {
      const int64_t params = groups * size / inner;
      const Around<T> x(rows * size, at(0), 1), g(rows * size, at(1), 2), w(params, at(2), 3), b(params, at(3), 4),
          y(rows * size, at(4)), dx(rows * size, at(5)), stats(2 * rows, 0), dw(params, at(6)), db(params, at(7));
      dl::RowNormArgs args{.x = x.at,
                           .g = g.at,
                           .out = y.at,
                           .stats = stats.at,
                           .weight = w.at,
                           .bias = b.at,
                           .sums = nullptr,
                           .size = size,
                           .inner = inner,
                           .groups = groups,
                           .grain = rows,
                           .eps = 1e-5};
      std::get<kType>(cuda::row_norm_fwd)(args, 0, rows);
      args.out = dx.at;
      args.dweight = dw.at;
      args.dbias = db.at;
      std::get<kType>(cuda::row_norm_bwd)(args, 0, rows);
      return joined(y.host(), dx.host(), stats.host(), dw.host(), db.host());
    });
}
TEST(row_norm_of_views) {
  check_row_norm<float, 0>();
  check_row_norm<double, 1>();
}

struct CellShape {
  int64_t hidden, state_stride, gap;  // gap: between a row's gates and the next one's
};
// Whole runs, and what keeps rows from being whole: their length, the stride of states, the stride of gates.
constexpr CellShape kCells[] = {{4, 4, 0}, {36, 72, 4}, {7, 8, 0}, {36, 37, 0}, {36, 36, 1}};

// Of one step with all that a cell may need: `gates` numbers of a_t and u_t a column, `kept` places for them.
template <class T, class Launcher>
void check_cell(Launcher forward, Launcher backward, int64_t gates, int64_t kept) {
  for (const auto& [hidden, state_stride, gap] : kCells)
    same_anywhere(12, [&](Offsets at) {
      const int64_t stride = kept * hidden + gap, states = (kRows - 1) * state_stride + hidden, n = kRows * hidden;
      const Around<T> x(kRows * stride, at(0), 1), u(gates * n, at(1), 2), h(states, at(2), 3), c(states, at(3), 4),
          y(states, at(4), 5), h_before(n, at(5)), c_before(n, at(6)), g(states, at(7), 6), dh(n, at(8), 7),
          dc(n, at(9), 8), da(gates * n, at(10), 9), du(gates * n, at(11), 10);
      const std::vector<T> x_was = x.host(), y_was = y.host();
      const dl::RnnCellArgs args{.hidden = hidden,
                                 .gates = x.at,
                                 .gates_stride = stride,
                                 .product = u.at,
                                 .h = h.at,
                                 .c = c.at,
                                 .y = y.at,
                                 .state_stride = state_stride,
                                 .h_before = h_before.at,
                                 .c_before = gates == 4 ? c_before.at : nullptr,
                                 .g = g.at,
                                 .dh = dh.at,
                                 .dc = dc.at,
                                 .da = da.at,
                                 .du = du.at};
      forward(args, 0, kRows);
      backward(args, 0, kRows);
      const std::vector<T> x_is = x.host(), y_is = y.host();
      for (int64_t i = 0; i < kRows * stride; ++i) EXPECT(i % stride < kept * hidden || x_is[i] == x_was[i]);
      for (int64_t i = 0; i < states; ++i) EXPECT((i % state_stride < hidden) == (y_is[i] != y_was[i]));
      return joined(x_is, y_is, h.host(), c.host(), h_before.host(), dh.host(), dc.host(), da.host(), du.host());
    });
}

#define CELL(NAME, GATES, KEPT) \
  TEST(NAME##_cell_of_views) { \
    check_cell<float>(std::get<0>(cuda::NAME##_cell_fwd), std::get<0>(cuda::NAME##_cell_bwd), GATES, KEPT); \
    check_cell<double>(std::get<1>(cuda::NAME##_cell_fwd), std::get<1>(cuda::NAME##_cell_bwd), GATES, KEPT); \
  }
CELL(rnn_tanh, 1, 1)
CELL(lstm, 4, 4)
CELL(gru, 3, 4)

}  // namespace
