// A block's scores to weights, and the gradient of the weights to that of the scores (attention.h). Called by
// attention.cpp between two products, on rows that lie in L2.
// Limit: one exp an element (some 20 operations a lane).
#include "ops/attention/attention.h"

#include "blocks/rows/rows.h"
#include "ops/attention/formula.h"

namespace dl::DL_ISA_NS {

#define LAMBDA(...) [&](__VA_ARGS__) __attribute__((always_inline))

enum class Mask { none, allowed, added };

template <class T, Mask kind>
struct Query {
  T *product, *stats;  // q·k
  const void* mask;
  int64_t visible, keys;
  Vec<T> factor;

  Query(const AttentionArgs& a, int64_t row)
      : product(static_cast<T*>(a.scores) + row * a.keys),
        stats(static_cast<T*>(a.stats) + 2 * row),
        mask(static_cast<const char*>(a.mask) + row * a.mask_step * (kind == Mask::added ? sizeof(T) : 1)),
        visible(a.causal && a.first + row + 1 < a.keys ? a.first + row + 1 : a.keys),
        keys(a.keys),
        factor(static_cast<T>(a.scale)) {}

  // s from its product; -inf in the lanes past the last.
  DL_INLINE Vec<T> score(int64_t i, int lanes) const {
    const T never = -__builtin_inf();
    Vec<T> s = load_n(product + i, lanes) * factor;
    if constexpr (kind == Mask::added) s = s + load_n(static_cast<const T*>(mask) + i, lanes);
    if constexpr (kind == Mask::allowed) {
      using I = typename Lane<T>::Int;
      const auto open = load_bytes<I>(static_cast<const uint8_t*>(mask) + i, lanes) != Vec<I>(0);
      s = select<T>({open.m}, s, Vec<T>(never));
    }
    if (lanes == Vec<T>::size) return s;
    T some[Vec<T>::size];
    s.store(some);
    return load_n(some, lanes, never);
  }

  DL_INLINE T largest() const {
    constexpr int S = Vec<T>::size;
    Vec<T> a(T(-__builtin_inf())), b = a;
    int64_t i = 0;
    for (; i + 2 * S <= visible; i += 2 * S) {
      a = maximum(a, score(i, S));
      b = maximum(b, score(i + S, S));
    }
    for (; i < visible; i += S) a = maximum(a, score(i, visible - i < S ? static_cast<int>(visible - i) : S));
    return max_lanes(maximum(a, b));
  }

  // Whether the mask forbids every key. Asked only where the largest score is -inf.
  bool looks_nowhere() const {
    for (int64_t i = 0; i < visible; ++i)
      if (kind == Mask::none || (kind == Mask::allowed ? static_cast<const uint8_t*>(mask)[i] != 0
                                                       : static_cast<const T*>(mask)[i] > T(-__builtin_inf())))
        return false;
    return true;
  }

  DL_INLINE void clear(T* row, int64_t from) const {
    __builtin_memset(row + from, 0, static_cast<size_t>(keys - from) * sizeof(T));
  }
};

template <class T, Mask kind>
static void forward(const AttentionArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const Query<T, kind> q(a, row);
    T* p = q.product;
    const T max = q.largest();
    if (max == T(-__builtin_inf()) && q.looks_nowhere()) {
      q.stats[0] = q.stats[1] = T(0);
      q.clear(p, 0);
      continue;
    }
    const T sum = sum_terms<T>(
        q.visible, LAMBDA(int64_t i, int lanes) {
          const Vec<T> e = exp_falling(q.score(i, lanes) - Vec<T>(max));
          store_n(p + i, e, lanes);
          return e;
        });
    q.stats[0] = max;
    q.stats[1] = T(1) / sum;
    const Vec<T> part(q.stats[1]);
    each_vector<T>(q.visible, LAMBDA(int64_t i, int lanes) { store_n(p + i, load_n(p + i, lanes) * part, lanes); });
    q.clear(p, q.visible);
  }
}

template <class T, Mask kind>
static void backward(const AttentionArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const Query<T, kind> q(a, row);
    T *p = q.product, *d = static_cast<T*>(a.dp) + row * a.keys;
    if (q.stats[1] == T(0)) {
      q.clear(p, 0);
      q.clear(d, 0);
      continue;
    }
    const Vec<T> max(q.stats[0]), part(q.stats[1]);
    const Vec<T> dot(sum_terms<T>(
        q.visible, LAMBDA(int64_t i, int lanes) {
          const Vec<T> e = exp_falling(q.score(i, lanes) - max) * part;
          store_n(p + i, e, lanes);
          return e * load_n(d + i, lanes);
        }));
    each_vector<T>(
        q.visible, LAMBDA(int64_t i, int lanes) {
          store_n(d + i, load_n(p + i, lanes) * (load_n(d + i, lanes) - dot) * q.factor, lanes);
        });
    q.clear(p, q.visible);
    q.clear(d, q.visible);
  }
}

#define KERNEL(NAME, RUN, T) \
  void NAME(const AttentionArgs& a, int64_t b, int64_t e) { \
    if (!a.mask) return RUN<T, Mask::none>(a, b, e); \
    a.added ? RUN<T, Mask::added>(a, b, e) : RUN<T, Mask::allowed>(a, b, e); \
  }

KERNEL(attention_fwd_f32, forward, float)
KERNEL(attention_fwd_f64, forward, double)
KERNEL(attention_bwd_f32, backward, float)
KERNEL(attention_bwd_f64, backward, double)

}  // namespace dl::DL_ISA_NS
