#include "blocks/copy/rearrange.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "core/array.h"

namespace dl {

Array diagonal(const Array& x, int64_t offset, int dim1, int dim2) {
  const int i = wrap_dim("diagonal", dim1, x.ndim()), j = wrap_dim("diagonal", dim2, x.ndim());
  DL_CHECK(i != j, ShapeError, "diagonal: needs two dimensions, got ", dim1, " twice; shape ", x.shape());
  const int64_t down = std::max<int64_t>(-offset, 0), right = std::max<int64_t>(offset, 0);
  const int64_t n = std::max<int64_t>(0, std::min(x.shape(i) - down, x.shape(j) - right));
  Dims shape = x.shape(), strides = x.strides();
  for (Dims* d : {&shape, &strides}) {
    d->erase(std::max(i, j));
    d->erase(std::min(i, j));
  }
  shape.push_back(n);
  strides.push_back(x.stride(i) + x.stride(j));
  return x.as_strided(shape, strides, x.offset() + (n ? down * x.stride(i) + right * x.stride(j) : 0));
}

Array flip(const Array& x, const Dims& dims) {
  Dims strides = x.strides();
  int64_t last = x.offset();
  for (int64_t d : dims) {
    const int i = wrap_dim("flip", static_cast<int>(d), x.ndim());
    last += x.size() ? (x.shape(i) - 1) * x.stride(i) : 0;
    strides[i] = -x.stride(i);
  }
  const Array out = Array::empty_like(x);
  copy_into(out, x.as_strided(x.shape(), strides, last));
  return out;
}

}  // namespace dl
