// out[o] = op over r of term(x[o, r]). Called by reduce.cpp on a range of units (see the contract).
// Limit: memory bandwidth. Rows that are contiguous in memory fill four vectors of sums; where the outputs are what is
// contiguous, whole rows are added into a strip of accumulators, so that memory is read in order either way.
#include "ops/reduce/formula.h"
#include "ops/reduce/reduce.h"
#include "simd/walk.h"

namespace dl::DL_ISA_NS {

constexpr int kBlock = 1024;  // elements summed in their own type: 16 additions a lane on AVX-512
constexpr int kRows = 64;     // rows a strip adds before it folds, and folds before it folds again
constexpr int kNarrow = 256;  // contiguous rows narrower than this are read several at a time

template <class Body>
static DL_INLINE void runs(const Nest& nest, int64_t begin, int64_t end, const Body& body) {
  if (nest.ndim == 1) return body(begin * nest.stride[0][0], end - begin);
  walk<1>(nest, begin, end, [&](const int64_t* at, int64_t n) { body(at[0], n); });
}

// n >= 4 vectors: four accumulators, for the latency of an addition.
template <class Op, class T>
static DL_INLINE T reduce_vectors(const T* p, int n) {
  using V = Vec<T>;
  const auto term = [=](int at) __attribute__((always_inline)) { return Op::term(V::load(p + at)); };
  V a[4] = {term(0), term(V::size), term(2 * V::size), term(3 * V::size)};
  int i = 4 * V::size;
  for (; i + 4 * V::size <= n; i += 4 * V::size)
    for (int k = 0; k < 4; ++k) a[k] = Op::of(a[k], term(i + k * V::size));
  for (; i + V::size <= n; i += V::size) a[0] = Op::of(a[0], term(i));
  T lane[V::size];
  Op::of(Op::of(a[0], a[1]), Op::of(a[2], a[3])).store(lane);
  for (int w = V::size / 2; w; w /= 2)
    for (int j = 0; j < w; ++j) lane[j] = Op::of(lane[j], lane[j + w]);
  for (; i < n; ++i) lane[0] = Op::of(lane[0], Op::term(p[i]));
  return lane[0];
}

// At most kBlock elements (at least one), in their own type.
template <class Op, class T>
static typename Op::template Element<T> reduce_block(const T* p, int64_t step, int n) {
  using A = typename Op::template Element<T>;
  if constexpr (__is_same(A, T)) {
    if (step == 1 && n >= 4 * Vec<T>::size) return reduce_vectors<Op>(p, n);
  } else if (step == 1) {  // bytes and int32 to int64
    A sum = 0;
    for (int i = 0; i < n; ++i) sum += p[i];
    return sum;
  }
  constexpr int lanes = 4;
  const auto term = [=](int j) __attribute__((always_inline)) { return Op::term(static_cast<A>(p[j * step])); };
  A lane[lanes];
  for (int j = 0; j < lanes; ++j) lane[j] = term(j < n ? j : 0);
  if (n < lanes) {
    for (int j = 1; j < n; ++j) lane[0] = Op::of(lane[0], lane[j]);
    return lane[0];
  }
  int i = lanes;
  for (; i + lanes <= n; i += lanes)
    for (int j = 0; j < lanes; ++j) lane[j] = Op::of(lane[j], term(i + j));
  for (int j = 0; i + j < n; ++j) lane[j] = Op::of(lane[j], term(i + j));
  return Op::of(Op::of(lane[0], lane[1]), Op::of(lane[2], lane[3]));
}

template <class Op, class T, class R>
static R reduce_one(const ReduceArgs& a, const T* x, int64_t begin, int64_t end) {
  using Total = typename Op::template Total<T>;
  Total total{};
  bool started = false;
  runs(a.reduced, begin, end, [&](int64_t at, int64_t n) {
    const int64_t step = a.reduced.stride[0][0];
    for (int64_t i = 0; i < n; i += kBlock) {
      const int m = static_cast<int>(n - i < kBlock ? n - i : kBlock);
      const Total part = static_cast<Total>(reduce_block<Op>(x + at + i * step, step, m));
      total = started ? Op::of(total, part) : part;
      started = true;
    }
  });
  return static_cast<R>(a.divisor == 1 ? total : static_cast<Total>(total / a.divisor));
}

// Accumulators of a strip: level 0 takes rows, and is folded into the next level when it is full.
template <class Op, class A>
struct Strip {
  A level[3][kReduceStrip];
  int filled[3] = {};
  int width;

  static DL_INLINE void combine(A* to, const A* from, int n, bool first) {
    if (first) {
      for (int j = 0; j < n; ++j) to[j] = from[j];
    } else {
      for (int j = 0; j < n; ++j) to[j] = Op::of(to[j], from[j]);
    }
  }
  DL_INLINE void fold(int k) {
    if (!filled[k]) return;
    combine(level[k + 1], level[k], width, !filled[k + 1]);
    ++filled[k + 1];
    filled[k] = 0;
  }

