// The steps of optim.h over elements [begin, end) of the flattened parameters.
// Limit: memory bandwidth: a rule moves 3 words an element and 2 for each state (sgd 3 or 5, adam 7, amsgrad 9); the
// root and two quotients of adam and its kin come close behind.
#include "ops/optim/optim.h"

#include "ops/optim/formula.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

// body(tensor, from, to): the part of each tensor that lies in [begin, end).
template <class Body>
static DL_INLINE void each_tensor(const OptimTensor* tensors, int64_t count, int64_t begin, int64_t end,
                                  const Body& body) {
  int64_t low = 0, high = count;  // the last tensor that starts at or before begin
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (tensors[middle].start <= begin ? low : high) = middle;
  }
  for (; low < count && tensors[low].start < end; ++low) {
    const OptimTensor& t = tensors[low];
    const int64_t from = begin > t.start ? begin - t.start : 0;
    const int64_t to = end - t.start < t.size ? end - t.start : t.size;
    if (from < to) body(t, from, to);
  }
}

template <class T, template <class> class Rule, class Options>
static void walk(const OptimArgs<Options>& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const Rule<V> rule(a.options);
  constexpr int S = Rule<V>::states;
  each_tensor(a.tensors, a.count, begin, end, [&](const OptimTensor& t, int64_t i, int64_t to) {
    T* p = static_cast<T*>(t.p);
    const T* g = static_cast<const T*>(t.g);
    const OfTensor<V> of(t);
    T* at[S];
    V state[S];
    for (int k = 0; k < S; ++k) at[k] = static_cast<T*>(t.state[k]);
    for (; i + V::size <= to; i += V::size) {
      for (int k = 0; k < S; ++k) state[k] = at[k] && !t.first ? V::load(at[k] + i) : V(T(0));
      rule.step(V::load(p + i), V::load(g + i), state, of).store(p + i);
      for (int k = 0; k < S; ++k)
        if (at[k]) state[k].store(at[k] + i);
    }
    if (const int n = static_cast<int>(to - i)) {
      for (int k = 0; k < S; ++k) state[k] = at[k] && !t.first ? load_n(at[k] + i, n) : V(T(0));
      store_n(p + i, rule.step(load_n(p + i, n), load_n(g + i, n), state, of), n);
      for (int k = 0; k < S; ++k)
        if (at[k]) store_n(at[k] + i, state[k], n);
    }
  });
}

#define DL_OPTIM(NAME, RULE, ARGS) \
  void NAME##_step_f32(const ARGS& a, int64_t b, int64_t e) { walk<float, RULE>(a, b, e); } \
  void NAME##_step_f64(const ARGS& a, int64_t b, int64_t e) { walk<double, RULE>(a, b, e); }
DL_OPTIM(sgd, Sgd, SgdArgs)
DL_OPTIM(adam, Adam, AdamArgs)
DL_OPTIM(amsgrad, Amsgrad, AdamArgs)
DL_OPTIM(nadam, Nadam, NadamArgs)
DL_OPTIM(adamax, Adamax, AdamaxArgs)
DL_OPTIM(adagrad, Adagrad, AdagradArgs)
DL_OPTIM(adadelta, Adadelta, AdadeltaArgs)
DL_OPTIM(rmsprop, Rmsprop, RmspropArgs)
#undef DL_OPTIM

}  // namespace dl::DL_ISA_NS
