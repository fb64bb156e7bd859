// A cache of pinned host memory: to pin takes the driver milliseconds, and a block that a copy still reads must not be
// handed out again. A freed block waits for events on the streams that used it.
#include "cuda/pinned.h"

#include <algorithm>
#include <bit>
#include <list>
#include <map>
#include <mutex>
#include <vector>

#include "cuda/check.h"
#include "cuda/memory.h"

namespace dl::cuda {
namespace {

struct Block {
  std::size_t bytes;
  std::vector<cudaStream_t> streams;  // that use it
  std::vector<cudaEvent_t> events;    // that it waits for, once freed
};

struct Cache {
  std::mutex mutex;
  std::map<const char*, Block> blocks;  // by address: in use, waiting, and free
  std::list<char*> waiting;
  std::multimap<std::size_t, char*> free;

  // Moves what is no longer used from `waiting` to `free`.
  void collect() {
    waiting.remove_if([&](char* p) {
      Block& b = blocks.at(p);
      std::erase_if(b.events, [](cudaEvent_t e) {
        if (cudaEventQuery(e) == cudaErrorNotReady) return false;
        cudaEventDestroy(e);
        return true;
      });
      if (b.events.empty()) free.emplace(b.bytes, p);
      return b.events.empty();
    });
  }
};

Cache& cache() {
  static auto* c = new Cache;  // arrays may outlive static destructors
  return *c;
}

}  // namespace

void* alloc_pinned(std::size_t bytes) {
  open_device();
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  c.collect();
  bytes = std::bit_ceil(std::max<std::size_t>(bytes, 4096));  // few sizes: batches of nearly one size share blocks
  if (const auto found = c.free.find(bytes); found != c.free.end()) {
    char* p = found->second;
    c.free.erase(found);
    return p;
  }
  void* p = nullptr;
  const cudaError_t error = cudaHostAlloc(&p, bytes, cudaHostAllocDefault);
  if (error == cudaErrorMemoryAllocation) cudaGetLastError();
  DL_CHECK(error != cudaErrorMemoryAllocation, OutOfMemory, "out of memory: pin_memory asked for ", bytes,
           " bytes of pinned host memory; pin fewer tensors");
  check(error, "pinning memory");
  c.blocks[static_cast<char*>(p)] = {bytes, {}, {}};
  return p;
}

void free_pinned(void* pointer) {
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  char* p = static_cast<char*>(pointer);
  Block& b = c.blocks.at(p);
  for (const cudaStream_t stream : b.streams) {
    cudaEvent_t event;
    if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) != cudaSuccess) return;  // a dead context: keep it
    cudaEventRecord(event, stream);
    b.events.push_back(event);
  }
  b.streams.clear();
  c.waiting.push_back(p);
}

bool pinned_used_by(const void* pointer, cudaStream_t stream) {
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  const char* p = static_cast<const char*>(pointer);
  auto found = c.blocks.upper_bound(p);
  if (found == c.blocks.begin()) return false;
  --found;
  if (p >= found->first + found->second.bytes) return false;
  auto& streams = found->second.streams;
  if (std::find(streams.begin(), streams.end(), stream) == streams.end()) streams.push_back(stream);
  return true;
}

void empty_pinned_cache() {
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  c.collect();
  for (const auto& [bytes, p] : c.free) {
    cudaFreeHost(p);
    c.blocks.erase(p);
  }
  c.free.clear();
}

}  // namespace dl::cuda
