// The shim's device memory. The host may touch it only inside a launch or a copy: elsewhere a dereferenced device
// pointer is a segmentation fault, as it would be with a GPU. (Under AddressSanitizer it is plain heap memory, so that
// every byte past an end is seen.)
#pragma once

#include <cstddef>

namespace dl::shim {

/// 256-byte aligned and poisoned (0xff); null when there is no room. kGuard bytes of other poison follow.
constexpr std::size_t kGuard = 64;
void* device_alloc(std::size_t bytes);
/// False where somebody wrote into that poison: a kernel, past the end.
bool device_free(void* p, std::size_t bytes);

/// While one lives, device memory is open.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

}  // namespace dl::shim
