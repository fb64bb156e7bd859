#include "core/array.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/alloc.h"
#include "core/device.h"

namespace dl {

size_t itemsize(DType t) {
  static constexpr size_t sizes[] = {1, 1, 4, 8, 2, 2, 4, 8};
  return sizes[static_cast<int>(t)];
}

const char* name(DType t) {
  static constexpr const char* names[] = {"bool",    "uint8",    "int32",   "int64",
                                          "float16", "bfloat16", "float32", "float64"};
  return names[static_cast<int>(t)];
}

const char* name(Device d) { return d == Device::cpu ? "cpu" : "cuda"; }

namespace {

template <class T>
void store(void* to, const Number& n) {
  *static_cast<T*>(to) = n.kind == Number::real ? static_cast<T>(n.f) : static_cast<T>(n.i);
}

}  // namespace

void store_number(void* to, DType t, const Number& n) {
  switch (t) {
    case DType::b8:
      return store<bool>(to, n);
    case DType::u8:
      return store<uint8_t>(to, n);
    case DType::i32:
      return store<int32_t>(to, n);
    case DType::i64:
      return store<int64_t>(to, n);
    case DType::f16:
    case DType::bf16:
      throw DTypeError(join("a ", t, " tensor is for storage; convert with .float() to compute"));
    case DType::f32:
      return store<float>(to, n);
    case DType::f64:
      return store<double>(to, n);
  }
}

namespace {

template <class T>
bool holds(const Number& n) {
  constexpr int64_t low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  if (n.kind != Number::real) return n.i >= low && n.i <= high;
  const double whole = std::trunc(n.f), limit = static_cast<double>(low),
               above = std::ldexp(1.0, std::numeric_limits<T>::digits);
  return whole >= limit && whole < above;  // false for NaN
}

}  // namespace

bool fits(DType t, const Number& n) {
  return t == DType::u8    ? holds<uint8_t>(n)
         : t == DType::i32 ? holds<int32_t>(n)
                           : t != DType::i64 || holds<int64_t>(n);
}

void check_fits(const char* op, DType t, const Number& n) {
  if (fits(t, n)) return;
  const char* range = t == DType::u8    ? "0 to 255"
                      : t == DType::i32 ? "-2147483648 to 2147483647"
                                        : "-9223372036854775808 to 9223372036854775807";
  DL_CHECK(n.kind == Number::real, ValueError, op, ": ", n.i, " does not fit ", t, " (", range, "); use a wider dtype");
  DL_CHECK(false, ValueError, op, ": ", n.f, " does not fit ", t, " (", range, "); use a floating dtype");
}

bool is_floating(DType t) { return t >= DType::f32; }

bool is_half(DType t) { return t == DType::f16 || t == DType::bf16; }

DType promote(DType a, DType b) {  // the enum is in promotion order, but neither half holds the other
  return a != b && is_half(a) && is_half(b) ? DType::f32 : std::max(a, b);
}

Storage::Storage(size_t n, Device d) : data(device_api(d).alloc(n)), bytes(n), device(d) {}

Storage::Storage(void* p, size_t n, void (*r)(void*), void* o) : data(p), bytes(n), release(r), owner(o) {}

Storage::~Storage() {
  if (release)
    release(owner);
  else
    device_api(device).free(data, bytes);
}

// The step beyond a dimension. An overflow wraps: no array of that shape is ever made (Dims::product).
static int64_t beyond(int64_t step, int64_t size) {
  __builtin_mul_overflow(step, std::max<int64_t>(size, 1), &step);
  return step;
}

Dims row_major(const Dims& shape) {
  Dims s = shape;
  int64_t step = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    s[i] = step;
    step = beyond(step, shape[i]);
  }
  return s;
}

Dims channels_last(const Dims& d) { return {d[1] * d[2] * d[3], 1, d[1] * d[3], d[1]}; }

