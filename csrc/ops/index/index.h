// Elements picked by integer indices, and written where indices say.
//   gather_fwd    out[.., j, ..] = x[.., index[.., j, ..], ..]               index has x's number of dimensions
//   scatter_into  dst[.., index[.., j, ..], ..] = or += src[.., j, ..]
//   index_fwd     out[b, j, a] = x[b, i₁[j], …, iₖ[j], a]                    x[:, i₁, i₂]: one position j for all
//   index_into    dst[b, i₁[j], …, iₖ[j], a] = or += src[b, j, a]
//   bincount_fwd  counts[v] = how many elements of x are v
//   nonzero_fwd   the indices of the elements that are not 0, a row an element, in row-major order
// Every dtype and layout; bools are added by "or". Indices are int64 (int32 and uint8 are converted) and are checked
// before anything is written; what shares dst's memory is copied first. Where one element is named twice the writes
// happen in the order of j, by one thread: the last value stays, a sum runs in that order, and the bits do not depend
// on the number of threads.
#pragma once
#include "core/nest.h"

namespace dl {

struct IndexArgs {
  void* out;             // gather: out; scatter: dst
  const void* in;        // gather: x; scatter: src
  const int64_t* index;  // not negative, in range
  int64_t step;          // elements of x or dst from one index to the next
  // Operand 0 is out, 1 index, 2 in; x and dst have stride 0 in the indexed dimension.
  // gather: all elements of out. scatter: the lines, that is, all dimensions but the one along which j runs.
  Nest nest;
  int64_t count = 0, index_step = 0, in_step = 0;  // scatter: the steps of j along a line
  bool line_by_line = false;                       // scatter: a line at a time, or all lines for one j after another
  int64_t lines = 0, part = 0;                     // scatter, where all lines share an index and are few: see below
  int64_t limit = 0;  // on CUDA: an index outside [0, limit) was reported; it reads 0 and writes nothing
};
// gather's range is elements of the nest. That of scatter and scatter_add is its lines; or, where `part` is not 0,
// parts of dst: the indices [p * part, (p + 1) * part) for all lines. On CUDA it is lines.

// Several indices as one: out[j] = Σ over k of (index[k][j], + size[k] where that is negative) · step[k].
struct OffsetArgs {
  int64_t* out;
  int count;
  const int64_t* index[kNestDims];  // in range, but on CUDA, where one out of range makes out[j] negative
  int64_t size[kNestDims], step[kNestDims];
};

// The elements that are not 0, in chunks of `chunk`: nonzero_count writes how many there are in chunk c into
// start[c + 1], nonzero, given sums of those, the indices of each. On CUDA nonzero_count makes the sums.
struct NonzeroArgs {
  const uint8_t* x;  // n bools, row-major
  int64_t n, chunk;
  int64_t* start;
  int64_t* rows;  // (start[chunks], ndim)
  int ndim;
  int64_t shape[kNestDims];
};
// The range of both is elements; on the CPU each run is of one chunk.

// bincount_most: the largest of each chunk's numbers into most[c], unsigned, so that one below 0 is above all others.
// bincount: how often each of [0, bins) occurs in chunk c, into counts[c][t], to be added up over c and t. Equal
// neighbours count in different tables t, not one after the other's store. On CUDA there is one chunk and one table.
struct BincountArgs {
  const int64_t* x;
  int64_t n, chunk;
  uint64_t* most;
  int64_t* counts;       // 0
  int64_t bins, tables;  // 4 tables, or 1
};
// The range of both is numbers; on the CPU each run is of one chunk.

DL_API Array gather_fwd(const Array& x, int dim, const Array& index);
// scatter_into a new array: x's copy, or zeros of `shape`, x's shape, and src's dtype where x is null.
DL_API Array scatter_fwd(const char* op, const Array* x, const Dims& shape, int dim, const Array& index,
                         const Array& src, bool add);
// In place. `op` is the name in messages.
DL_API void scatter_into(const char* op, const Array& dst, int dim, const Array& index, const Array& src, bool add);
// The dimensions first … first + count - 1 of x are indexed by arrays that broadcast together; the result has their
// common shape in place of those dimensions. A negative index counts from the end where `from_end` says so.
DL_API Array index_fwd(const char* op, const Array& x, int first, const Array* indices, int count, bool from_end);
// In place; src broadcasts to the shape that index_fwd would give.
DL_API void index_into(const char* op, const Array& dst, int first, const Array* indices, int count, const Array& src,
                       bool add, bool from_end);
DL_API Array nonzero_fwd(const Array& x);  // int64 (n, x.ndim())
// How often each number from 0 on occurs in x (n,), int64, at least `least` long. x int64, int32 or uint8.
DL_API Array bincount_fwd(const Array& x, int64_t least);

}  // namespace dl
