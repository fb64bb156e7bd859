// Strided copy with conversion, and the layout helpers every op uses.
//   dst[i] = (dst dtype) src[i] over one shape, any strides; a float converts to an integer by truncation, to bool by
//   != 0. src and dst must not overlap.
#pragma once
#include "core/nest.h"

namespace dl {

struct CopyArgs {
  const void* src;
  void* dst;
  DType src_dtype, dst_dtype;
  Nest nest;  // operand 0: dst, 1: src
};
// A kernel's range is elements of the nest. Rows are keyed by the destination's dtype.

DL_API void copy_into(const Array& dst, const Array& src);  // broadcasts src; converts; crosses devices
DL_API Array convert(const Array& x, DType dtype);          // x itself when nothing changes
DL_API Array contiguous(const Array& x);                    // row-major; x itself when it is
DL_API Array as_dense(const Array& x);                      // x itself when some dimension order is row-major
DL_API Array as_layout_of(const Array& x, const Array& like);  // dense, with like's strides
DL_API Array to_device(const Array& x, Device device);
DL_API uint64_t layout_copies();  // copies made only to change a layout: the profiler's, and a test's

}  // namespace dl
