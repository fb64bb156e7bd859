// How two elements, and two candidates for an extreme, combine.
#pragma once
#include "core/dtype.h"
#ifndef __CUDACC__
#include "simd/vec.h"
#endif

namespace dl::DL_ISA_NS {
namespace {  // short names stay this file's own

template <class T>
struct Widest {
  using type = int64_t;
};  // sums and products of integers
template <>
struct Widest<float> {
  using type = double;
};  // sums of block sums
template <>
struct Widest<double> {
  using type = double;
};
template <class T>
struct SumType {
  using type = int64_t;
};
template <>
struct SumType<float> {
  using type = float;
};
template <>
struct SumType<double> {
  using type = double;
};

struct Plain {  // what is reduced: the elements themselves
  template <class A>
  static DL_HD A term(A x) {
    return x;
  }
};

struct Sum : Plain {
  template <class T>
  using Element = typename SumType<T>::type;
  template <class T>
  using Total = typename Widest<T>::type;
  template <class A>
  static DL_HD A of(A a, A b) {
    return a + b;
  }
};
struct SumSquares : Sum {
  template <class A>
  static DL_HD A term(A x) {
    return x * x;
  }
};
struct Prod : Plain {
  template <class T>
  using Element = typename SumType<T>::type;
  template <class T>
  using Total = typename Widest<T>::type;
  template <class A>
  static DL_HD A of(A a, A b) {
    return a * b;
  }
};
struct Max : Plain {
  template <class T>
  using Element = T;
  template <class T>
  using Total = T;
  template <class A>
  static DL_HD bool better(A x, A than) {  // never for an equal: the first one stays
    return (x > than) | ((x != x) & (than == than));
  }
  template <class A>
  static DL_HD A of(A a, A b) {
    return (b > a) | (b != b) ? b : a;  // | has no branch
  }
#ifndef __CUDACC__
  template <class T>
  static DL_INLINE Vec<T> of(Vec<T> a, Vec<T> b) {
    return maximum(a, b);
  }
#endif
};
struct Min : Plain {
  template <class T>
  using Element = T;
  template <class T>
  using Total = T;
  template <class A>
  static DL_HD bool better(A x, A than) {
    return (x < than) | ((x != x) & (than == than));
  }
  template <class A>
  static DL_HD A of(A a, A b) {
    return (b < a) | (b != b) ? b : a;
  }
#ifndef __CUDACC__
  template <class T>
  static DL_INLINE Vec<T> of(Vec<T> a, Vec<T> b) {
    return minimum(a, b);
  }
#endif
};

}  // namespace
}  // namespace dl::DL_ISA_NS
