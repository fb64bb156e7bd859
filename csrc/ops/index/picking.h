// What index.cpp offers its neighbour several.cpp: indices that were checked, and the kernels' runs.
#pragma once
#include "core/array.h"
#include "ops/index/index.h"

namespace dl::picking {

inline bool on_cpu(const Array& x) { return x.device() == Device::cpu; }
void check_device(const char* op, const Array& x, const char* what, const Array& other);

// Indices along dimension `dim`, which has `limit` elements.
struct Rule {
  const char *op, *what;
  int64_t limit;
  int dim;
  bool from_end;
  bool holds(const int64_t* ids, int64_t n) const;
  void check(const Array& ids) const;
};

// int64 indices in the strides of `index`, row-major or broadcast; a broadcast one is checked and converted once an
// element. `later`: row-major ones on the CPU are left to the caller to check.
Array checked(const Rule& rule, const Array& index, bool later = false);

// A copy where writing to `dst` would change x.
Array apart_from(const Array& dst, const Array& x);

// Of operands of one shape, in which x, or dst, has stride 0 in the indexed dimension, where it has `limit` elements
// `step` apart.
void gather(const Array& out, const Array& index, const Array& x, int64_t step, int64_t limit);
void scatter(const Array& dst, const Array& index, const Array& src, int dim, int64_t step, int64_t limit, bool add);

}  // namespace dl::picking
