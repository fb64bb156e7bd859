// Kernels whose threads take 16 bytes at a time where a row is a multiple of that: a view that is not aligned gives the
// same bits as one that is, and nothing beside the rows is written.
#include <cstring>
#include <tuple>

#include "check.h"
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
#undef BOTH
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

constexpr int kAround = 4;  // elements of poison on either side: 16 bytes, so that a buffer's rows are aligned

// n numbers, or n unwritten ones, `offset` elements behind an aligned address.
template <class T>
class Around {
 public:
  Around(int64_t n, int offset, unsigned seed = 0)
      : before_(kAround + offset),
        n_(n),
        memory_(numbers<T>(before_ + n + kAround,
                           [=](std::size_t i) {
                             const std::uint32_t r = (static_cast<std::uint32_t>(i) - before_ + seed) * 2654435761u;
                             const bool poison = !seed || i < static_cast<std::size_t>(before_) ||
                                                 i >= static_cast<std::size_t>(before_ + n);
                             return poison ? kPoison : T(static_cast<std::int32_t>(r)) / T(1 << 29);
                           })),
        at(memory_.at + before_) {}

  /// The n numbers; what is around them must be as it was.
  std::vector<T> host() const {
    const std::vector<T> all = memory_.host();
    for (int i = 0; i < before_; ++i) EXPECT(all[i] == kPoison);
    for (int i = 0; i < kAround; ++i) EXPECT(all[before_ + n_ + i] == kPoison);
    return {all.begin() + before_, all.end() - kAround};
  }

 private:
  static constexpr T kPoison = T(-12345);
  int before_;
  int64_t n_;
  Device<T> memory_;

 public:
  T* const at;
};

// run(offset of the first operand, of the second, of the result) -> all that it wrote.
template <class F>
void same_anywhere(const F& run) {
  const auto expected = run(0, 0, 0);
  for (const auto v : expected) EXPECT(v == v && v != decltype(v)(-12345));
  for (const auto& [x, g, out] : {std::tuple(1, 0, 0), {0, 1, 0}, {0, 0, 1}, {1, 1, 1}, {2, 3, 1}}) {
    const auto got = run(x, g, out);
    EXPECT(got.size() == expected.size());
    EXPECT(std::memcmp(got.data(), expected.data(), got.size() * sizeof(got[0])) == 0);
  }
}

template <class T>
std::vector<T> joined(std::vector<T> a, const std::vector<T>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A pack, less than a warp's and more, more than a warp may have; and no multiples.
constexpr int64_t kClasses[] = {4, 36, 140, 1036, 2, 7, 67, 1031};
constexpr int64_t kRows = 3;

template <class T, class Launcher>
void check_softmax(Launcher launcher, bool one_a_row = false) {
  for (const int64_t classes : kClasses)
    same_anywhere([=](int offset_x, int offset_g, int offset_out) {
      const Around<T> x(kRows * classes, offset_x, 1), g(kRows * classes, offset_g, 2),
          out(one_a_row ? kRows : kRows * classes, offset_out);
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
    same_anywhere([=](int offset_x, int offset_w, int offset_dx) {
      const Around<T> x(kRows * classes, offset_x, 1), w(classes, offset_w, 2), dx(kRows * classes, offset_dx),
          again(kRows * classes, offset_dx), stats(2 * kRows, 0), loss(kRows, 0);
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
      return joined(gradient, joined(loss.host(), stats.host()));
    });
}
TEST(cross_entropy_of_views) {
  check_cross_entropy<float>(std::get<0>(cuda::cross_entropy_fwd), std::get<0>(cuda::cross_entropy_bwd));
  check_cross_entropy<double>(std::get<1>(cuda::cross_entropy_fwd), std::get<1>(cuda::cross_entropy_bwd));
}

}  // namespace
