// What a backend offers: memory and copies. The CPU's is built in; CUDA's registers when its library is opened.
#pragma once
#include <cstddef>
#include <functional>

#include "core/dtype.h"

namespace dl {

enum class CopyKind : uint8_t { host_to_device, device_to_host, device_to_device };

// Values that must lie in [least, limit), or be *ignored where that is given. `raise` throws for the first that does
// not.
struct RangeCheck {
  const int64_t* values;
  int64_t n, least, limit;
  const int64_t* ignored;
  std::function<void(int64_t place, int64_t value)> raise;
};

// Queues of a device's work, by number; 0 is there from the start, and each thread gives its work to its current one.
// Events are marks in them.
struct StreamApi {
  int (*create)();  // one of a pool, which hands them out in turn
  int (*current)();
  void (*set_current)(int stream);
  bool (*done)(int stream);
  void (*synchronize)(int stream);
  void* (*create_event)(bool timed);
  void (*free_event)(void* event);
  void (*record)(void* event, int stream);
  void (*wait)(int stream, void* event);  // what the stream is given from now on begins behind the event
  bool (*reached)(void* event);
  void (*synchronize_event)(void* event);
  float (*milliseconds)(void* begin, void* end);
};

struct DeviceMemory {
  size_t in_use, peak, reserved, peak_reserved;  // by arrays and scratch; by the cache, which holds those too
  size_t free, total;                            // of the whole device
  uint64_t allocations;
};

struct MemoryApi {
  DeviceMemory (*stats)();
  void (*reset_peaks)();
  void (*empty_cache)();
  void (*used_by)(void* p, int stream);  // p is given back behind what the stream was given up to then
  void* (*alloc_pinned)(size_t bytes);   // host memory that copies reach without the host's help
  void (*free_pinned)(void* p);
};

struct DeviceApi {
  const char* name;
  void* (*alloc)(size_t bytes);
  void (*free)(void* p, size_t bytes);
  // Returns when the host's side may be changed or read; with `later`, and pinned host memory, at once.
  void (*copy)(void* dst, const void* src, size_t bytes, CopyKind kind, bool later);
  void (*synchronize)();
  // Null on the CPU. A device that runs behind the host may raise at its next copy to the host, or synchronize.
  void (*check_range)(const RangeCheck&) = nullptr;
  void (*check_at_once)(bool) = nullptr;  // dl.cuda.check_sync
  const StreamApi* streams = nullptr;
  const MemoryApi* memory = nullptr;
};

DL_API void register_device(Device device, const DeviceApi& api);
DL_API bool has_device(Device device);
DL_API const DeviceApi& device_api(Device device);  // raises DeviceError, with a hint, when absent

}  // namespace dl
