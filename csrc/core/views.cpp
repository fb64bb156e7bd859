// Array's views: shape, stride and offset arithmetic only.
#include <algorithm>

#include "core/array.h"

namespace dl {

Array Array::as_strided(const Dims& shape, const Dims& strides, int64_t offset) const {
  return Array(storage_, shape, strides, offset, dtype_);
}

Array Array::view_as(DType to) const {
  const auto from_size = static_cast<int64_t>(itemsize(dtype_)), to_size = static_cast<int64_t>(itemsize(to));
  if (from_size == to_size) return Array(storage_, shape_, strides_, offset_, to);
  DL_CHECK(ndim() > 0 && (strides_[ndim() - 1] == 1 || shape_[ndim() - 1] <= 1), ShapeError, "view: ", dtype_,
           " of shape ", shape_, " as ", to,
           ", whose elements have another size, needs a last dimension without gaps; use .contiguous() first");
  Dims shape = shape_, strides = strides_;
  const auto scaled = [&](int64_t n) {
    DL_CHECK(n * from_size % to_size == 0, ShapeError, "view: ", dtype_, " of shape ", shape_, " and strides ",
             strides_, " is not a whole number of ", to, " elements a row");
    return n * from_size / to_size;
  };
  for (int i = 0; i + 1 < ndim(); ++i) strides[i] = shape[i] == 1 ? strides[i] : scaled(strides[i]);
  shape[ndim() - 1] = scaled(shape[ndim() - 1]);
  strides[ndim() - 1] = 1;
  return Array(storage_, shape, strides, scaled(offset_), to);
}

Array Array::permute(const Dims& order) const {
  DL_CHECK(order.size() == ndim(), ShapeError, "permute: ", order.size(), " dimensions named for a tensor of shape ",
           shape_, "; name each dimension once");
  Dims shape, strides;
  bool seen[kMaxDims] = {};
  for (int64_t o : order) {
    const int d = wrap_dim("permute", static_cast<int>(o), ndim());
    DL_CHECK(!seen[d], ShapeError, "permute: dimension ", o, " is named twice in ", order);
    seen[d] = true;
    shape.push_back(shape_[d]);
    strides.push_back(strides_[d]);
  }
  return as_strided(shape, strides, offset_);
}

Array Array::transpose(int a, int b) const {
  a = wrap_dim("transpose", a, ndim());
  b = wrap_dim("transpose", b, ndim());
  Array out = *this;
  if (ndim() == 0) return out;
  std::swap(out.shape_[a], out.shape_[b]);
  std::swap(out.strides_[a], out.strides_[b]);
  return as_strided(out.shape_, out.strides_, offset_);
}

Array Array::expand(const Dims& wanted) const {
  DL_CHECK(wanted.size() >= ndim(), ShapeError, "expand: shape ", shape_, " has more dimensions than the wanted ",
           wanted);
  Dims shape = wanted, strides = Dims::filled(wanted.size(), 0);
  const int shift = wanted.size() - ndim();
  for (int i = 0; i < ndim(); ++i) {
    int64_t& w = shape[i + shift];
    if (w == -1) w = shape_[i];
    DL_CHECK(w == shape_[i] || (shape_[i] == 1 && w >= 0), ShapeError, "expand: shape ", shape_, " does not expand to ",
             wanted, ": only sizes of 1 can grow");
    strides[i + shift] = shape_[i] == w ? strides_[i] : 0;
  }
  for (int i = 0; i < shift; ++i)
    DL_CHECK(shape[i] >= 0, ShapeError, "expand: a new leading dimension needs a size, got ", wanted);
  return as_strided(shape, strides, offset_);
}

namespace {

Dims infer_shape(const Array& x, const Dims& wanted) {
  Dims shape = wanted;
  int free = -1;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1) {
      DL_CHECK(free < 0, ShapeError, "view: only one size may be -1, got ", wanted);
      free = i;
      shape[i] = 1;
    } else {
      DL_CHECK(shape[i] >= 0, ShapeError, "view: sizes must not be negative (except one -1), got ", wanted);
    }
  }
  if (free >= 0) {
    const int64_t known = shape.product();
    DL_CHECK(known > 0 && x.size() % known == 0, ShapeError, "view: shape ", x.shape(), " has ", x.size(),
             " elements, which do not divide into ", wanted);
    shape[free] = x.size() / known;
  }
  DL_CHECK(shape.product() == x.size(), ShapeError, "view: shape ", x.shape(), " has ", x.size(), " elements, but ",
           shape, " needs ", shape.product());
  return shape;
}

}  // namespace

