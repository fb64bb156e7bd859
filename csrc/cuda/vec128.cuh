// Up to 16 bytes at a time: the widest load and store of a thread, which takes a quarter of the instructions of 4-byte
// ones.
#pragma once

#include "cuda/launch.h"

namespace dl::cuda {

/// N elements as one load or store: N sizeof(T) is a power of two up to 16.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  static_assert(sizeof(T) * N <= 16, "no load is wider");
  static constexpr int size = N;
  T of[N];
};

template <int N, class T>
__host__ __device__ __forceinline__ bool is_aligned(const T* p) {
  return reinterpret_cast<std::uintptr_t>(p) % (sizeof(T) * N) == 0;
}

/// Whether packs of N elements T may be read at each of these addresses; a null one counts as aligned.
template <class T, int N, class... P>
__host__ __device__ __forceinline__ bool all_aligned(const P*... p) {
  return (is_aligned<N>(reinterpret_cast<const T*>(p)) && ...);
}

template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_pack(const T* p) {
  DL_DEVICE_CHECK(is_aligned<N>(p), "load_pack: the address is not a multiple of the pack's size");
  return *reinterpret_cast<const Pack<T, N>*>(p);
}

template <class T, int N>
__device__ __forceinline__ void store_pack(T* p, const Pack<T, N>& v) {
  DL_DEVICE_CHECK(is_aligned<N>(p), "store_pack: the address is not a multiple of the pack's size");
  *reinterpret_cast<Pack<T, N>*>(p) = v;
}

template <class T>
using Vec128 = Pack<T, 16 / sizeof(T)>;

template <class T>
__host__ __device__ __forceinline__ bool is_aligned128(const T* p) {
  return is_aligned<16 / sizeof(T)>(p);
}
template <class T>
__device__ __forceinline__ Vec128<T> load128(const T* p) {
  return load_pack<16 / sizeof(T)>(p);
}
template <class T>
__device__ __forceinline__ void store128(T* p, const Vec128<T>& v) {
  store_pack(p, v);
}

/// N neighbours, by one load or store where `aligned` says that the address is a multiple of the pack's size, else by
/// N: who takes which elements then depends on the shape alone, and so do the bits of a sum.
template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_run(const T* p, bool aligned) {
  if (aligned) return load_pack<N>(p);
  Pack<T, N> v;
  DL_UNROLL
  for (int e = 0; e < N; ++e) v.of[e] = p[e];
  return v;
}
template <class T, int N>
__device__ __forceinline__ void store_run(T* p, const Pack<T, N>& v, bool aligned) {
  if (aligned) return store_pack(p, v);
  DL_UNROLL
  for (int e = 0; e < N; ++e) p[e] = v.of[e];
}

/// What lies before `end` of p's run from i on: of the others none is read, they are 0, and none is written.
template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_run_before(const T* p, std::int64_t i, std::int64_t end, bool aligned) {
  if (i + N <= end) return load_run<N>(p + i, aligned);
  Pack<T, N> v{};
  DL_UNROLL
  for (int e = 0; e < N; ++e)
    if (i + e < end) v.of[e] = p[i + e];
  return v;
}
template <class T, int N>
__device__ __forceinline__ void store_run_before(T* p, std::int64_t i, std::int64_t end, const Pack<T, N>& v,
                                                 bool aligned) {
  if (i + N <= end) return store_run(p + i, v, aligned);
  DL_UNROLL
  for (int e = 0; e < N; ++e)
    if (i + e < end) p[i + e] = v.of[e];
}

/// p's run from i on, or N times p[i].
template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_run_or_one(const T* p, std::int64_t i, bool run, bool aligned) {
  if (run) return load_run<N>(p + i, aligned);
  const T one = p[i];
  Pack<T, N> v;
  DL_UNROLL
  for (int e = 0; e < N; ++e) v.of[e] = one;
  return v;
}

/// f(std::integral_constant<int, N>()): N elements T of 16 bytes where `whole` says that there are whole runs of them
/// alone, else N = 1.
template <class T, class F>
static void with_run(bool whole, const F& f) {
  if (whole)
    f(std::integral_constant<int, Vec128<T>::size>());
  else
    f(std::integral_constant<int, 1>());
}

}  // namespace dl::cuda
