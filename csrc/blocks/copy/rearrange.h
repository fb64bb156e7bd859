// A matrix's diagonal, which is a view, and reversed dimensions, which are a copy: no array handed out has a negative
// stride.
#pragma once
#include "core/dtype.h"

namespace dl {

DL_API Array diagonal(const Array& x, int64_t offset, int dim1, int dim2);  // as a new last dimension
DL_API Array flip(const Array& x, const Dims& dims);                        // in x's dense layout

}  // namespace dl
