// Dims: a shape or a list of strides, at most kMaxDims long, held inline (no allocation per view).
#pragma once
#include <cstdint>
#include <initializer_list>
#include <ostream>

#include "core/error.h"

namespace dl {

constexpr int kMaxDims = 8;  // conv2d needs 4, grouped and batched forms 6; NumPy programs rarely pass 8

class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) {
    for (int64_t v : values) push_back(v);
  }
  static Dims filled(int n, int64_t value) {
    Dims d;
    for (int i = 0; i < n; ++i) d.push_back(value);
    return d;
  }

  int size() const { return n_; }
  bool empty() const { return n_ == 0; }
  int64_t& operator[](int i) { return d_[i]; }
  int64_t operator[](int i) const { return d_[i]; }
  int64_t back() const { return d_[n_ - 1]; }
  const int64_t* begin() const { return d_; }
  const int64_t* end() const { return d_ + n_; }
  int64_t* begin() { return d_; }
  int64_t* end() { return d_ + n_; }

  void push_back(int64_t v) {
    DL_CHECK(n_ < kMaxDims, ShapeError, "a tensor has at most ", kMaxDims, " dimensions");
    d_[n_++] = v;
  }
  void insert(int at, int64_t v) {
    push_back(v);
    for (int i = n_ - 1; i > at; --i) d_[i] = d_[i - 1];
    d_[at] = v;
  }
  void erase(int at) {
    for (int i = at; i + 1 < n_; ++i) d_[i] = d_[i + 1];
    --n_;
  }
  int64_t product() const;  // the number of elements; raises OutOfMemory where 64 bits cannot hold it
  bool operator==(const Dims& o) const {
    if (n_ != o.n_) return false;
    for (int i = 0; i < n_; ++i)
      if (d_[i] != o.d_[i]) return false;
    return true;
  }

 private:
  int64_t d_[kMaxDims] = {};
  int n_ = 0;
};

// (8,32,28,28); a single dimension prints as (8,), as in Python.
inline std::ostream& operator<<(std::ostream& out, const Dims& d) {
  out << '(';
  for (int i = 0; i < d.size(); ++i) out << (i ? "," : "") << d[i];
  return out << (d.size() == 1 ? ",)" : ")");
}

inline int64_t Dims::product() const {
  int64_t p = 1;
  bool none = false;
  for (int64_t d : *this) {  // strides step over a size of 0 as over a 1: the others' product has to fit as well
    none |= d == 0;
    DL_CHECK(d == 0 || !__builtin_mul_overflow(p, d, &p), OutOfMemory, "shape ", *this, " overflows 64 bits");
  }
  return none ? 0 : p;
}

}  // namespace dl
