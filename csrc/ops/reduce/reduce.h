// Reductions over any set of dimensions.
//   sum            of floats in their own dtype, of bools and integers in int64; an empty sum is 0
//   sum_squares    the sum of x²; floats only
//   mean           sum / n, floats only; an empty mean is NaN
//   prod           likewise; an empty product is 1. Integers convert to int64 first
//   max, min       NaN wins; argmax, argmin: the first of equals along one dimension, the first NaN; int64
// Any strides, without copies. The result keeps its input's memory order among the dimensions that stay.
// A float sum is added in blocks: |error| <= (90 + n / 2^18) eps sum |x|, in practice a few eps. The order of additions
// depends on shape and strides alone, so that the bits do not depend on the number of threads.
#pragma once
#include "core/nest.h"

namespace dl {

constexpr int kReduceStrip = 1024;  // columns at a time, at most: accumulators and four rows of them stay in L1

struct ReduceArgs {
  const void* x;
  void* out;                // [chunks][outputs], dense
  int64_t* index;           // arg* only, as out
  double divisor;           // mean's n, or 1
  int64_t outputs, length;  // the two nests' sizes
  int64_t chunk;            // a range of the reduced elements: partial results, to be reduced again
  bool columns;             // neighbours in memory belong to different outputs, or outputs are many and short:
  int64_t strip;            // strips of so many outputs at a time, row by row
  Nest kept, reduced;       // operand 0: x
};
// A kernel's range is units, chunk after chunk: an output, or a strip of the innermost kept dimension. Rows are keyed
// by x's dtype.

DL_API Array sum_fwd(const Array& x, const Dims& dims, bool keepdim);  // no dims: all of them
DL_API Array mean_fwd(const Array& x, const Dims& dims, bool keepdim);
DL_API Array sum_squares_fwd(const Array& x, const Dims& dims, bool keepdim);
DL_API Array prod_fwd(const Array& x, const Dims& dims, bool keepdim);
DL_API Array max_fwd(const Array& x, const Dims& dims, bool keepdim);
DL_API Array min_fwd(const Array& x, const Dims& dims, bool keepdim);
// Return the index, and the value in `values`.
DL_API Array argmax_fwd(const Array& x, int dim, bool keepdim, Array* values);
DL_API Array argmin_fwd(const Array& x, int dim, bool keepdim, Array* values);

// g summed over the dimensions that broadcasting added or grew from 1, in `dtype`: the gradient of an expand.
DL_API Array sum_to(const Array& g, const Dims& shape, DType dtype);

}  // namespace dl
