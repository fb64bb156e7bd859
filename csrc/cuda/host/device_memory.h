// The shim's device memory. The host may touch it only inside a launch or a copy: elsewhere a dereferenced device
// pointer is a segmentation fault, as it would be with a GPU. (Under AddressSanitizer it is plain heap memory, so that
// every byte past an end is seen.)
#pragma once

#include <cstddef>

namespace dl::shim {

/// Poisoned (0xff); null when there is no room. Up to the next multiple of 16 other poison follows, and then a page
/// that is closed, where ends_are_closed(): a kernel that reads or writes there is a segmentation fault. Aligned to 16
/// bytes, where a GPU's memory is to 256: no load is wider.
void* device_alloc(std::size_t bytes);
/// False where somebody wrote into the poison behind the end.
bool device_free(void* p, std::size_t bytes);
/// Whether the processor has protection keys, and one was free.
bool ends_are_closed();

/// While one lives, device memory is open.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

}  // namespace dl::shim
