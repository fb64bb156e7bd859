// The shim's device: its memory, copies and launches.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "cuda_runtime.h"
#include "device_memory.h"
#include "streams.h"

namespace {

struct Memory {
  std::mutex mutex;
  std::size_t total = std::size_t{8} << 30;  // dlcore_shim_memory
  std::size_t in_use = 0, reserved = 0, peak_reserved = 0;
  std::unordered_map<void*, std::size_t> sizes;
  std::map<const char*, std::size_t> pinned;
};
Memory& memory() {
  static auto* m = new Memory;  // arrays may outlive static destructors
  return *m;
}
thread_local std::string overrun_text;
int capability = 80;                  // dlcore_shim_capability
std::atomic<std::size_t> overrun{0};  // the size of memory that was written past its end, until it is reported

bool is_pinned(const void* p) {
  const std::lock_guard lock(memory().mutex);
  const char* at = static_cast<const char*>(p);
  auto found = memory().pinned.upper_bound(at);
  return found != memory().pinned.begin() && at < (--found)->first + found->second;
}

}  // namespace

cudaError_t dl::shim::take_overrun() {
  const std::size_t bytes = overrun.exchange(0);
  if (bytes == 0) return cudaSuccess;
  overrun_text = "a kernel wrote past the end of " + std::to_string(bytes) + " bytes of device memory";
  return cudaErrorIllegalAddress;
}

cudaError_t cudaDriverGetVersion(int* version) { return cudaRuntimeGetVersion(version); }
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return cudaErrorInvalidValue;
  std::strcpy(properties->name, "the host shim");
  properties->major = capability / 10;
  properties->minor = capability % 10;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }  // every call reports its own

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  *pool = nullptr;  // there is one
  return device == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void* value) {
  const std::lock_guard lock(memory().mutex);
  const bool peak = attribute == cudaMemPoolAttrReservedMemHigh;
  *static_cast<std::uint64_t*>(value) = peak ? memory().peak_reserved : memory().reserved;
  return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void*) {
  const std::lock_guard lock(memory().mutex);
  if (attribute == cudaMemPoolAttrReservedMemHigh) memory().peak_reserved = memory().reserved;
  return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) {
  const std::lock_guard lock(memory().mutex);
  memory().reserved = memory().in_use;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const std::lock_guard lock(memory().mutex);
  *total = memory().total;
  *free = *total - memory().reserved;
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t) {
  Memory& m = memory();
  const std::lock_guard lock(m.mutex);
  *pointer = bytes > m.total - std::min(m.in_use, m.total) ? nullptr : dl::shim::device_alloc(bytes);
  if (!*pointer) return cudaErrorMemoryAllocation;
  m.sizes[*pointer] = bytes;
  m.in_use += bytes;
  m.reserved = std::max(m.reserved, m.in_use);
  m.peak_reserved = std::max(m.peak_reserved, m.reserved);
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  if (!pointer) return cudaErrorInvalidValue;
  return dl::shim::give(stream, [pointer] {
    Memory& m = memory();
    const std::lock_guard lock(m.mutex);
    const std::size_t bytes = m.sizes.at(pointer);
    m.in_use -= bytes;
    m.sizes.erase(pointer);
    const dl::shim::DeviceAccess access;
    if (dl::shim::is_late()) std::memset(pointer, 0xff, bytes);  // who still reads it reads no numbers
    if (!dl::shim::device_free(pointer, bytes)) overrun = bytes;
    return cudaSuccess;
  });
}

// Host memory that is not pinned: it is read before the call returns, and written before it returns.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (const cudaError_t error = dl::shim::take_overrun(); error != cudaSuccess) return error;
  std::shared_ptr<std::vector<char>> staged;
  if (kind == cudaMemcpyHostToDevice && !is_pinned(from))
    staged =
        std::make_shared<std::vector<char>>(static_cast<const char*>(from), static_cast<const char*>(from) + bytes);
  const cudaError_t error = dl::shim::give(stream, [=] {
    const dl::shim::DeviceAccess access;
    std::memcpy(to, staged ? staged->data() : from, bytes);
    return cudaSuccess;
  });
  if (kind != cudaMemcpyDeviceToHost || is_pinned(to)) return error;
  return error == cudaSuccess ? cudaStreamSynchronize(stream) : error;
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  *pointer = std::malloc(bytes);
  if (!*pointer) return cudaErrorMemoryAllocation;
  std::memset(*pointer, 0xff, bytes);
  const std::lock_guard lock(memory().mutex);
  memory().pinned[static_cast<const char*>(*pointer)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* pointer) {
  const std::lock_guard lock(memory().mutex);
  memory().pinned.erase(static_cast<const char*>(pointer));
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t dl::shim::launch(const cudaLaunchConfig_t& config, void (*thread)(const void*),
                             const std::shared_ptr<const void>& params) {
  // The limits of every GPU since sm_30; 48 KB: what a block may use without cudaFuncSetAttribute.
  const dim3 g = config.gridDim, b = config.blockDim;
  const std::size_t threads = std::size_t{b.x} * b.y * b.z;
  if (threads == 0 || threads > 1024 || b.z > 64) return cudaErrorInvalidConfiguration;
  if (g.x == 0 || g.y == 0 || g.z == 0 || g.x > 0x7fffffffu || g.y > 0xffffu || g.z > 0xffffu)
    return cudaErrorInvalidConfiguration;
  if (config.dynamicSmemBytes > 48 << 10) return cudaErrorInvalidValue;
  if (const cudaError_t error = take_overrun(); error != cudaSuccess) return error;
  return give(config.stream, [=] {
    const DeviceAccess access;
    return run_grid(config, thread, params.get()) ? cudaSuccess : cudaErrorLaunchFailure;
  });
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
    case cudaErrorNotReady:
      return "device not ready";
    case cudaErrorIllegalAddress:
      return overrun_text.c_str();
    case cudaErrorLaunchFailure:
      return dl::shim::last_failure();
  }
  return "unrecognized error code";
}

extern "C" __attribute__((visibility("default"))) void dlcore_shim_seed(std::uint64_t seed) {
  dl::shim::set_schedule_seed(seed);
}
/// How much memory the device has, and what it is: 75 is sm_75. Both before it is first used.
extern "C" __attribute__((visibility("default"))) void dlcore_shim_memory(std::uint64_t bytes) {
  memory().total = bytes;
}
extern "C" __attribute__((visibility("default"))) void dlcore_shim_capability(int number) { capability = number; }
