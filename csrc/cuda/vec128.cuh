// 16 bytes at a time: the widest load and store of a thread, which takes a quarter of the instructions of 4-byte ones.
#pragma once

#include "cuda/launch.h"

namespace dl::cuda {

template <class T>
struct alignas(16) Vec128 {
  static constexpr int size = 16 / sizeof(T);
  T of[size];
};

template <class T>
__host__ __device__ __forceinline__ bool is_aligned128(const T* p) {
  return reinterpret_cast<std::uintptr_t>(p) % 16 == 0;
}

template <class T>
__device__ __forceinline__ Vec128<T> load128(const T* p) {
  DL_DEVICE_CHECK(is_aligned128(p), "load128: the address is not a multiple of 16");
  return *reinterpret_cast<const Vec128<T>*>(p);
}

template <class T>
__device__ __forceinline__ void store128(T* p, const Vec128<T>& v) {
  DL_DEVICE_CHECK(is_aligned128(p), "store128: the address is not a multiple of 16");
  *reinterpret_cast<Vec128<T>*>(p) = v;
}

}  // namespace dl::cuda
