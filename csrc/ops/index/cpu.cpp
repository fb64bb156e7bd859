// Moves single elements, or runs of neighbours that share one index (index.h). Called by index.cpp.
// Limit: the latency of elements that are not in cache; for runs, memory bandwidth.
#include "ops/index/counts.h"
#include "ops/index/index.h"
#include "simd/walk.h"

namespace dl::DL_ISA_NS {

template <class T>
static DL_INLINE void gather_run(const IndexArgs& a, const int64_t* at, int64_t n) {
  const int64_t out_step = a.nest.stride[0][0], index_step = a.nest.stride[1][0], in_step = a.nest.stride[2][0];
  T* out = static_cast<T*>(a.out) + at[0];
  const T* in = static_cast<const T*>(a.in) + at[2];
  const int64_t* index = a.index + at[1];
  if (index_step == 0) {
    in += *index * a.step;
    if (out_step == 1 && in_step == 1 && n > 1)
      __builtin_memcpy(out, in, static_cast<size_t>(n) * sizeof(T));
    else
      for (int64_t i = 0; i < n; ++i) out[i * out_step] = in[i * in_step];
  } else if (out_step == 1 && index_step == 1 && in_step == 0 && a.step == 1) {
    for (int64_t i = 0; i < n; ++i) out[i] = in[index[i]];
  } else {
    for (int64_t i = 0; i < n; ++i) out[i * out_step] = in[i * in_step + index[i * index_step] * a.step];
  }
}

template <class T>
static void gather(const IndexArgs& a, int64_t begin, int64_t end) {
  walk<3>(a.nest, begin, end, [&](const int64_t* at, int64_t n) { gather_run<T>(a, at, n); });
}

struct Set {
  template <class T>
  static DL_INLINE void to(T& d, T s) {
    d = s;
  }
};
struct Add {
  template <class T>
  static DL_INLINE void to(T& d, T s) {
    d += s;
  }
};
struct Or {
  static DL_INLINE void to(uint8_t& d, uint8_t s) { d |= s; }
};

// All j of the n lines that begin at `at`.
template <class T, class Op>
static DL_INLINE void scatter_lines(const IndexArgs& a, const int64_t* at, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    T* out = static_cast<T*>(a.out) + at[0] + i * a.nest.stride[0][0];
    const int64_t* index = a.index + at[1] + i * a.nest.stride[1][0];
    const T* in = static_cast<const T*>(a.in) + at[2] + i * a.nest.stride[2][0];
    if (a.step == 1 && a.index_step == 1 && a.in_step == 1)
      for (int64_t j = 0; j < a.count; ++j) Op::to(out[index[j]], in[j]);
    else
      for (int64_t j = 0; j < a.count; ++j) Op::to(out[index[j * a.index_step] * a.step], in[j * a.in_step]);
  }
}

// One j of the n lines that begin at `at`.
template <class T, class Op>
static DL_INLINE void scatter_across(const IndexArgs& a, int64_t j, const int64_t* at, int64_t n) {
  const int64_t out_step = a.nest.stride[0][0], index_step = a.nest.stride[1][0], in_step = a.nest.stride[2][0];
  T* __restrict out = static_cast<T*>(a.out) + at[0];
  const int64_t* index = a.index + at[1] + j * a.index_step;
  const T* __restrict in = static_cast<const T*>(a.in) + at[2] + j * a.in_step;
  if (index_step == 0) {
    out += *index * a.step;
    if (out_step == 1 && in_step == 1)
      for (int64_t i = 0; i < n; ++i) Op::to(out[i], in[i]);
    else
      for (int64_t i = 0; i < n; ++i) Op::to(out[i * out_step], in[i * in_step]);
  } else {
    for (int64_t i = 0; i < n; ++i) Op::to(out[i * out_step + index[i * index_step] * a.step], in[i * in_step]);
  }
}