bool Array::try_view(const Dims& wanted, Array* out) const {
  const Dims shape = infer_shape(*this, wanted);
  if (contiguous_ || size_ == 0) {
    *out = as_strided(shape, row_major(shape), offset_);
    return true;
  }
  // Runs: maximal groups of old dimensions that one stride walks, innermost first. A new dimension must lie in one run.
  int64_t run_size[kMaxDims], run_step[kMaxDims];
  int runs = 0;
  for (int i = ndim() - 1; i >= 0; --i) {
    if (shape_[i] == 1) continue;
    if (runs && strides_[i] == run_size[runs - 1] * run_step[runs - 1]) {
      run_size[runs - 1] *= shape_[i];
    } else {
      run_size[runs] = shape_[i];
      run_step[runs++] = strides_[i];
    }
  }
  Dims strides = Dims::filled(shape.size(), 1);
  int64_t covered = 1;
  for (int i = shape.size() - 1, r = 0; i >= 0; --i) {
    if (r < runs) strides[i] = covered * run_step[r];
    if (shape[i] == 1) continue;
    covered *= shape[i];
    if (run_size[r] % covered) return false;
    if (covered == run_size[r]) {
      covered = 1;
      ++r;
    }
  }
  *out = as_strided(shape, strides, offset_);
  return true;
}

Array Array::view(const Dims& wanted) const {
  Array out;
  DL_CHECK(try_view(wanted, &out), ShapeError, "view: shape ", shape_, " with strides ", strides_,
           " cannot be viewed as ", wanted, " without a copy; use reshape");
  return out;
}

Array Array::slice(int dim, int64_t start, int64_t length, int64_t step) const {
  dim = wrap_dim("slice", dim, ndim());
  Array out = *this;
  out.shape_[dim] = length;
  out.strides_[dim] *= step;
  return as_strided(out.shape_, out.strides_, length ? offset_ + start * strides_[dim] : offset_);
}

Array Array::select(int dim, int64_t index) const {
  DL_CHECK(ndim() > 0, IndexError, "index: a tensor of no dimensions cannot be indexed; use .item()");
  dim = wrap_dim("select", dim, ndim());
  const int64_t n = shape_[dim];
  DL_CHECK(index >= -n && index < n, IndexError, "index ", index, " is out of range for dimension ", dim, " of size ",
           n, "; shape ", shape_);
  Dims shape = shape_, strides = strides_;
  shape.erase(dim);
  strides.erase(dim);
  return as_strided(shape, strides, offset_ + (index < 0 ? index + n : index) * strides_[dim]);
}

Array Array::squeeze(int dim) const {
  dim = wrap_dim("squeeze", dim, ndim());
  if (ndim() == 0 || shape_[dim] != 1) return *this;
  Dims shape = shape_, strides = strides_;
  shape.erase(dim);
  strides.erase(dim);
  return as_strided(shape, strides, offset_);
}

Array Array::unsqueeze(int dim) const {
  dim = wrap_dim("unsqueeze", dim, ndim() + 1);
  Dims shape = shape_, strides = strides_;
  const int64_t step = dim < ndim() ? shape_[dim] * strides_[dim] : 1;
  shape.insert(dim, 1);
  strides.insert(dim, step);
  return as_strided(shape, strides, offset_);
}

}  // namespace dl
