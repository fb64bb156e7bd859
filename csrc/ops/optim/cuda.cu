// The steps of optim.h over the flattened parameters: one launch, whatever their number. Called by optim.cpp for all
// elements at once. A block takes a piece of the list and finds the tensors in it by bisection; of each it takes the
// runs of 16 bytes, counted from the tensor's first element, that begin in its piece.
// Limit: memory bandwidth: 3 words an element and 2 for each state; the list itself is copied once a step.
#include "cuda/scratch.h"
#include "cuda/vec128.cuh"
#include "ops/optim/formula.h"
#include "ops/optim/optim.h"

namespace dl::cuda {

constexpr int64_t kPiece = 2048;  // elements of a block: 8 a thread
constexpr int kThreads = 256;

// Elements [i, i + N) of a tensor. Its pointers are read again for each run, from L1: held, they would take doubles
// with three states from 60 registers to 72, and an SM's fourth block.
template <int N, class T, class Rule>
static __device__ __forceinline__ void step_run(const Rule& rule, const OptimTensor& t, const OfTensor<T>& of,
                                                int64_t i) {
  constexpr int S = Rule::states;
  T* const at = static_cast<T*>(t.p) + i;
  Pack<T, N> p = load_pack<N>(at), state[S] = {};
  const Pack<T, N> g = load_pack<N>(static_cast<const T*>(t.g) + i);
  DL_UNROLL
  for (int k = 0; k < S; ++k)
    if (t.state[k] && !of.first) state[k] = load_pack<N>(static_cast<const T*>(t.state[k]) + i);
  DL_UNROLL
  for (int e = 0; e < N; ++e) {
    T one[S];
    DL_UNROLL
    for (int k = 0; k < S; ++k) one[k] = state[k].of[e];
    p.of[e] = rule.step(p.of[e], g.of[e], one, of);
    DL_UNROLL
    for (int k = 0; k < S; ++k) state[k].of[e] = one[k];
  }
  store_pack(at, p);
  DL_UNROLL
  for (int k = 0; k < S; ++k)
    if (T* const kept = static_cast<T*>(t.state[k])) store_pack(kept + i, state[k]);
}

template <class T, template <class> class Rule, class Options>
static __global__ void step_kernel(const OptimTensor* tensors, int64_t count, Options options, int64_t n) {
  constexpr int kN = Vec128<T>::size;
  const Rule<T> rule(options);
  for (int64_t begin = blockIdx.x * kPiece; begin < n; begin += gridDim.x * kPiece) {
    const int64_t end = begin + kPiece < n ? begin + kPiece : n;
    int64_t low = 0, high = count;  // the last tensor that starts at or before begin
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      (tensors[middle].start <= begin ? low : high) = middle;
    }
    for (; low < count && tensors[low].start < end; ++low) {
      const OptimTensor& t = tensors[low];
      const OfTensor<T> of(t);
      // The tensor's first run at or behind a place in the list.
      const auto run_at = [&](int64_t place) {
        const int64_t i = place > t.start ? (place - t.start + kN - 1) / kN * kN : 0;
        return i < t.size ? i : t.size;
      };
      const int64_t from = run_at(begin), to = run_at(end);
      static_assert(kMostStates == 3, "alignment");
      const bool aligned = all_aligned<T, kN>(t.p, t.g, t.state[0], t.state[1], t.state[2]);
      const int size = static_cast<int>(to - from), whole = aligned ? size / kN * kN : 0;  // the rest goes singly
      for (int i = threadIdx.x * kN; i < whole; i += kThreads * kN) step_run<kN>(rule, t, of, from + i);
      DL_NO_UNROLL
      for (int i = whole + threadIdx.x; i < size; i += kThreads) step_run<1>(rule, t, of, from + i);
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
