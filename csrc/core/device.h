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

struct DeviceApi {
  const char* name;
  void* (*alloc)(size_t bytes);
  void (*free)(void* p, size_t bytes);
  void (*copy)(void* dst, const void* src, size_t bytes, CopyKind kind);
  void (*synchronize)();
  // Null on the CPU. A device that runs behind the host may raise at its next copy to the host, or synchronize.
  void (*check_range)(const RangeCheck&) = nullptr;
  void (*check_at_once)(bool) = nullptr;  // dl.cuda.check_sync
};

DL_API void register_device(Device device, const DeviceApi& api);
DL_API bool has_device(Device device);
DL_API const DeviceApi& device_api(Device device);  // raises DeviceError, with a hint, when absent

}  // namespace dl
