// Launchers of recurrences, attention, transforms and sampled images, called directly on exact-size buffers: under
// AddressSanitizer this is the run that sees every access. Against the shared formula, or a sum in double.
#include <cmath>
#include <cstdint>

#include "check.h"
#include "core/flush_subnormals.h"
#include "ops/attention/attention.h"
#include "ops/grid_sample/grid_sample.h"
#include "ops/resample/formula.h"
#include "ops/resample/resample.h"
#include "ops/rnn/formula.h"
#include "ops/rnn/rnn.h"
#include "ops/stft/stft.h"

namespace dl::cuda {
void gru_cell_fwd_f32(const RnnCellArgs&, int64_t begin, int64_t end);
void resample_linear_f32(const ResampleArgs&, int64_t begin, int64_t end);
void dft_fwd_f64(const DftArgs&, int64_t begin, int64_t end);
void grid_sample_bwd_x_f32(const GridSampleArgs&, int64_t begin, int64_t end);
void attention_fwd_f32(const AttentionArgs&, int64_t begin, int64_t end);
void attention_bwd_f32(const AttentionArgs&, int64_t begin, int64_t end);
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

using Size = std::size_t;

std::vector<float> floats(Size n, unsigned seed) {
  return numbers<float>(n, [=](Size i) {
    return static_cast<float>(static_cast<std::int32_t>((static_cast<unsigned>(i) + seed) * 2654435761u)) / (1u << 30);
  });
}

TEST(a_gru_step_is_its_formula) {
  const Size rows = 3, H = 7;
  const auto a = floats(rows * 4 * H, 1), u = floats(rows * 3 * H, 2), before = floats(rows * H, 3);
  Device<float> gates(a), product(u), h(before), y(rows * H), kept(rows * H);
  dl::RnnCellArgs args{};
  args.hidden = H;
  args.gates = gates.at;
  args.gates_stride = 4 * H;
  args.product = product.at;
  args.h = h.at;
  args.y = y.at;
  args.state_stride = H;
  args.h_before = kept.at;
  cuda::gru_cell_fwd_f32(args, 0, rows);
  const auto got = y.host(), state = h.host();
  EXPECT(kept.host() == before && got == state);
  const dl::FlushSubnormals flush;
  for (Size r = 0; r < rows; ++r)
    for (Size i = 0; i < H; ++i) {
      const float *x = &a[r * 4 * H + i], *p = &u[r * 3 * H + i];
      const auto gate = cuda::gru_gates<float>({x[0], x[H], x[2 * H]}, {p[0], p[H], p[2 * H]});
      EXPECT(got[r * H + i] == cuda::gru_state(gate, before[r * H + i]));
    }
}

TEST(a_blend_reads_its_four_pixels) {
  const std::vector<std::int32_t> low{0, 0, 1}, high{1, 1, 2};
  const std::vector<float> low_weight{0.75f, 0.25f, 0.5f}, high_weight{0.25f, 0.75f, 0.5f}, x = floats(9, 4);
  dl::ResampleAxis axis{};
  axis.in = axis.out = 3;
  axis.low = low.data();
  axis.high = high.data();
  axis.low_weight = low_weight.data();
  axis.high_weight = high_weight.data();
  Device<float> in(x), out(9);
  cuda::resample_linear_f32({.x = in.at, .y = out.at, .channels = 1, .h = axis, .w = axis}, 0, 3);
  const auto y = out.host();
  for (Size p = 0; p < 3; ++p)
    for (Size q = 0; q < 3; ++q) {
      const auto at = [&](int r, int c) { return x[static_cast<Size>(3 * r + c)]; };
      EXPECT(y[3 * p + q] == cuda::blend(at(low[p], low[q]), at(low[p], high[q]), at(high[p], low[q]),
                                         at(high[p], high[q]), low_weight[p], high_weight[p], low_weight[q],
                                         high_weight[q]));
    }
}

// Frames that overlap, of as many points as one factor, several, and two lines of which shared memory has no room.
TEST(a_transform_is_its_sum) {
  struct Kind {
    Size points;
    std::vector<int64_t> factors;
  };
  for (const Kind& kind : {Kind{7, {7}}, Kind{24, {4, 3}}, Kind{3074, {29, 53}}}) {
    const Size N = kind.points, F = N / 2 + 1, rows = 2;
    const auto x = numbers<double>(N + 1, [](Size i) { return std::sin(static_cast<double>(i * i)); });
    const auto roots = numbers<double>(2 * N, [=](Size i) {
      const double turn = 2 * M_PI * static_cast<double>(i / 2) / static_cast<double>(N);
      return i % 2 ? -std::sin(turn) : std::cos(turn);
    });
    Device<double> in(x), table(roots), out(rows * F * 2);
    dl::DftArgs args{};
    args.x = in.at;
    args.roots = table.at;
    args.y = out.at;
    args.points = static_cast<int64_t>(N);
    args.frequencies = static_cast<int64_t>(F);
    args.transform = static_cast<int64_t>(N % 2 ? N : N / 2);
    for (const int64_t f : kind.factors) args.factor[args.factors++] = f;
    args.inner = rows;
    args.inner_step = 1;
    cuda::dft_fwd_f64(args, 0, rows);
    const auto y = out.host();
    for (Size r = 0; r < rows; ++r)
      for (Size k = 0; k < F; k += 1 + F / 16) {
        double re = 0, im = 0;
        for (Size i = 0; i < N; ++i) {
          re += x[r + i] * roots[2 * (i * k % N)];
          im += x[r + i] * roots[2 * (i * k % N) + 1];
        }
        EXPECT(std::abs(y[2 * (r * F + k)] - re) < 1e-9 && std::abs(y[2 * (r * F + k) + 1] - im) < 1e-9);
      }
  }
}

TEST(points_that_meet_at_a_pixel_are_added_in_order) {
  const Size points = 300;  // more than a tile of the sort
  const auto g = floats(points, 5);
  Device<float> grid(std::vector<float>(2 * points, 0.0f)), gradient(g), dx(2 * 3 * 3);
  dl::GridSampleArgs args{};
  args.grid = grid.at;
  args.g = gradient.at;
  args.out = dx.at;
  args.c = 1;
  args.h = args.w = 3;
  args.p = 1;
  args.q = static_cast<int64_t>(points / 2);
  args.align_corners = true;
  cuda::grid_sample_bwd_x_f32(args, 0, 2);
  const auto got = dx.host();
  const dl::FlushSubnormals flush;
  for (Size n = 0; n < 2; ++n) {
    float sum = 0;
    for (Size i = 0; i < points / 2; ++i) sum += g[n * points / 2 + i];
    for (Size i = 0; i < 9; ++i) EXPECT(got[9 * n + i] == (i == 4 ? sum : 0.0f));
  }
}

struct Heads {
  std::vector<int64_t> at;
  Heads(Size rows, Size columns) : at{0, static_cast<int64_t>(rows * columns)} {}
  dl::AttentionHeads of(Device<float>& x, Size columns) const {
    return {x.at, at.data(), static_cast<int64_t>(columns), 1};
  }
};

// More keys than a tile, and sides that are no multiple of anything.
TEST(attention_is_its_sums) {
  const Size L = 5, S = 67, E = 19, V = 3, heads = 2;
  const auto q = floats(heads * L * E, 6), k = floats(heads * S * E, 7), v = floats(heads * S * V, 8);
  const auto g = floats(heads * L * V, 9);
  Device<float> dq(heads * L * E), dk(heads * S * E), dv(heads * S * V), y(heads * L * V), stats(heads * L * 2);
  Device<float> in_q(q), in_k(k), in_v(v), in_g(g);
  const Heads of_q(L, E), of_k(S, E), of_v(S, V), of_y(L, V);
  dl::AttentionArgs args{.scores = nullptr, .stats = stats.at, .keys = S, .first = 0, .causal = false, .scale = 0.5};
  args.device = {.q = of_q.of(in_q, E),
                 .k = of_k.of(in_k, E),
                 .v = of_v.of(in_v, V),
                 .y = of_y.of(y, V),
                 .g = of_y.of(in_g, V),
                 .dq = of_q.of(dq, E),
                 .dk = of_k.of(dk, E),
                 .dv = of_v.of(dv, V),
                 .mask = {},
                 .queries = L,
                 .width = E,
                 .value_width = V};
  cuda::attention_fwd_f32(args, 0, heads);
  cuda::attention_bwd_f32(args, 0, heads);
  const auto got = y.host(), got_dv = dv.host(), got_dq = dq.host();
  for (Size h = 0; h < heads; ++h) {
    std::vector<double> sum_dv(S * V, 0.0);
    for (Size i = 0; i < L; ++i) {
      std::vector<double> p(S), dp(S), out(V, 0.0);
      double total = 0, dot = 0;
      for (Size j = 0; j < S; ++j) {
        double s = 0;
        for (Size e = 0; e < E; ++e) s += double(q[(h * L + i) * E + e]) * double(k[(h * S + j) * E + e]);
        total += p[j] = std::exp(0.5 * s);
        for (Size e = 0; e < V; ++e) dp[j] += double(g[(h * L + i) * V + e]) * double(v[(h * S + j) * V + e]);
      }
      for (Size j = 0; j < S; ++j) {
        p[j] /= total;
        dot += p[j] * dp[j];
        for (Size e = 0; e < V; ++e) {
          out[e] += p[j] * double(v[(h * S + j) * V + e]);
          sum_dv[j * V + e] += p[j] * double(g[(h * L + i) * V + e]);
        }
      }
      for (Size e = 0; e < V; ++e) EXPECT(std::abs(got[(h * L + i) * V + e] - out[e]) < 1e-5);
      for (Size e = 0; e < E; ++e) {
        double d = 0;
        for (Size j = 0; j < S; ++j) d += 0.5 * p[j] * (dp[j] - dot) * double(k[(h * S + j) * E + e]);
        EXPECT(std::abs(got_dq[(h * L + i) * E + e] - d) < 1e-4);
      }
    }
    for (Size i = 0; i < S * V; ++i) EXPECT(std::abs(got_dv[h * S * V + i] - sum_dv[i]) < 1e-4);
  }
}

}  // namespace
