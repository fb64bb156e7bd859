// The stream that this thread gives its work to: launches, scratch and copies all go there.
#pragma once

#include <cuda_runtime.h>

namespace dl::cuda {

struct CurrentStream {
  cudaStream_t handle = nullptr;  // the default stream
  int number = 0;                 // as StreamApi has it
};
inline constinit thread_local CurrentStream current_stream;

}  // namespace dl::cuda
