// The shim's streams: queues of calls. What is given to one is done at once or, when told to be late, not before
// somebody waits for it: then a wait that is missing shows, and so does memory that is handed on too early.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>

#include "cuda_runtime.h"

struct dl_shim_stream {
  std::deque<std::function<cudaError_t()>> waiting;
  std::uint64_t given = 0, done = 0;
  cudaError_t error = cudaSuccess;  // of late work, for the next who waits
};

struct dl_shim_event {
  cudaStream_t stream = nullptr;
  std::uint64_t place = 0;  // in the stream; 0: not recorded
  std::chrono::steady_clock::time_point time;
};

namespace dl::shim {

/// `work` behind what the stream was given before; its error, unless it is late.
cudaError_t give(cudaStream_t stream, std::function<cudaError_t()> work);
/// The library exports it as `void dlcore_shim_late(int)`.
void set_late(bool on);
bool is_late();
/// Once for a write past the end of device memory (runtime.cpp).
cudaError_t take_overrun();

}  // namespace dl::shim
