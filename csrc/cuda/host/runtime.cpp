// Device memory, streams and launches of the shim: host memory, and calls that are done when they return.
#include <cstdlib>
#include <cstring>

#include "cuda_runtime.h"
#include "device_memory.h"

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  *pool = nullptr;  // there is one, and it has no settings
  return device == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t) {
  *pointer = dl::shim::device_alloc(bytes);
  return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t) {
  dl::shim::device_free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t) {
  const dl::shim::DeviceAccess access;
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  *pointer = std::malloc(bytes);
  return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }

cudaError_t dl::shim::launch(const cudaLaunchConfig_t& config, void (*thread)(const void*), const void* params) {
  // The limits of every GPU since sm_30; 48 KB: what a block may use without cudaFuncSetAttribute.
  const dim3 g = config.gridDim, b = config.blockDim;
  const std::size_t threads = std::size_t{b.x} * b.y * b.z;
  if (threads == 0 || threads > 1024 || b.z > 64) return cudaErrorInvalidConfiguration;
  if (g.x == 0 || g.y == 0 || g.z == 0 || g.x > 0x7fffffffu || g.y > 0xffffu || g.z > 0xffffu)
    return cudaErrorInvalidConfiguration;
  if (config.dynamicSmemBytes > 48 << 10) return cudaErrorInvalidValue;
  const DeviceAccess access;
  return run_grid(config, thread, params) ? cudaSuccess : cudaErrorLaunchFailure;
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorLaunchFailure:
      return dl::shim::last_failure();
  }
  return "unrecognized error code";
}

extern "C" __attribute__((visibility("default"))) void dlcore_shim_seed(std::uint64_t seed) {
  dl::shim::set_schedule_seed(seed);
}
