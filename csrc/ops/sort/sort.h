// Orders of the elements of each row, one row a line along a dimension.
//   sort_fwd         all of them: values and int64 indices; stable, whichever way it runs
//   topk_fwd         the first k of that order
//   kth_fwd          the k-th of the ascending order alone, counted from 1
//   searchsorted_fwd how many elements of a sorted row come before each value
// Every dtype. NaN counts as larger than any number, and -0 as equal to 0. Equal elements keep their order, also when
// they descend: the indices are one answer, not one of several.
// Rows are sorted as whole numbers: an element becomes an unsigned key of the same order, with its index in the bits
// beneath, so that no two entries are equal. Sorting is by digits of 8 bits, choosing by the leading digit.
#pragma once
#include "core/dtype.h"

namespace dl {

struct SortArgs {
  const void* x;  // (rows, n) dense
  void* values;   // (rows, k) dense
  int64_t* indices;
  int64_t n, k;
  int64_t rank = 0;         // kth: of the element wanted, from 1
  bool descending = false;  // sort and topk
  bool nan_first = false;   // kth: a NaN in the row is the answer
  int64_t room = 0;         // entries that `scratch` has, twice; sort and kth: n
  void* scratch = nullptr;
};
// A kernel's range is rows. Rows of the table are keyed by x's dtype.

struct SearchArgs {
  const void* sorted;  // (rows, n) dense, ascending
  const void* values;  // (rows, each) dense
  int64_t* out;
  int64_t n, each;
  int64_t row_step;  // n; 0 where one row serves all values
  bool right;        // after elements equal to the value, not before
};
// searchsorted's range is values.

DL_API Array sort_fwd(const Array& x, int dim, bool descending, Array* indices);
DL_API Array topk_fwd(const Array& x, int64_t k, int dim, bool largest, Array* indices);
// `op` is the name in messages. Keeps the dimension, with size 1.
DL_API Array kth_fwd(const char* op, const Array& x, int64_t k, int dim, bool nan_first, Array* indices);
DL_API Array searchsorted_fwd(const char* op, const Array& sorted, const Array& values, bool right);

}  // namespace dl
