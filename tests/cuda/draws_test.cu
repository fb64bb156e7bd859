// Random numbers and dropout, wherever the memory lies and whatever its length: element by element, from the words of
// the counter that holds it.
#include "anywhere.h"
#include "blocks/random/philox.h"
#include "ops/dropout/dropout.h"
#include "ops/random/formula.h"
#include "ops/random/random.h"

namespace dl::cuda {
void dropout_f32(const DropoutArgs&, int64_t begin, int64_t end);
void dropout_f64(const DropoutArgs&, int64_t begin, int64_t end);
void rand_f32(const RandomArgs&, int64_t begin, int64_t end);
void rand_f64(const RandomArgs&, int64_t begin, int64_t end);
void randn_f32(const RandomArgs&, int64_t begin, int64_t end);
void randn_f64(const RandomArgs&, int64_t begin, int64_t end);
void randint_i64(const RandomArgs&, int64_t begin, int64_t end);
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

// Less than a run, whole groups, and ends within every run of a group.
constexpr int64_t kSizes[] = {1, 3, 17, 39, 58, 64, 131, 1030};
constexpr uint64_t kSeed = 6, kPosition = ~uint64_t{0} - 4;  // counters wrap around
constexpr int kHalf = 2;                                     // of a counter's words

// Element i of the stream, of `draws` a counter: the words that hold it, and which of their draws it is.
struct Drawn {
  uint32_t words[4];
  int draw;
  Drawn(int64_t i, int64_t draws) : draw(static_cast<int>(i / cuda::kCounters % draws)) {
    const int64_t counter = i / (cuda::kCounters * draws) * cuda::kCounters + i % cuda::kCounters;
    cuda::philox(kSeed, kPosition + static_cast<uint64_t>(counter), words);
  }
};

template <class T, class Launcher, class Expected>
void check_drawn(Launcher launcher, dl::RandomArgs args, const Expected& expected) {
  constexpr int64_t kDraws = sizeof(T) == 4 ? 4 : 2, kOfGroup = cuda::kCounters * kDraws;
  for (const int64_t n : kSizes)
    same_anywhere(1, [&](Offsets at) {
      const Around<T> out(n, at(0));
      args.out = out.at;
      args.n = n;
      args.seed = kSeed;
      args.position = kPosition;
      launcher(args, 0, (n + kOfGroup - 1) / kOfGroup);
      const std::vector<T> got = out.host();
      for (int64_t i = 0; i < n; ++i) EXPECT(got[i] == expected(Drawn(i, kDraws), T{}));
      return got;
    });
}

TEST(uniform_numbers_anywhere) {
  const dl::RandomArgs args{.a = -2, .b = 3, .top = 2.9};
  const auto expected = [&](const Drawn& of, auto zero) {
    return cuda::Interval<decltype(zero)>(args).at(cuda::unit<kHalf>(of.words, of.draw, zero));
  };
  check_drawn<float>(cuda::rand_f32, args, expected);
  check_drawn<double>(cuda::rand_f64, args, expected);
}

TEST(normal_numbers_anywhere) {
  const auto expected = [](const Drawn& of, auto zero) {
    using T = decltype(zero);
    constexpr int half = sizeof(T) == 4 ? 2 : 1;
    const T radius = cuda::positive_unit<kHalf>(of.words, of.draw % half, zero);
    const auto z = cuda::normal_pair(radius, cuda::unit<kHalf>(of.words, of.draw % half + half, zero), T(1), T(2));
    return of.draw < half ? z.first : z.second;
  };
  check_drawn<float>(cuda::randn_f32, {.a = 1, .b = 2}, expected);
  check_drawn<double>(cuda::randn_f64, {.a = 1, .b = 2}, expected);
}

TEST(whole_numbers_anywhere) {
  check_drawn<int64_t>(cuda::randint_i64, {.low = -5, .range = 1000}, [](const Drawn& of, int64_t) {
    return cuda::whole_number(cuda::wide_word<kHalf>(of.words, of.draw), -5, 1000);
  });
}

template <class T, class Launcher>
void check_dropout(Launcher launcher) {
  const uint32_t threshold = Drawn(0, 4).words[0];  // which is just enough: 0.3 of 2^32
  for (const int64_t n : kSizes)
    same_anywhere(2, [&](Offsets at) {
      const Around<T> x(n, at(0), 1), out(n, at(1));
      launcher({.x = x.at,
                .out = out.at,
                .n = n,
                .seed = kSeed,
                .position = kPosition,
                .threshold = threshold,
                .scale = 1.5},
               0, (n + cuda::kGroup - 1) / cuda::kGroup);
      const std::vector<T> values = x.host(), got = out.host();
      for (int64_t i = 0; i < n; ++i) {
        const Drawn of(i, 4);
        EXPECT(got[i] == (of.words[of.draw] >= threshold ? values[i] * T(1.5) : T(0)));
      }
      return got;
    });
}
TEST(dropout_anywhere) {
  check_dropout<float>(cuda::dropout_f32);
  check_dropout<double>(cuda::dropout_f64);
}

}  // namespace
