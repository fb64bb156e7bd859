// Device memory in the order of streams, and the device's opening. See memory.cpp.
#pragma once

#include <cuda_runtime.h>

#include "core/device.h"

namespace dl::cuda {

/// Once, at the first call that needs the GPU: DeviceError where there is no driver, no GPU, or one of an architecture
/// that this library was not built for.
void open_device();

/// On `stream`: whoever had the bytes before was done with them there. OutOfMemory names sizes and `who` asked.
void* allocate(std::size_t bytes, cudaStream_t stream, const char* who);
/// Behind what `stream` was given so far.
void give_back(void* p, std::size_t bytes, cudaStream_t stream);

DeviceMemory memory_stats();
void reset_memory_peaks();
void empty_memory_cache();

}  // namespace dl::cuda
