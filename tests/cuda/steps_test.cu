// An optimiser's step over a list of tensors: each element is stepped once, to the formula's bits, wherever pieces of
// the list end within tensors, tensors within runs of 16 bytes, and whichever memory is aligned.
// (test_optim.py has every rule.)
#include <tuple>

#include "anywhere.h"
#include "ops/optim/formula.h"

namespace dl::cuda {
#define BOTH(NAME, ARGS) \
  void NAME##_step_f32(const ARGS&, int64_t begin, int64_t end); \
  void NAME##_step_f64(const ARGS&, int64_t begin, int64_t end); \
  constexpr auto NAME##_step = std::tuple(&NAME##_step_f32, &NAME##_step_f64);
BOTH(sgd, SgdArgs)
BOTH(amsgrad, AdamArgs)
BOTH(rmsprop, RmspropArgs)
#undef BOTH
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

// Pieces of 2048 end after any remainder of a tensor's runs, and within the run that is the second one's tail.
constexpr int64_t kSizes[] = {2, 2047, 6, 0, 4099, 1, 2048, 3}, kTensors = std::size(kSizes);

// Two steps: the first does not read the states, which are poison. Bit k of `has`: whether there is state k. An operand
// of all tensors is one piece of memory, in which each begins at a multiple of 4 elements.
template <class T, template <class> class Rule, class Options>
void check_steps(void (*launcher)(const dl::OptimArgs<Options>&, int64_t, int64_t), const Options& options,
                 unsigned has) {
  constexpr int S = Rule<T>::states;
  int64_t length = 0;
  for (const int64_t size : kSizes) length += (size + 3) / 4 * 4;
  same_anywhere(2 + S, [&](Offsets at) {
    const Around<T> p(length, at(0), 1), g(length, at(1), 2), s0(length, at(2)), s1(length, at(3)), s2(length, at(4));
    const Around<T>* states[] = {&s0, &s1, &s2};
    const std::vector<T> gradient = g.host();
    std::vector<T> stepped = p.host(), held[] = {s0.host(), s1.host(), s2.host()}, result;
    for (const bool first : {true, false}) {
      dl::OptimTensor tensors[kTensors];
      int64_t start = 0, place = 0;
      for (int64_t t = 0; t < kTensors; ++t) {
        tensors[t].p = p.at + place;
        tensors[t].g = g.at + place;
        tensors[t].start = start;
        tensors[t].size = kSizes[t];
        tensors[t].first = first;
        tensors[t].rate = 0.125;
        tensors[t].root = 0.75;
        for (int k = 0; k < S; ++k) tensors[t].state[k] = has >> k & 1 ? states[k]->at + place : nullptr;
        for (int64_t i = place; i < place + kSizes[t]; ++i) {
          T state[S];
          for (int k = 0; k < S; ++k) state[k] = has >> k & 1 && !first ? held[k][i] : T(0);
          stepped[i] = Rule<T>(options).step(stepped[i], gradient[i], state, cuda::OfTensor<T>(tensors[t]));
          for (int k = 0; k < S; ++k)
            if (has >> k & 1) held[k][i] = state[k];
          if (!first) result.push_back(stepped[i]);
        }
        start += kSizes[t];
        place += (kSizes[t] + 3) / 4 * 4;
      }
      launcher({tensors, kTensors, options}, 0, start);
    }
    const auto same = [&](const Around<T>& got, const std::vector<T>& expected) {
      return std::memcmp(got.host().data(), expected.data(), length * sizeof(T)) == 0;
    };
    EXPECT(same(p, stepped));
    for (int k = 0; k < 3; ++k) EXPECT(same(*states[k], held[k]));
    return result;
  });
}

constexpr dl::SgdOptions kSgd = {
    .lr = 0.1, .momentum = 0, .dampening = 0, .weight_decay = 0.01, .nesterov = false, .maximize = false};
constexpr dl::AdamOptions kAmsgrad = {.lr = 0.1,
                                      .beta1 = 0.9,
                                      .beta2 = 0.99,
                                      .eps = 1e-8,
                                      .weight_decay = 0,
                                      .decoupled = false,
                                      .ruder = false,
                                      .maximize = false};
constexpr dl::RmspropOptions kRmsprop = {.lr = 0.1,
                                         .alpha = 0.9,
                                         .eps = 1e-8,
                                         .weight_decay = 0,
                                         .momentum = 0.9,
                                         .centered = false,
                                         .inside = false,
                                         .maximize = false};

#define STEPS(NAME, RULE, HAS) \
  TEST(NAME##_steps_of_views) { \
    check_steps<float, cuda::RULE>(std::get<0>(cuda::NAME##_step), k##RULE, HAS); \
    check_steps<double, cuda::RULE>(std::get<1>(cuda::NAME##_step), k##RULE, HAS); \
  }
STEPS(sgd, Sgd, 0)
STEPS(amsgrad, Amsgrad, 7)
STEPS(rmsprop, Rmsprop, 5)

}  // namespace
