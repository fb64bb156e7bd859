// See streams.cpp.
#pragma once

#include "core/device.h"
#include "cuda/stream.h"

namespace dl::cuda {

cudaStream_t stream_of(int number);
extern const StreamApi stream_api;

}  // namespace dl::cuda
