#include "blocks/copy/join.h"

#include "blocks/copy/copy.h"
#include "core/array.h"

namespace dl {
namespace {

Dims joined_layout(const Dims& shape, const std::vector<Array>& arrays) {
  for (const Array& a : arrays)
    if (a.ndim() == 4 && !a.is_contiguous() && a.is_channels_last()) return channels_last(shape);
  return row_major(shape);
}

DType joined_dtype(const std::vector<Array>& arrays) {
  DType t = arrays[0].dtype();
  for (const Array& a : arrays) t = promote(t, a.dtype());
  return t;
}

bool skipped(const Array& a) { return a.ndim() == 1 && a.size() == 0; }

}  // namespace

Array cat(const std::vector<Array>& arrays, int dim) {
  DL_CHECK(!arrays.empty(), ValueError, "cat: needs at least one tensor");
  const Array* first = &arrays[0];
  for (const Array& a : arrays)
    if (skipped(*first) && !skipped(a)) first = &a;
  DL_CHECK(first->ndim() > 0, ShapeError, "cat: tensors of no dimensions cannot be joined; use stack");
  dim = wrap_dim("cat", dim, first->ndim());
  Dims shape = first->shape();
  shape[dim] = 0;
  for (const Array& a : arrays) {
    if (skipped(a)) continue;
    bool fits = a.ndim() == shape.size();
    for (int i = 0; i < shape.size() && fits; ++i) fits = i == dim || a.shape(i) == shape[i];
    DL_CHECK(fits, ShapeError, "cat: shapes must agree except in dimension ", dim, "; got ", first->shape(), " and ",
             a.shape());
    DL_CHECK(a.device() == first->device(), DeviceError, "cat: tensors are on ", name(first->device()), " and ",
             name(a.device()), "; move one with .to()");
    shape[dim] += a.shape(dim);
  }
  const Array out = Array::empty_strided(shape, joined_layout(shape, arrays), joined_dtype(arrays), first->device());
  int64_t at = 0;
  for (const Array& a : arrays) {
    if (skipped(a)) continue;
    copy_into(out.slice(dim, at, a.shape(dim), 1), a);
    at += a.shape(dim);
  }
  return out;
}

Array stack(const std::vector<Array>& arrays, int dim) {
  DL_CHECK(!arrays.empty(), ValueError, "stack: needs at least one tensor");
  const Array& first = arrays[0];
  dim = wrap_dim("stack", dim, first.ndim() + 1);
  for (const Array& a : arrays) {
    DL_CHECK(a.shape() == first.shape(), ShapeError, "stack: all shapes must be equal; got ", first.shape(), " and ",
             a.shape());
    DL_CHECK(a.device() == first.device(), DeviceError, "stack: tensors are on ", name(first.device()), " and ",
             name(a.device()), "; move one with .to()");
  }
  Dims shape = first.shape();
  shape.insert(dim, static_cast<int64_t>(arrays.size()));
  const Array out = Array::empty(shape, joined_dtype(arrays), first.device());
  for (size_t i = 0; i < arrays.size(); ++i) copy_into(out.select(dim, static_cast<int64_t>(i)), arrays[i]);
  return out;
}

}  // namespace dl
