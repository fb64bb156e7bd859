// The CUDA device as the core sees it: registers Device::cuda when the backend's library is opened. Nothing touches the
// driver before the first call, so a build with CUDA works on machines without one until a tensor goes there.
#include "core/device.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cuda/check.h"
#include "cuda/memory.h"
#include "cuda/pinned.h"
#include "cuda/range_check.h"
#include "cuda/streams.h"

namespace dl::cuda {
namespace {

// The streams of memory that is not the default stream's alone: whose it is, and who else used it.
struct Streams {
  cudaStream_t home = nullptr;
  std::vector<cudaStream_t> others;
};
struct Notes {
  std::mutex mutex;
  std::unordered_map<void*, Streams> of;
  std::atomic<std::size_t> count{0};  // so that the common case takes no lock
};
Notes& notes() {
  static auto* n = new Notes;  // arrays may outlive static destructors
  return *n;
}

void* alloc(size_t bytes) {
  const cudaStream_t stream = current_stream.handle;
  void* p = allocate(bytes, stream, "a tensor");
  if (p && stream) {
    const std::lock_guard lock(notes().mutex);
    notes().of[p].home = stream;
    notes().count = notes().of.size();
  }
  return p;
}

void release(void* p, size_t bytes) {
  Streams streams;
  if (p && notes().count > 0) {
    const std::lock_guard lock(notes().mutex);
    if (const auto found = notes().of.find(p); found != notes().of.end()) {
      streams = std::move(found->second);
      notes().of.erase(found);
      notes().count = notes().of.size();
    }
  }
  for (const cudaStream_t other : streams.others) {
    cudaEvent_t event;
    if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) != cudaSuccess) continue;  // a dead context
    cudaEventRecord(event, other);
    cudaStreamWaitEvent(streams.home, event, 0);
    cudaEventDestroy(event);  // when it is reached
  }
  give_back(p, bytes, streams.home);
}

void used_by(void* p, int stream) {
  if (!p) return;
  const cudaStream_t handle = stream_of(stream);
  const std::lock_guard lock(notes().mutex);
  Streams& streams = notes().of[p];
  notes().count = notes().of.size();
  const auto known = std::find(streams.others.begin(), streams.others.end(), handle);
  if (handle != streams.home && known == streams.others.end()) streams.others.push_back(handle);
}

void copy(void* dst, const void* src, size_t bytes, CopyKind kind, bool later) {
  constexpr cudaMemcpyKind kinds[] = {cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice};
  const cudaStream_t stream = current_stream.handle;
  check(cudaMemcpyAsync(dst, src, bytes, kinds[static_cast<int>(kind)], stream), "copying to or from the GPU");
  if (kind == CopyKind::device_to_device) return;
  const bool pinned = pinned_used_by(kind == CopyKind::host_to_device ? src : dst, stream);
  // Memory that is not pinned was copied to the driver's own before the call returned.
  if (kind == CopyKind::host_to_device && (later || !pinned)) return;
  if (later && pinned) return;
  check(cudaStreamSynchronize(stream), "copying to or from the GPU");
  raise_bad_ranges(stream);
}

void synchronize() {
  open_device();
  check(cudaDeviceSynchronize(), "waiting for the GPU");
  raise_bad_ranges();
}

constexpr MemoryApi memory_api = {.stats = memory_stats,
                                  .reset_peaks = reset_memory_peaks,
                                  .empty_cache =
                                      [] {
                                        empty_memory_cache();
                                        empty_pinned_cache();
                                      },
                                  .used_by = used_by,
                                  .alloc_pinned = alloc_pinned,
                                  .free_pinned = free_pinned};

const bool registered = [] {
  register_device(Device::cuda, {.name = "cuda",
                                 .alloc = alloc,
                                 .free = release,
                                 .copy = copy,
                                 .synchronize = synchronize,
                                 .check_range = check_range,
                                 .check_at_once = check_ranges_at_once,
                                 .streams = &stream_api,
                                 .memory = &memory_api});
  return true;
}();

}  // namespace
}  // namespace dl::cuda
