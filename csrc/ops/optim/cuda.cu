// The steps of optim.h over the flattened parameters: one launch, whatever their number. Called by optim.cpp for all
// elements at once. A block takes a piece of the list and finds the tensors in it by bisection.
// Limit: memory bandwidth: 3 words an element and 2 for each state; the list itself is copied once a step.
#include "cuda/launch.h"
#include "cuda/scratch.h"
#include "ops/optim/formula.h"
#include "ops/optim/optim.h"

namespace dl::cuda {

constexpr int64_t kPiece = 2048;  // elements of a block: 8 a thread
constexpr unsigned kThreads = 256;

template <class T, template <class> class Rule, class Options>
static __global__ void step_kernel(const OptimTensor* tensors, int64_t count, Options options, int64_t n) {
  const Rule<T> rule(options);
  constexpr int S = Rule<T>::states;
  for (int64_t begin = blockIdx.x * kPiece; begin < n; begin += gridDim.x * kPiece) {
    const int64_t end = begin + kPiece < n ? begin + kPiece : n;
    int64_t low = 0, high = count;  // the last tensor that starts at or before begin
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      (tensors[middle].start <= begin ? low : high) = middle;
    }
    for (; low < count && tensors[low].start < end; ++low) {
      const OptimTensor& t = tensors[low];
      const int64_t from = begin > t.start ? begin - t.start : 0;
      const int64_t to = end - t.start < t.size ? end - t.start : t.size;
      const OfTensor<T> of(t);
      for (int64_t i = from + threadIdx.x; i < to; i += kThreads) {
        T state[S];
        DL_UNROLL
        for (int k = 0; k < S; ++k) state[k] = t.state[k] && !t.first ? static_cast<const T*>(t.state[k])[i] : T(0);
        T* p = static_cast<T*>(t.p) + i;
        *p = rule.step(*p, static_cast<const T*>(t.g)[i], state, of);
        DL_UNROLL
        for (int k = 0; k < S; ++k)
          if (t.state[k]) static_cast<T*>(t.state[k])[i] = state[k];
      }
    }
  }
}

template <class T, template <class> class Rule, class Options>
static void step(const char* name, const OptimArgs<Options>& a, int64_t n) {
  const Scratch tensors(a.tensors, static_cast<std::size_t>(a.count));
  const int64_t pieces = (n + kPiece - 1) / kPiece, most = 132 * 8;  // an H100's 132 SMs hold 8 such blocks each
  launch(name, step_kernel<T, Rule, Options>,
         {.blocks = dim3(static_cast<unsigned>(pieces < most ? pieces : most)), .threads = kThreads},
         tensors.as<const OptimTensor>(), a.count, a.options, n);
}

#define DL_OPTIM(NAME, RULE, ARGS) \
  void NAME##_step_f32(const ARGS& a, int64_t, int64_t n) { step<float, RULE>(#NAME, a, n); } \
  void NAME##_step_f64(const ARGS& a, int64_t, int64_t n) { step<double, RULE>(#NAME, a, n); }
DL_OPTIM(sgd, Sgd, SgdArgs)
DL_OPTIM(adam, Adam, AdamArgs)
DL_OPTIM(amsgrad, Amsgrad, AdamArgs)
DL_OPTIM(nadam, Nadam, NadamArgs)
DL_OPTIM(adamax, Adamax, AdamaxArgs)
DL_OPTIM(adagrad, Adagrad, AdagradArgs)
DL_OPTIM(adadelta, Adadelta, AdadeltaArgs)
DL_OPTIM(rmsprop, Rmsprop, RmspropArgs)
#undef DL_OPTIM

}  // namespace dl::cuda
