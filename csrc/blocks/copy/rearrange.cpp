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

Array windows(const Array& x, int dim, int64_t size, int64_t step) {
  const int d = wrap_dim("unfold", dim, x.ndim());
  DL_CHECK(size >= 0 && step > 0, ValueError, "unfold: the windows' size must not be negative and their step must be ",
           "positive, got size ", size, " and step ", step);
  DL_CHECK(x.ndim() > 0 && size <= x.shape(d), ShapeError, "unfold: a window of ", size,
           " does not fit into dimension ", dim, " of shape ", x.shape());
  Dims shape = x.shape(), strides = x.strides();
  shape[d] = (x.shape(d) - size) / step + 1;
  strides[d] = x.stride(d) * step;
  shape.push_back(size);
  strides.push_back(x.stride(d));
  return x.as_strided(shape, strides, x.offset());
}

bool overlaps_itself(const Array& x) {
  int order[kMaxDims], n = 0;
  for (int d = 0; d < x.ndim(); ++d)
    if (x.shape(d) > 1) order[n++] = d;
  std::sort(order, order + n, [&](int a, int b) { return x.stride(a) < x.stride(b); });
  int64_t reach = 0;  // of the dimensions so far
  for (int i = 0; i < n && x.size(); ++i) {
    if (x.stride(order[i]) <= reach) return true;
    reach += (x.shape(order[i]) - 1) * x.stride(order[i]);
  }
  return false;
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
