// Strided copy with conversion, and the layout helpers every op uses.
//   dst[i] = (dst dtype) src[i] over one shape, any strides; a float converts to an integer by truncation, to a
//   narrower float to nearest even, to bool by != 0. src and dst must not overlap.
#pragma once
#include "core/nest.h"

namespace dl {

constexpr int kCopyTile = 64;  // 64 × 64 float32 from each side: 32 KB, the smaller L1 caches

struct CopyArgs {
  const void* src;  // null: the number in `scalar`
  void* dst;
  alignas(8) unsigned char scalar[8];  // in src_dtype
  DType src_dtype, dst_dtype;
  Nest nest;  // operand 0: dst, 1: src
};
// Rows are keyed by the destination's dtype. copy's range is elements of the nest. transpose (equal dtypes; dst runs
// along dimension 0, src along 1) takes tiles of kCopyTile × kCopyTile of those two, 0 fastest, then the dimensions
// above.

DL_API void copy_into(const Array& dst, const Array& src);     // broadcasts src; converts; crosses devices
DL_API Array convert(const Array& x, DType dtype);             // x itself when nothing changes
DL_API Array contiguous(const Array& x);                       // row-major; x itself when it is
DL_API Array reshape(const Array& x, const Dims& shape);       // a view where it can be; one -1 allowed
DL_API Array as_dense(const Array& x);                         // x itself when some dimension order is row-major
DL_API Array as_layout_of(const Array& x, const Array& like);  // dense, with like's strides
DL_API Array as_channels_last(const Array& x);                 // (N, C, H, W), NHWC in memory; x itself when it is
DL_API Array to_device(const Array& x, Device device);
DL_API uint64_t layout_copies();  // copies made only to change a layout: the profiler's, and a test's

DL_API Array clone(const Array& x);  // new memory, x's dense layout
DL_API void fill(const Array& dst, const Number& value);
DL_API Array full(const Dims& shape, const Number& value, DType dtype, Device device, const char* op = "full");
DL_API Array full_like(const Array& x, const Number& value);  // x's shape, dtype and dense layout
DL_API Array arange(const Number& start, const Number& stop, const Number& step, DType dtype);  // [start, stop)

}  // namespace dl
