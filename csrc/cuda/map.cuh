// out[i] = f(in0[i], in1[i], …) over dense memory: every pointwise kernel's loop. 16 bytes a load and store where each
// pointer allows it, single elements for the rest; a half is computed as float32 and rounded once.
// Limit: memory bandwidth, unless f is long.
#pragma once

#include "cuda/vec128.cuh"
#include "simd/half.h"

namespace dl::cuda {

/// What elements stored as S are computed in.
template <class S>
struct Computed {
  using type = S;
};
template <>
struct Computed<BFloat16> {
  using type = float;
};
template <>
struct Computed<Half> {
  using type = float;
};
template <class S>
constexpr bool kHalf = __is_same(S, BFloat16) || __is_same(S, Half);

template <class T, class S>
__device__ __forceinline__ T read(S v) {
  if constexpr (kHalf<S>)
    return static_cast<T>(widen(v));
  else
    return static_cast<T>(v);
}
template <class R, class T>
__device__ __forceinline__ R rounded(T v) {
  if constexpr (kHalf<R>)
    return narrow<R>(static_cast<float>(v));
  else
    return static_cast<R>(v);
}

/// N operands of elements S, read as T. One without memory is the number beside it; a step of 0 repeats an element.
template <class S, class T, int N>
struct Operands {
  const S* at[N];
  T number[N];
  int64_t step[N];  // 0 or 1

  __device__ __forceinline__ T one(int k, int64_t i) const { return at[k] ? read<T>(at[k][i]) : number[k]; }
};

template <class F, class T, int N>
__device__ __forceinline__ auto apply(const F& f, const T (&v)[N]) {
  if constexpr (N == 1)
    return f(v[0]);
  else if constexpr (N == 2)
    return f(v[0], v[1]);
  else if constexpr (N == 3)
    return f(v[0], v[1], v[2]);
  else
    return f(v[0], v[1], v[2], v[3]);
}

template <class R, class S>
constexpr int kMapVector = 16 / (sizeof(R) > sizeof(S) ? sizeof(R) : sizeof(S));

template <class F, class R, class S, class T, int N>
static __global__ void map_kernel(F f, R* out, Operands<S, T, N> in, int64_t vectors, int64_t n) {
  constexpr int kN = kMapVector<R, S>;
  T fixed[N];
  for (int k = 0; k < N; ++k) fixed[k] = in.step[k] ? T(0) : in.one(k, 0);
  for (int64_t i = first_item(); i < vectors; i += item_step()) {
    Pack<S, kN> v[N];
    for (int k = 0; k < N; ++k)
      if (in.step[k]) v[k] = load_pack<kN>(in.at[k] + i * kN);
    Pack<R, kN> y;
    for (int j = 0; j < kN; ++j) {
      T one[N];
      for (int k = 0; k < N; ++k) one[k] = in.step[k] ? read<T>(v[k].of[j]) : fixed[k];
      y.of[j] = rounded<R>(apply(f, one));
    }
    store_pack(out + i * kN, y);
  }
  for (int64_t i = vectors * kN + first_item(); i < n; i += item_step()) {
    T one[N];
    for (int k = 0; k < N; ++k) one[k] = in.step[k] ? in.one(k, i) : fixed[k];
    out[i] = rounded<R>(apply(f, one));
  }
}

template <class F, class R, class S, class T, int N>
static void map(const char* name, const F& f, R* out, const Operands<S, T, N>& in, int64_t n) {
  constexpr int kN = kMapVector<R, S>;
  bool aligned = is_aligned<kN>(out);
  for (int k = 0; k < N; ++k) aligned &= !in.step[k] || is_aligned<kN>(in.at[k]);
  const int64_t vectors = aligned ? n / kN : 0;
  launch(name, map_kernel<F, R, S, T, N>, grid_stride(vectors ? vectors : n), f, out, in, vectors, n);
}

/// f of one or two dense arrays.
template <class R, class S, class F>
static void map_dense(const char* name, const F& f, void* out, const void* x, int64_t n) {
  using T = typename Computed<S>::type;
  map(name, f, static_cast<R*>(out), Operands<S, T, 1>{{static_cast<const S*>(x)}, {}, {1}}, n);
}
template <class R, class S, class F>
static void map_dense(const char* name, const F& f, void* out, const void* x, const void* y, int64_t n) {
  using T = typename Computed<S>::type;
  const Operands<S, T, 2> in{{static_cast<const S*>(x), static_cast<const S*>(y)}, {}, {1, 1}};
  map(name, f, static_cast<R*>(out), in, n);
}

}  // namespace dl::cuda