  // One row, or four at once; n <= width elements. Only the last rows of a strip may be shorter than its width.
  template <int Rows, class T>
  DL_INLINE void add(const T* p, int64_t row_step, int64_t step, int n) {
    A* a = level[0];
    const auto rows = [=](int j) __attribute__((always_inline)) {
      const auto term = [=](int r) __attribute__((always_inline)) {
        return Op::term(static_cast<A>(p[r * row_step + j * step]));
      };
      if constexpr (Rows == 4) return Op::of(Op::of(term(0), term(1)), Op::of(term(2), term(3)));
      return term(0);
    };
    if (!filled[0] && step == 1) {
#pragma GCC ivdep
      for (int j = 0; j < n; ++j) a[j] = rows(j);
    } else if (step == 1) {
#pragma GCC ivdep
      for (int j = 0; j < n; ++j) a[j] = Op::of(a[j], rows(j));
    } else if (!filled[0]) {
      for (int j = 0; j < n; ++j) a[j] = rows(j);
    } else {
      for (int j = 0; j < n; ++j) a[j] = Op::of(a[j], rows(j));
    }
    filled[0] += Rows;
    if (filled[0] >= kRows) {
      fold(0);
      if (filled[1] >= kRows) fold(1);
    }
  }

  template <class T>
  DL_INLINE void add_rows(const T* p, int64_t rows, int64_t row_step, int64_t step, int n) {
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) add<4>(p + r * row_step, row_step, step, n);
    for (; r < rows; ++r) add<1>(p + r * row_step, row_step, step, n);
  }

  DL_INLINE const A* finish() {
    fold(0);
    fold(1);
    return level[2];
  }
};

// Columns [0, width) of x over reduced elements [begin, end).
template <class Op, class T, class R>
static void reduce_strip(const ReduceArgs& a, const T* x, int width, int64_t begin, int64_t end, R* out) {
  using A = typename Op::template Element<T>;
  const int64_t step = a.kept.stride[0][0], row_step = a.reduced.stride[0][0];
  int together = 1;  // rows that lie end to end and are read as one
  if (step == 1 && row_step == width && a.reduced.ndim == 1)
    while (2 * together * width <= kNarrow && 2 * together <= end - begin) together *= 2;
  Strip<Op, A> strip;
  strip.width = width * together;
  int64_t left = 0;  // rows after the last full group
  runs(a.reduced, begin, end, [&](int64_t at, int64_t n) {
    left = n % together;
    strip.add_rows(x + at, n / together, row_step * together, step, strip.width);
    if (together == 1) left = 0;
  });
  A* sums = const_cast<A*>(strip.finish());
  for (int w = together / 2; w; w /= 2) Strip<Op, A>::combine(sums, sums + w * width, w * width, false);
  const T* rest = x + (end - left) * row_step;
  for (int64_t r = 0; r < left; ++r)
    for (int j = 0; j < width; ++j) sums[j] = Op::of(sums[j], Op::term(static_cast<A>(rest[r * row_step + j])));
  for (int j = 0; j < width; ++j)
    out[j] = static_cast<R>(a.divisor == 1 ? sums[j] : static_cast<A>(sums[j] / static_cast<A>(a.divisor)));
}

// The strips of one chunk, or its outputs: body(x's offset, first output, how many).
template <class Body>
static DL_INLINE void units(const ReduceArgs& a, int64_t begin, int64_t end, const Body& body) {
  if (!a.columns) {
    int64_t o = begin;
    runs(a.kept, begin, end, [&](int64_t at, int64_t n) {
      for (int64_t i = 0; i < n; ++i) body(at + i * a.kept.stride[0][0], o++, 1);
    });
    return;
  }
  const int64_t inner = a.kept.size[0], strips = (inner + a.strip - 1) / a.strip;
  for (int64_t u = begin; u < end; ++u) {
    const int64_t j = u % strips * a.strip;
    int64_t rest = u / strips, at = j * a.kept.stride[0][0];
    for (int d = 1; d < a.kept.ndim; ++d) {
      at += rest % a.kept.size[d] * a.kept.stride[0][d];
      rest /= a.kept.size[d];
    }
    body(at, u / strips * inner + j, static_cast<int>(inner - j < a.strip ? inner - j : a.strip));
  }
}

template <class Body>
static DL_INLINE void chunks(const ReduceArgs& a, int64_t begin, int64_t end, const Body& body) {
  const int64_t inner = a.kept.size[0], strips = (inner + a.strip - 1) / a.strip;
  const int64_t per_chunk = a.columns ? a.outputs / inner * strips : a.outputs;
  while (begin < end) {
    const int64_t c = begin / per_chunk, stop = (c + 1) * per_chunk < end ? (c + 1) * per_chunk : end;
    const int64_t first = c * a.chunk, last = first + a.chunk < a.length ? first + a.chunk : a.length;
    units(a, begin - c * per_chunk, stop - c * per_chunk,
          [&](int64_t at, int64_t output, int width) { body(at, c * a.outputs + output, width, first, last); });
    begin = stop;
  }
}

