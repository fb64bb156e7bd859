// What a task of gemm.h covers, and where its rows of C lie. For cpu*.cpp of blocks/gemm only.
#pragma once
#include "blocks/gemm/store.h"

namespace dl::DL_ISA_NS {

static DL_INLINE int64_t row_offset(const Grid& g, int64_t i) {
  if (g.p == 1 && g.q == 1) return i * g.stride_n;
  const int64_t q = i % g.q, np = i / g.q;
  return np / g.p * g.stride_n + np % g.p * g.stride_p + q * g.stride_q;
}

struct Range {
  int64_t begin, end;
  DL_INLINE bool empty() const { return begin >= end; }
};
static DL_INLINE Range part_of(int64_t index, int64_t size, int64_t total, int64_t first = 0) {
  const int64_t begin = index * size, end = begin + size;
  return {first + begin, first + (end < total ? end : total)};
}

static DL_INLINE int upto32(int64_t n) { return n < 32 ? static_cast<int>(n) : 32; }

// What is done to rows from i0 on; the epilogue belongs to the last block of K.
template <class T>
static DL_INLINE void place(const GemmArgs& args, int64_t part, int64_t i0, int rows, bool first, bool last,
                            Out<T>& o) {
  const Gemm& g = args.g;
  o.count = rows;
  if (args.parts > 1) {
    T* c = static_cast<T*>(args.partials) + part * g.m * g.n;
    for (int i = 0; i < rows; ++i) o.rows[i] = c + (i0 + i) * g.n;
    o.stride = 1;
    o.add = !first;
    o.bias_n = o.bias_m = nullptr;
    o.relu = false;
    return;
  }
  T* c = static_cast<T*>(g.c);
  for (int i = 0; i < rows; ++i) o.rows[i] = c + row_offset(g.c_rows, i0 + i);
  o.stride = g.c_stride;
  o.add = !first || g.accumulate;
  o.bias_n = last ? static_cast<const T*>(g.bias_n) : nullptr;
  o.bias_m = last && g.bias_m ? static_cast<const T*>(g.bias_m) + i0 : nullptr;
  o.relu = last && g.relu;
}

}  // namespace dl::DL_ISA_NS
