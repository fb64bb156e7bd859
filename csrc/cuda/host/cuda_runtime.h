// The CUDA runtime on a CPU: the part of <cuda_runtime.h> that dlcore's device code and launchers use. This directory
// comes first on the include path of the shim build, so the same cuda.cu compiles with a host compiler and every CUDA
// thread runs as a fiber. A name that is missing here is a compile error in the shim: add it with a test in
// tests/cuda/shim_test.cu. __shared__ is left out on purpose: dl::cuda::shared<T>() is poisoned anew for each block.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <tuple>
#include <utility>

#define DL_CUDA_SHIM 1

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __grid_constant__

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// constinit: no dynamic initialiser, so each use is a plain thread-local load.
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;
inline constexpr int warpSize = 32;

// ---- host side: numbers and meanings as in the real runtime ----

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchFailure = 719,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
using cudaStream_t = struct dl_shim_stream*;  // streams.h; null is the default stream
using cudaEvent_t = struct dl_shim_event*;

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

struct cudaDeviceProp {
  char name[256];
  int major, minor;
};

using cudaMemPool_t = struct dl_shim_pool*;
enum cudaMemPoolAttr {
  cudaMemPoolAttrReleaseThreshold = 4,
  cudaMemPoolAttrReservedMemCurrent = 5,
  cudaMemPoolAttrReservedMemHigh = 6,
};
inline constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDefault = 0, cudaEventDisableTiming = 2,
                          cudaHostAllocDefault = 0, cudaHostAllocMapped = 2;

cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaGetLastError();
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device);
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t keep);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned flags);  // memory that both sides may touch
cudaError_t cudaFreeHost(void* pointer);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end);
/// For cudaErrorLaunchFailure: what went wrong in this OS thread's last failed launch, and in which block.
const char* cudaGetErrorString(cudaError_t error);

// ---- what the device functions below are made of (block.cpp) ----

namespace dl::shim {

/// Which thread of a block, and which block of a grid, runs first: 0 ascending, 1 descending, else a permutation drawn
/// from the seed. The first thread in that order that is able to run always runs, as far as barriers let it.
/// The library exports it as `void dlcore_shim_seed(uint64_t)`.
void set_schedule_seed(std::uint64_t seed);

cudaError_t launch(const cudaLaunchConfig_t& config, void (*thread)(const void* params),
                   const std::shared_ptr<const void>& params);
/// False after a failure, which last_failure() then describes. The config is valid.
bool run_grid(const cudaLaunchConfig_t& config, void (*thread)(const void* params), const void* params);
const char* last_failure();

void sync_block(std::source_location where);
/// Waits for the lanes of mask. Every lane gives bytes at in and receives 32 of them at out; those of lanes that are
/// outside mask, or have exited, are poison (0xff).
void sync_warp(std::uint32_t mask, const void* in, void* out, std::size_t bytes, std::source_location where);
unsigned lane();
/// The storage of one shared variable: the same for every thread of a block, poisoned before each block first sees it.
void* static_shared(const void* key, std::size_t bytes, std::size_t align);
void* dynamic_shared();
/// cp.async. Under even seeds a copy is made when its group is waited for, as late as it may be, under odd ones at
/// once: a wait that is missing and a buffer that is refilled while it is read both show.
void async_copy(void* to, const void* from, std::size_t bytes, std::size_t valid);
void async_commit();
void async_wait(std::size_t pending);
/// Ends the launch with cudaErrorLaunchFailure.
[[noreturn]] void fail(const char* what);

template <class T>
struct WarpValues {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8, "as CUDA's shuffles");
  T of[32];
  WarpValues(std::uint32_t mask, T mine, std::source_location where) { sync_warp(mask, &mine, of, sizeof(T), where); }
};

}  // namespace dl::shim

template <class... Params, class... Args>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Params...), Args&&... args) {
  struct Call {
    void (*kernel)(Params...);
    std::tuple<Params...> params;
  };
  const auto call = std::make_shared<const Call>(Call{kernel, std::tuple<Params...>(std::forward<Args>(args)...)});
  auto thread = [](const void* c) {
    std::apply(static_cast<const Call*>(c)->kernel, static_cast<const Call*>(c)->params);
  };
  return dl::shim::launch(*config, thread, call);
}

// ---- device side ----

using Where = std::source_location;

inline void __syncthreads(Where where = Where::current()) { dl::shim::sync_block(where); }
inline void __syncwarp(unsigned mask = ~0u, Where where = Where::current()) {
  dl::shim::sync_warp(mask, nullptr, nullptr, 0, where);
}

template <class T>
T __shfl_sync(unsigned mask, T v, int source, int width = 32, Where where = Where::current()) {
  const unsigned first = dl::shim::lane() & ~(width - 1u);
  return dl::shim::WarpValues<T>(mask, v, where).of[first + (source & (width - 1))];
}
template <class T>
T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = 32, Where where = Where::current()) {
  const unsigned lane = dl::shim::lane(), first = lane & ~(width - 1u);
  return dl::shim::WarpValues<T>(mask, v, where).of[lane - first >= delta ? lane - delta : lane];
}
template <class T>
T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = 32, Where where = Where::current()) {
  const unsigned lane = dl::shim::lane(), end = (lane | (width - 1u)) + 1;
  return dl::shim::WarpValues<T>(mask, v, where).of[delta < end - lane ? lane + delta : lane];
}
template <class T>
T __shfl_xor_sync(unsigned mask, T v, int flip, int width = 32, Where where = Where::current()) {
  const unsigned lane = dl::shim::lane(), end = (lane | (width - 1u)) + 1, source = lane ^ flip;
  return dl::shim::WarpValues<T>(mask, v, where).of[source < end ? source : lane];
}
/// The lanes of mask that hold the same value as this one.
template <class T>
unsigned __match_any_sync(unsigned mask, T v, Where where = Where::current()) {
  const dl::shim::WarpValues<T> all(mask, v, where);
  unsigned equals = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (mask >> lane & 1 && all.of[lane] == v) equals |= 1u << lane;
  return equals;
}
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

// One OS thread runs the whole grid, so these need no atomic instruction. Adding floats gives different bits under
// different schedule seeds: a kernel that does so fails the tests that compare seeds.
template <class T>
  requires(std::integral<T> || std::floating_point<T>)
T atomicAdd(T* at, std::type_identity_t<T> v) {
  return std::exchange(*at, *at + v);
}
template <std::integral T>
T atomicMin(T* at, std::type_identity_t<T> v) {
  return std::exchange(*at, v < *at ? v : *at);
}
template <std::integral T>
T atomicMax(T* at, std::type_identity_t<T> v) {
  return std::exchange(*at, v > *at ? v : *at);
}