namespace {

bool is_row_major(const Dims& shape, const Dims& strides) {
  int64_t step = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (shape[i] == 1) continue;
    if (shape[i] == 0) return true;
    if (strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

// Dimensions from the outermost to the innermost in memory. A size-1 dimension has no stride of its own: it stays
// beside its left neighbour.
Dims memory_order(const Dims& shape, const Dims& strides) {
  Dims order, key;
  for (int i = 0; i < shape.size(); ++i) {
    order.push_back(i);
    key.push_back(shape[i] != 1 ? strides[i] : i ? key[i - 1] : INT64_MAX);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return key[static_cast<int>(a)] > key[static_cast<int>(b)]; });
  return order;
}

Dims dense_in_order(const Dims& shape, const Dims& order) {
  Dims s = shape;
  int64_t step = 1;
  for (int k = shape.size() - 1; k >= 0; --k) {
    const int i = static_cast<int>(order[k]);
    s[i] = step;
    step = beyond(step, shape[i]);
  }
  return s;
}

bool any_zero_stride(const Dims& shape, const Dims& strides) {
  for (int i = 0; i < shape.size(); ++i)
    if (shape[i] > 1 && strides[i] == 0) return true;
  return false;
}

}  // namespace

Dims dense_like(const Dims& shape, const Dims& strides) {
  if (is_row_major(shape, strides) || any_zero_stride(shape, strides)) return row_major(shape);
  if (shape.size() == 4 && strides[1] == 1 && shape[1] > 1) {  // common, and settles size-1 maps
    bool nhwc = true;
    int64_t inside = shape[1];
    for (int i : {3, 2, 0}) {
      if (shape[i] == 1) continue;  // its stride says nothing
      nhwc = nhwc && strides[i] >= inside;
      inside = strides[i];
    }
    if (nhwc) return channels_last(shape);
  }
  return dense_in_order(shape, memory_order(shape, strides));
}

Array::Array(std::shared_ptr<Storage> storage, const Dims& shape, const Dims& strides, int64_t offset, DType dtype)
    : storage_(std::move(storage)),
      shape_(shape),
      strides_(strides),
      offset_(offset),
      size_(shape.product()),
      dtype_(dtype),
      contiguous_(is_row_major(shape, strides)) {}

Array Array::empty_strided(const Dims& shape, const Dims& strides, DType dtype, Device device) {
  for (int64_t d : shape) DL_CHECK(d >= 0, ShapeError, "empty: sizes must not be negative, got ", shape);
  int64_t bytes;
  DL_CHECK(!__builtin_mul_overflow(shape.product(), static_cast<int64_t>(itemsize(dtype)), &bytes), OutOfMemory,
           "shape ", shape, " overflows 64 bits");
  return Array(std::make_shared<Storage>(static_cast<size_t>(bytes), device), shape, strides, 0, dtype);
}

Array Array::empty(const Dims& shape, DType dtype, Device device) {
  return empty_strided(shape, row_major(shape), dtype, device);
}

Array Array::empty_like(const Array& like, DType dtype) {
  return empty_strided(like.shape(), dense_like(like.shape(), like.strides()), dtype, like.device());
}

bool Array::is_channels_last() const {
  if (ndim() != 4 || size_ == 0) return false;
  int64_t step = 1;
  for (int i : {1, 3, 2, 0}) {
    if (shape_[i] == 1) continue;
    if (strides_[i] != step) return false;
    step *= shape_[i];
  }
  return true;
}

bool Array::is_dense() const {
  if (contiguous_) return true;
  if (any_zero_stride(shape_, strides_)) return false;
  const Dims dense = dense_in_order(shape_, memory_order(shape_, strides_));
  for (int i = 0; i < ndim(); ++i)
    if (shape_[i] > 1 && dense[i] != strides_[i]) return false;
  return true;
}

Dims result_layout(const Dims& shape, std::initializer_list<const Array*> operands) {
  for (const Array* a : operands)
    if (a->shape() == shape && !a->is_contiguous() && !any_zero_stride(shape, a->strides()))
      return dense_like(shape, a->strides());
  return row_major(shape);
}

Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b) {
  if (a == b) return a;
  const int n = std::max(a.size(), b.size());
  Dims out = Dims::filled(n, 1);
  for (int i = 1; i <= n; ++i) {
    const int64_t x = i <= a.size() ? a[a.size() - i] : 1, y = i <= b.size() ? b[b.size() - i] : 1;
    DL_CHECK(x == y || x == 1 || y == 1, ShapeError, op, ": shapes ", a, " and ", b, " do not broadcast: ", x,
             " against ", y, " in dimension ", -i, "; sizes must be equal, or one of them 1");
    out[n - i] = x == 1 ? y : x;
  }
  return out;
}

int wrap_dim(const char* op, int dim, int ndim) {
  const int n = std::max(ndim, 1);  // dim 0 and -1 of a scalar are allowed, as in PyTorch
  DL_CHECK(dim >= -n && dim < n, IndexError, op, ": dim ", dim, " is out of range for a tensor of ", ndim,
           " dimensions; use ", -n, " to ", n - 1);
  return dim < 0 ? dim + n : dim;
}

}  // namespace dl
