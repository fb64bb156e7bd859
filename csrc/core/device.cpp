#include "core/device.h"

#include "core/alloc.h"
#include "core/error.h"

namespace dl {

namespace {
DeviceApi apis[kDevices] = {
    {.name = "cpu",
     .alloc = cpu_alloc,
     .free = cpu_free,
     .copy = [](void* d, const void* s, size_t n, CopyKind, bool) { __builtin_memcpy(d, s, n); },
     .synchronize = [] {}}};
}  // namespace

void register_device(Device device, const DeviceApi& api) { apis[static_cast<int>(device)] = api; }

bool has_device(Device device) { return apis[static_cast<int>(device)].alloc != nullptr; }

const DeviceApi& device_api(Device device) {
  DL_CHECK(has_device(device), DeviceError,
           "device: this build has no CUDA backend loaded; build with DLCORE_CUDA=ON, or keep tensors on the cpu");
  return apis[static_cast<int>(device)];
}

}  // namespace dl
