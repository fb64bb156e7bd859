// Device memory for one launch, and small tables that go there with it. Both are ordered by the stream: what the
// destructor gives back is used again only behind the kernels launched before.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "cuda/check.h"

namespace dl::cuda {

class Scratch {
 public:
  explicit Scratch(std::size_t bytes) {
    if (bytes == 0) return;
    const cudaError_t error = cudaMallocAsync(&data_, bytes, nullptr);
    DL_CHECK(error != cudaErrorMemoryAllocation, OutOfMemory, "out of memory: a kernel asked for ", bytes,
             " bytes of scratch on the GPU; use a smaller batch, or free tensors that are no longer needed");
    check(error, "allocating scratch");
  }
  /// `count` elements at `from`, which may change when this returns.
  template <class T>
  Scratch(const T* from, std::size_t count) : Scratch(count * sizeof(T)) {
    if (count)
      check(cudaMemcpyAsync(data_, from, count * sizeof(T), cudaMemcpyHostToDevice, nullptr), "copying a table");
  }
  ~Scratch() {
    if (data_) cudaFreeAsync(data_, nullptr);  // an error here is an earlier launch's, which the next check reports
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
};

}  // namespace dl::cuda
