// Device memory for one launch, and small tables that go there with it. Both are ordered by the stream: what the
// destructor gives back is used again only behind the kernels launched before.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "cuda/check.h"
#include "cuda/memory.h"
#include "cuda/stream.h"

namespace dl::cuda {

class Scratch {
 public:
  explicit Scratch(std::size_t bytes) : bytes_(bytes), data_(allocate(bytes, stream_, "a kernel's scratch")) {}
  /// `count` elements at `from`, which may change when this returns.
  template <class T>
  Scratch(const T* from, std::size_t count) : Scratch(count * sizeof(T)) {
    if (count)
      check(cudaMemcpyAsync(data_, from, count * sizeof(T), cudaMemcpyHostToDevice, stream_), "copying a table");
  }
  ~Scratch() { give_back(data_, bytes_, stream_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  cudaStream_t stream_ = current_stream.handle;
  std::size_t bytes_;
  void* data_;
};

}  // namespace dl::cuda