template <class Op, class T, class R>
static void reduce(const ReduceArgs& a, int64_t begin, int64_t end) {
  const T* x = static_cast<const T*>(a.x);
  R* out = static_cast<R*>(a.out);
  chunks(a, begin, end, [&](int64_t at, int64_t output, int width, int64_t first, int64_t last) {
    if (a.columns)
      reduce_strip<Op, T, R>(a, x + at, width, first, last, out + output);
    else
      out[output] = reduce_one<Op, T, R>(a, x + at, first, last);
  });
}

// The best of each block of a row first; only a block that improves on the best so far is searched for the place.
template <class Op, class T>
static void pick_one(const T* x, int64_t step, int64_t n, T* value, int64_t* index) {
  T best = x[0];
  int64_t place = 0;
  for (int64_t i = 0; i < n; i += kBlock) {
    const int m = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    const T* p = x + i * step;
    const T candidate = reduce_block<Op>(p, step, m);
    if (i && !Op::better(candidate, best)) continue;
    int k = 0;
    while (!(p[k * step] == candidate || (candidate != candidate && p[k * step] != p[k * step]))) ++k;
    best = candidate;
    place = i + k;
  }
  *value = best;
  *index = place;
}

template <class Op, class T, class Index>
static void pick_strip(const T* x, int64_t step, int width, int64_t row_step, int64_t rows, T* value, int64_t* index) {
  T best[kReduceStrip];
  Index place[kReduceStrip];
  for (int j = 0; j < width; ++j) best[j] = x[j * step], place[j] = 0;
  for (int64_t r = 1; r < rows; ++r) {
    const T* p = x + r * row_step;
    const Index here = static_cast<Index>(r);
    const auto look = [&](int64_t by) __attribute__((always_inline)) {
#pragma GCC ivdep
      for (int j = 0; j < width; ++j) {
        const T v = p[j * by];
        const bool take = Op::better(v, best[j]);
        best[j] = take ? v : best[j];
        place[j] = take ? here : place[j];
      }
    };
    step == 1 ? look(1) : look(step);
  }
  for (int j = 0; j < width; ++j) value[j] = best[j], index[j] = place[j];
}

template <class Op, class T>
static void pick(const ReduceArgs& a, int64_t begin, int64_t end) {
  const T* x = static_cast<const T*>(a.x);
  const int64_t step = a.kept.stride[0][0], row_step = a.reduced.stride[0][0];
  chunks(a, begin, end, [&](int64_t at, int64_t output, int width, int64_t, int64_t) {
    T* value = static_cast<T*>(a.out) + output;
    int64_t* index = a.index + output;
    if (!a.columns)
      pick_one<Op>(x + at, row_step, a.length, value, index);
    else if (sizeof(T) == 4 && a.length < (int64_t(1) << 31))  // a place as wide as the element, for the vectors
      pick_strip<Op, T, int32_t>(x + at, step, width, row_step, a.length, value, index);
    else
      pick_strip<Op, T, int64_t>(x + at, step, width, row_step, a.length, value, index);
  });
}

#define KERNEL(NAME, FUNCTION) \
  void NAME(const ReduceArgs& a, int64_t b, int64_t e) { FUNCTION(a, b, e); }
#define EXTREMES(SUFFIX, T) \
  KERNEL(max_##SUFFIX, (reduce<Max, T, T>)) \
  KERNEL(min_##SUFFIX, (reduce<Min, T, T>)) \
  KERNEL(argmax_##SUFFIX, (pick<Max, T>)) \
  KERNEL(argmin_##SUFFIX, (pick<Min, T>))

KERNEL(sum_u8, (reduce<Sum, uint8_t, int64_t>))
KERNEL(sum_i32, (reduce<Sum, int32_t, int64_t>))
KERNEL(sum_i64, (reduce<Sum, int64_t, int64_t>))
KERNEL(sum_f32, (reduce<Sum, float, float>))
KERNEL(sum_f64, (reduce<Sum, double, double>))
KERNEL(sum_squares_f32, (reduce<SumSquares, float, float>))
KERNEL(sum_squares_f64, (reduce<SumSquares, double, double>))
KERNEL(prod_i64, (reduce<Prod, int64_t, int64_t>))
KERNEL(prod_f32, (reduce<Prod, float, float>))
KERNEL(prod_f64, (reduce<Prod, double, double>))
EXTREMES(u8, uint8_t)
EXTREMES(i32, int32_t)
EXTREMES(i64, int64_t)
EXTREMES(f32, float)
EXTREMES(f64, double)

}  // namespace dl::DL_ISA_NS
