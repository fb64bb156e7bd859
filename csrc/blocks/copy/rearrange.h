// A matrix's diagonal and windows, which are views, and reversed dimensions, which are a copy: no array handed out has
// a negative stride.
#pragma once
#include "core/dtype.h"

namespace dl {

DL_API Array diagonal(const Array& x, int64_t offset, int dim1, int dim2);  // as a new last dimension
// Windows of `size` elements, `step` apart, in place of `dim`; their elements are a new last dimension. They may
// overlap.
DL_API Array windows(const Array& x, int dim, int64_t size, int64_t step);
// Whether two indices lead to one element: an expanded dimension, or windows that overlap. The arrays that views make
// are told apart exactly.
DL_API bool overlaps_itself(const Array& x);
DL_API Array flip(const Array& x, const Dims& dims);  // in x's dense layout

}  // namespace dl
