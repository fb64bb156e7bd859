// Host memory that the GPU copies from and to by itself. See pinned.cpp.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace dl::cuda {

void* alloc_pinned(std::size_t bytes);
void free_pinned(void* p);  // after the copies that use it, whatever the host does next
/// Where [p, p + 1) is pinned memory from here: notes that `stream` uses it, and says so.
bool pinned_used_by(const void* p, cudaStream_t stream);
void empty_pinned_cache();

}  // namespace dl::cuda
