// What scatter.cpp hands on: the functions of index.h for dtypes in which sums are made.
#pragma once
#include "core/dtype.h"

namespace dl::same {

Array scatter_fwd(const char* op, const Array* x, const Dims& shape, int dim, const Array& index, const Array& src,
                  bool add);
void scatter_into(const char* op, const Array& dst, int dim, const Array& index, const Array& src, bool add);
void index_into(const char* op, const Array& dst, int first, const Array* indices, int k, const Array& src, bool add,
                bool from_end);

}  // namespace dl::same
