// Array: a typed, strided view of a storage. A value type: copying one copies the view, not the data.
#pragma once
#include <atomic>
#include <memory>

#include "core/dims.h"
#include "core/dtype.h"

namespace dl {

DL_API size_t itemsize(DType t);
DL_API const char* name(DType t);  // "float32", …
DL_API const char* name(Device d);
DL_API bool is_floating(DType t);  // float32 or float64: what kernels compute in
DL_API bool is_half(DType t);      // float16 or bfloat16: storage
inline bool computes(DType t) { return is_floating(t) || t == DType::bf16; }  // where an op has rows of bfloat16 too
DL_API DType promote(DType a, DType b);  // array-API / PyTorch: float32 with any integer stays float32
// One element; integers wrap, a bool is != 0. DTypeError for halves: no kernel takes a number of theirs.
DL_API void store_number(void* to, DType t, const Number& n);
DL_API bool fits(DType t, const Number& n);  // an integer dtype holds n, once a fraction is cut off; others hold all
// ValueError where it does not.
DL_API void check_fits(const char* op, DType t, const Number& n);
inline std::ostream& operator<<(std::ostream& out, DType t) { return out << name(t); }

// Bytes with an owner. `version` counts in-place writes: autograd compares it before it uses a saved value.
struct DL_API Storage {
  void* data = nullptr;
  size_t bytes = 0;
  Device device = Device::cpu;
  uint32_t version = 0;
  void (*release)(void* owner) = nullptr;  // set when the bytes belong to someone else (a NumPy array)
  void* owner = nullptr;

  Storage(size_t bytes, Device device);                                    // allocated, not cleared
  Storage(void* data, size_t bytes, void (*release)(void*), void* owner);  // borrowed host memory
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
};

class DL_API Array {
 public:
  Array() = default;
  Array(std::shared_ptr<Storage> storage, const Dims& shape, const Dims& strides, int64_t offset, DType dtype);

  // A new, uncleared array: row-major, or with the given dense strides.
  static Array empty(const Dims& shape, DType dtype, Device device = Device::cpu);
  static Array empty_strided(const Dims& shape, const Dims& strides, DType dtype, Device device = Device::cpu);
  // Same shape and dense layout as `like` (a strided view gets its dense permutation).
  static Array empty_like(const Array& like, DType dtype);
  static Array empty_like(const Array& like) { return empty_like(like, like.dtype()); }

  const Dims& shape() const { return shape_; }
  const Dims& strides() const { return strides_; }  // in elements
  int64_t shape(int dim) const { return shape_[dim < 0 ? dim + ndim() : dim]; }
  int64_t stride(int dim) const { return strides_[dim < 0 ? dim + ndim() : dim]; }
  int ndim() const { return shape_.size(); }
  int64_t size() const { return size_; }  // number of elements
  int64_t offset() const { return offset_; }
  DType dtype() const { return dtype_; }
  Device device() const { return storage_->device; }
  const std::shared_ptr<Storage>& storage() const { return storage_; }

  void* raw() const { return static_cast<char*>(storage_->data) + offset_ * static_cast<int64_t>(itemsize(dtype_)); }
  template <class T>
  T* data() const {
    return static_cast<T*>(raw());
  }

  bool is_contiguous() const { return contiguous_; }  // row-major
  bool is_channels_last() const;                      // 4-d, NHWC in memory (C = 1 and 1×1 maps count as both)
  bool is_dense() const;                              // some permutation of the dimensions is row-major
  void bump_version() const { ++storage_->version; }

  // Views. All raise ShapeError with the shapes where the view cannot be.
  Array permute(const Dims& order) const;
  Array transpose(int a, int b) const;
  Array expand(const Dims& shape) const;               // broadcast: stride 0
  Array view(const Dims& shape) const;                 // one -1 allowed
  Array view_as(DType dtype) const;                    // the same bytes; the last dimension shrinks or grows
  bool try_view(const Dims& shape, Array* out) const;  // false where only a copy would do
  Array slice(int dim, int64_t start, int64_t length, int64_t step) const;
  Array select(int dim, int64_t index) const;  // drops the dimension
  Array squeeze(int dim) const;
  Array unsqueeze(int dim) const;
  Array as_strided(const Dims& shape, const Dims& strides, int64_t offset) const;

 private:
  std::shared_ptr<Storage> storage_;
  Dims shape_, strides_;
  int64_t offset_ = 0, size_ = 0;
  DType dtype_ = DType::f32;
  bool contiguous_ = true;
};

DL_API Dims row_major(const Dims& shape);
DL_API Dims channels_last(const Dims& nchw);
DL_API Dims dense_like(const Dims& shape, const Dims& strides);  // dense, in the memory order of `strides`
// The one rule for a pointwise result's layout: dense strides of `shape` in the order of the first operand that
// has that shape and is not row-major; row-major otherwise. Where C = 1 or the map is 1×1 both layouts are the
// same bytes, and an operand says nothing: the others decide.
DL_API Dims result_layout(const Dims& shape, std::initializer_list<const Array*> operands);
DL_API Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b);
DL_API int wrap_dim(const char* op, int dim, int ndim);

}  // namespace dl
