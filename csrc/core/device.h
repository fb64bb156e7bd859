// What a backend offers: memory and copies. The CPU's is built in; CUDA's registers when its library is opened.
#pragma once
#include <cstddef>

#include "core/dtype.h"

namespace dl {

enum class CopyKind : uint8_t { host_to_device, device_to_host, device_to_device };

struct DeviceApi {
  const char* name;
  void* (*alloc)(size_t bytes);
  void (*free)(void* p, size_t bytes);
  void (*copy)(void* dst, const void* src, size_t bytes, CopyKind kind);
  void (*synchronize)();
};

DL_API void register_device(Device device, const DeviceApi& api);
DL_API bool has_device(Device device);
DL_API const DeviceApi& device_api(Device device);  // raises DeviceError, with a hint, when absent

}  // namespace dl