// Those j whose index lies in [first, first + size), in their order, for all lines. They are listed before they are
// read, so that a later one's source, which lies anywhere, is on its way while an earlier one is written.
template <class T, class Op>
static void scatter_part(const IndexArgs& a, uint64_t first, uint64_t size) {
  constexpr int kListed = 512;  // 4 KB
  constexpr int kAhead = 8;     // some 100 ns of work on runs of 64 elements
  constexpr int64_t kLine = 64 / sizeof(T), kMostLines = 8;
  const int64_t step = a.nest.stride[2][0], run = a.nest.size[0] * step;
  const int64_t lines = step == 1 ? (run + kLine - 1) / kLine : 1, fetched = lines < kMostLines ? lines : kMostLines;
  int64_t listed[kListed + 1];
  for (int64_t j = 0; j < a.count;) {
    int n = 0;
    for (; j < a.count && n < kListed; ++j) {
      listed[n] = j;
      n += static_cast<uint64_t>(a.index[j * a.index_step]) - first < size;
    }
    for (int t = 0; t < n; ++t) {
      const T* later = static_cast<const T*>(a.in) + listed[t + kAhead < n ? t + kAhead : n - 1] * a.in_step;
      for (int64_t k = 0; k < fetched; ++k) __builtin_prefetch(later + k * kLine);
      walk<3>(a.nest, 0, a.lines,
              [&](const int64_t* at, int64_t count) { scatter_across<T, Op>(a, listed[t], at, count); });
    }
  }
}

template <class T, class Op>
static void scatter(const IndexArgs& a, int64_t begin, int64_t end) {
  if (a.part)
    return scatter_part<T, Op>(a, static_cast<uint64_t>(begin * a.part), static_cast<uint64_t>((end - begin) * a.part));
  if (a.line_by_line)
    return walk<3>(a.nest, begin, end, [&](const int64_t* at, int64_t n) { scatter_lines<T, Op>(a, at, n); });
  for (int64_t j = 0; j < a.count; ++j)
    walk<3>(a.nest, begin, end, [&](const int64_t* at, int64_t n) { scatter_across<T, Op>(a, j, at, n); });
}

// One index after the other over a chunk that stays in L1.
void index_offsets_i64(const OffsetArgs& a, int64_t begin, int64_t end) {
  for (int k = 0; k < a.count; ++k) {
    const int64_t *index = a.index[k], size = a.size[k], step = a.step[k];
    for (int64_t j = begin; j < end; ++j) {
      const int64_t to = (index[j] + (index[j] < 0 ? size : 0)) * step;
      a.out[j] = k ? a.out[j] + to : to;
    }
  }
}

void nonzero_count_b8(const NonzeroArgs& a, int64_t b, int64_t e) { count_nonzero(a, b, e); }
void nonzero_b8(const NonzeroArgs& a, int64_t b, int64_t e) { write_nonzero(a, b, e); }
void bincount_most_i64(const BincountArgs& a, int64_t b, int64_t e) { largest_number(a, b, e); }
void bincount_i64(const BincountArgs& a, int64_t b, int64_t e) { count_numbers(a, b, e); }

void gather_8(const IndexArgs& a, int64_t b, int64_t e) { gather<uint8_t>(a, b, e); }
void gather_16(const IndexArgs& a, int64_t b, int64_t e) { gather<int16_t>(a, b, e); }
void gather_32(const IndexArgs& a, int64_t b, int64_t e) { gather<int32_t>(a, b, e); }
void gather_64(const IndexArgs& a, int64_t b, int64_t e) { gather<int64_t>(a, b, e); }
void scatter_8(const IndexArgs& a, int64_t b, int64_t e) { scatter<uint8_t, Set>(a, b, e); }
void scatter_16(const IndexArgs& a, int64_t b, int64_t e) { scatter<int16_t, Set>(a, b, e); }
void scatter_32(const IndexArgs& a, int64_t b, int64_t e) { scatter<int32_t, Set>(a, b, e); }
void scatter_64(const IndexArgs& a, int64_t b, int64_t e) { scatter<int64_t, Set>(a, b, e); }
void scatter_add_b8(const IndexArgs& a, int64_t b, int64_t e) { scatter<uint8_t, Or>(a, b, e); }
void scatter_add_u8(const IndexArgs& a, int64_t b, int64_t e) { scatter<uint8_t, Add>(a, b, e); }
void scatter_add_i32(const IndexArgs& a, int64_t b, int64_t e) { scatter<int32_t, Add>(a, b, e); }
void scatter_add_i64(const IndexArgs& a, int64_t b, int64_t e) { scatter<int64_t, Add>(a, b, e); }
void scatter_add_f32(const IndexArgs& a, int64_t b, int64_t e) { scatter<float, Add>(a, b, e); }
void scatter_add_f64(const IndexArgs& a, int64_t b, int64_t e) { scatter<double, Add>(a, b, e); }

}  // namespace dl::DL_ISA_NS
