// sgd_step and adam_step (optim.h) over elements [begin, end) of the flattened parameters.
// Limit: memory bandwidth: sgd moves 3 words an element (5 with momentum), adam 7; adam's root and two quotients come
// close behind.
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

template <class T>
static void sgd(const SgdArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const Sgd<V> rule(a.options);
  each_tensor(a.tensors, a.count, begin, end, [&](const OptimTensor& t, int64_t i, int64_t to) {
    T *p = static_cast<T*>(t.p), *b = static_cast<T*>(t.m);
    const T* g = static_cast<const T*>(t.g);
    if (!b) {
      for (; i + V::size <= to; i += V::size) rule.plain(V::load(p + i), V::load(g + i)).store(p + i);
      if (const int n = static_cast<int>(to - i)) store_n(p + i, rule.plain(load_n(p + i, n), load_n(g + i, n)), n);
      return;
    }
    for (; i + V::size <= to; i += V::size) {
      V buffer = V::load(b + i);
      rule.with_momentum(V::load(p + i), V::load(g + i), &buffer, t.first).store(p + i);
      buffer.store(b + i);
    }
    if (const int n = static_cast<int>(to - i)) {
      V buffer = load_n(b + i, n);
      store_n(p + i, rule.with_momentum(load_n(p + i, n), load_n(g + i, n), &buffer, t.first), n);
      store_n(b + i, buffer, n);
    }
  });
}

template <class T>
static void adam(const AdamArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const Adam<V> rule(a.options);
  each_tensor(a.tensors, a.count, begin, end, [&](const OptimTensor& t, int64_t i, int64_t to) {
    T *p = static_cast<T*>(t.p), *m = static_cast<T*>(t.m), *v = static_cast<T*>(t.v);
    const T* g = static_cast<const T*>(t.g);
    const V rate(static_cast<T>(t.rate)), root(static_cast<T>(t.root)), zero(T(0));
    for (; i + V::size <= to; i += V::size) {
      V mean = t.first ? zero : V::load(m + i), square = t.first ? zero : V::load(v + i);
      rule.step(V::load(p + i), V::load(g + i), &mean, &square, rate, root).store(p + i);
      mean.store(m + i);
      square.store(v + i);
    }
    if (const int n = static_cast<int>(to - i)) {
      V mean = t.first ? zero : load_n(m + i, n), square = t.first ? zero : load_n(v + i, n);
      store_n(p + i, rule.step(load_n(p + i, n), load_n(g + i, n), &mean, &square, rate, root), n);
      store_n(m + i, mean, n);
      store_n(v + i, square, n);
    }
  });
}

void sgd_step_f32(const SgdArgs& a, int64_t b, int64_t e) { sgd<float>(a, b, e); }
void sgd_step_f64(const SgdArgs& a, int64_t b, int64_t e) { sgd<double>(a, b, e); }
void adam_step_f32(const AdamArgs& a, int64_t b, int64_t e) { adam<float>(a, b, e); }
void adam_step_f64(const AdamArgs& a, int64_t b, int64_t e) { adam<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
