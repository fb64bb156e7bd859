// Launching CUDA kernels, and the two things about shared memory that differ between nvcc and the host shim
// (csrc/cuda/host/). For cuda.cu and *.cuh only.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "cuda/check.h"
#include "cuda/stream.h"

// An invariant of device code that only the shim pays for: there it ends the launch with WHAT, under nvcc it is
// nothing.
#ifdef DL_CUDA_SHIM
#define DL_DEVICE_CHECK(ok, what) ((ok) ? void() : ::dl::shim::fail(what))
#else
#define DL_DEVICE_CHECK(ok, what) void()
#endif

// Before a loop over an array that is to live in registers: an index that is not a constant puts it into memory. And
// before one whose rounds are not to hold registers side by side.
#ifdef __CUDACC__
#define DL_UNROLL _Pragma("unroll")
#define DL_NO_UNROLL _Pragma("unroll 1")
#else
#define DL_UNROLL
#define DL_NO_UNROLL
#endif

#ifdef __CUDACC__
#pragma nv_diag_suppress 186  // a formula for every integer compares unsigned ones with 0
#endif
#ifndef DL_INLINE  // simd/vec.h's, which formulas shared with the CPU are written with
#define DL_INLINE inline __attribute__((always_inline))
#endif

namespace dl::cuda {

struct Shape {
  dim3 blocks, threads;
  std::size_t shared_bytes = 0;  // for dynamic_shared()
};

template <class... Params, class... Args>
void launch(const char* name, void (*kernel)(Params...), const Shape& shape, Args&&... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = shape.blocks;
  config.blockDim = shape.threads;
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = current_stream.handle;
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Args>(args)...), name);
}

/// The shape for `for (i = first_item(); i < items; i += item_step())`, items >= 1.
inline Shape grid_stride(std::int64_t items) {
  constexpr std::int64_t kThreads = 256, kMost = 132 * 8;  // an H100's 132 SMs hold 8 such blocks each; later ones loop
  const std::int64_t blocks = (items + kThreads - 1) / kThreads;
  return {.blocks = dim3(static_cast<unsigned>(blocks < kMost ? blocks : kMost)), .threads = dim3(kThreads)};
}

__device__ __forceinline__ std::int64_t first_item() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ std::int64_t item_step() { return static_cast<std::int64_t>(gridDim.x) * blockDim.x; }

/// The block's one T, uninitialised. Each kernel defines a struct of its own for it: a type names one storage.
template <class T>
__device__ __forceinline__ T& shared() {
  static_assert(std::is_trivially_default_constructible_v<T>, "shared memory is not initialised");
#ifdef DL_CUDA_SHIM
  static char key;
  return *static_cast<T*>(shim::static_shared(&key, sizeof(T), alignof(T)));
#else
  __shared__ T storage;
  return storage;
#endif
}

/// The Shape::shared_bytes of this launch, uninitialised, aligned to 1024 bytes (what a swizzled TMA tile needs).
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
#ifdef DL_CUDA_SHIM
  return static_cast<T*>(shim::dynamic_shared());
#else
  extern __shared__ __align__(1024) unsigned char dynamic_storage[];
  return reinterpret_cast<T*>(dynamic_storage);
#endif
}

}  // namespace dl::cuda
