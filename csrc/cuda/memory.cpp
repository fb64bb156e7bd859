// Opening the device, and its memory. The driver's stream-ordered pool is the caching allocator: what is given back on
// a stream is handed out again there at once, and elsewhere behind an event that the driver sees, without a wait.
#include "cuda/memory.h"

#include <atomic>
#include <cstdio>
#include <string>

#include "cuda/check.h"

namespace dl::cuda {
namespace {

std::atomic<std::size_t> in_use{0}, peak{0};
std::atomic<std::uint64_t> allocations{0};

cudaMemPool_t pool() {
  cudaMemPool_t p;
  check(cudaDeviceGetDefaultMemPool(&p, 0), "opening the GPU");
  return p;
}

bool open() {
  int driver = 0, runtime = 0, devices = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  DL_CHECK(driver > 0, DeviceError, "cuda: this machine has no NVIDIA driver; keep tensors on the cpu");
  const cudaError_t error = cudaGetDeviceCount(&devices);
  DL_CHECK(error == cudaSuccess && devices > 0, DeviceError, "cuda: no GPU can be used (",
           error == cudaSuccess ? "there is none" : cudaGetErrorString(error), "; the driver is for CUDA ",
           driver / 1000, ".", driver % 1000 / 10, ", this build for ", runtime / 1000, ".", runtime % 1000 / 10,
           "); keep tensors on the cpu");
  cudaDeviceProp device;
  check(cudaGetDeviceProperties(&device, 0), "opening the GPU");
  DL_CHECK(device.major >= 8, DeviceError, "cuda: the GPU is ", device.name, " (sm_", device.major, device.minor,
           ") but this build has kernels for ", DL_CUDA_BUILT_FOR, "; use a GPU of sm_80 or newer");
  // Memory goes back to the driver when it is told to: giving it back costs a synchronisation.
  std::uint64_t threshold = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool(), cudaMemPoolAttrReleaseThreshold, &threshold), "opening the GPU");
  return true;
}

std::size_t reserved(cudaMemPoolAttr which) {
  std::uint64_t bytes = 0;
  check(cudaMemPoolGetAttribute(pool(), which, &bytes), "reading the GPU's memory");
  return bytes;
}

std::string readable(std::size_t bytes) {
  constexpr const char* units[] = {"bytes", "KB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit ? "%.2f %s" : "%.0f %s", value, units[unit]);
  return text;
}

[[noreturn]] void raise_out_of_memory(std::size_t bytes, const char* who) {
  const DeviceMemory m = memory_stats();
  const std::size_t elsewhere = m.total - m.free > m.reserved ? m.total - m.free - m.reserved : 0;
  throw OutOfMemory(join("out of memory: ", who, " asked for ", readable(bytes), " on the GPU; of its ",
                         readable(m.total), " tensors hold ", readable(m.in_use), ", the cache another ",
                         readable(m.reserved > m.in_use ? m.reserved - m.in_use : 0), ", others ", readable(elsewhere),
                         "; use a smaller batch, or free tensors that are no longer needed"));
}

}  // namespace

void open_device() {
  static const bool opened = open();  // again, where it raised
  static_cast<void>(opened);
}

void* allocate(std::size_t bytes, cudaStream_t stream, const char* who) {
  open_device();
  if (bytes == 0) return nullptr;
  void* p = nullptr;
  cudaError_t error = cudaMallocAsync(&p, bytes, stream);
  if (error == cudaErrorMemoryAllocation) {  // perhaps what other streams gave back is in pieces, or not yet back
    cudaGetLastError();
    empty_memory_cache();
    error = cudaMallocAsync(&p, bytes, stream);
  }
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // else the next launch would report it again
    raise_out_of_memory(bytes, who);
  }
  check(error, "allocating on the GPU");
  const std::size_t now = in_use += bytes;
  for (std::size_t before = peak; before < now && !peak.compare_exchange_weak(before, now);) {
  }
  ++allocations;
  return p;
}

void give_back(void* p, std::size_t bytes, cudaStream_t stream) {
  if (!p) return;
  in_use -= bytes;
  cudaFreeAsync(p, stream);  // from destructors: an error is one that a launch left, and the next check reports it
}

DeviceMemory memory_stats() {
  open_device();
  DeviceMemory m{};
  m.in_use = in_use;
  m.peak = peak;
  m.allocations = allocations;
  m.reserved = reserved(cudaMemPoolAttrReservedMemCurrent);
  m.peak_reserved = reserved(cudaMemPoolAttrReservedMemHigh);
  check(cudaMemGetInfo(&m.free, &m.total), "reading the GPU's memory");
  return m;
}

void reset_memory_peaks() {
  open_device();
  peak = in_use.load();
  std::uint64_t zero = 0;
  check(cudaMemPoolSetAttribute(pool(), cudaMemPoolAttrReservedMemHigh, &zero), "reading the GPU's memory");
}

void empty_memory_cache() {
  open_device();
  check(cudaDeviceSynchronize(), "waiting for the GPU");
  check(cudaMemPoolTrimTo(pool(), 0), "emptying the GPU's cache");
}

}  // namespace dl::cuda
