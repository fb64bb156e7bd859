// One step of each running total.
#pragma once
#include "core/dtype.h"

namespace dl::DL_ISA_NS {

// What a line is added up in.
template <class T>
struct TotalOf {
  using Type = double;
};
template <>
struct TotalOf<int64_t> {
  using Type = int64_t;
};

struct Sum {
  static constexpr int start = 0;
  template <class A>
  static DL_HD inline A step(A total, A x) {
    return total + x;
  }
};
struct Product {
  static constexpr int start = 1;
  template <class A>
  static DL_HD inline A step(A total, A x) {
    return total * x;
  }
};

// Whether x takes the place of the best so far: equals do, and NaN does for good.
struct Max {
  template <class T>
  static DL_HD inline bool wins(T x, T best) {
    return x != x || x >= best;
  }
};
struct Min {
  template <class T>
  static DL_HD inline bool wins(T x, T best) {
    return x != x || x <= best;
  }
};

}  // namespace dl::DL_ISA_NS
