// The CUDA device's memory and copies: registers Device::cuda when the backend's library is opened. Nothing touches
// the driver before the first call, so a build with CUDA works on machines without one until a tensor goes there.
// The driver's stream-ordered pool is the caching allocator.
#include <cuda_runtime.h>

#include "core/device.h"
#include "cuda/check.h"
#include "cuda/range_check.h"

namespace dl::cuda {
namespace {

// The pool gives memory back to the driver only when told to: giving it back costs a synchronisation.
bool keep_freed_memory() {
  cudaMemPool_t pool;
  uint64_t threshold = UINT64_MAX;
  check(cudaDeviceGetDefaultMemPool(&pool, 0), "opening the GPU");
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold), "opening the GPU");
  return true;
}

void* alloc(size_t bytes) {
  static const bool opened = keep_freed_memory();
  void* p = nullptr;
  if (bytes == 0 || !opened) return p;
  const cudaError_t error = cudaMallocAsync(&p, bytes, nullptr);
  DL_CHECK(error != cudaErrorMemoryAllocation, OutOfMemory, "out of memory: asked for ", bytes,
           " bytes on the GPU; use a smaller batch, or free tensors that are no longer needed");
  check(error, "allocating on the GPU");
  return p;
}

void release(void* p, size_t) {
  // Called from destructors, so it must not throw; an error here is the one an earlier launch left, and the next
  // checked call reports it.
  if (p) cudaFreeAsync(p, nullptr);
}

// Returns when the copy is done: the host's side may be freed or read at once.
void copy(void* dst, const void* src, size_t bytes, CopyKind kind) {
  constexpr cudaMemcpyKind kinds[] = {cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice};
  check(cudaMemcpyAsync(dst, src, bytes, kinds[static_cast<int>(kind)], nullptr), "copying to or from the GPU");
  if (kind == CopyKind::device_to_device) return;
  check(cudaStreamSynchronize(nullptr), "copying to or from the GPU");
  raise_bad_ranges();
}

void synchronize() {
  check(cudaStreamSynchronize(nullptr), "waiting for the GPU");
  raise_bad_ranges();
}

const bool registered = [] {
  register_device(Device::cuda, {.name = "cuda",
                                 .alloc = alloc,
                                 .free = release,
                                 .copy = copy,
                                 .synchronize = synchronize,
                                 .check_range = check_range,
                                 .check_at_once = check_ranges_at_once});
  return true;
}();

}  // namespace
}  // namespace dl::cuda
