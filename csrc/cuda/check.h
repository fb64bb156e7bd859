// An error of the CUDA runtime as an exception.
#pragma once

#include <cuda_runtime.h>

#include "core/error.h"

namespace dl::cuda {

inline void check(cudaError_t error, const char* doing) {
  DL_CHECK(error == cudaSuccess, DeviceError, doing, ": ", cudaGetErrorString(error));
}

}  // namespace dl::cuda
