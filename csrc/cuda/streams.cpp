// Streams and events. Streams beside the default one come from a pool and are never destroyed, so that a number, and
// memory that remembers a stream, stay good.
#include "cuda/streams.h"

#include <array>
#include <mutex>

#include "cuda/check.h"
#include "cuda/memory.h"
#include "cuda/range_check.h"

namespace dl::cuda {
namespace {

constexpr int kPool = 32;  // as PyTorch's: more run side by side on no GPU

struct Pool {
  std::mutex mutex;
  std::array<cudaStream_t, kPool> streams{};
  int handed_out = 0;
};
Pool pool;

cudaEvent_t event_of(void* event) { return static_cast<cudaEvent_t>(event); }

// cudaErrorNotReady is an answer.
bool done(cudaError_t error, const char* doing) {
  if (error == cudaErrorNotReady) return false;
  check(error, doing);
  return true;
}

int create() {
  open_device();
  const std::lock_guard lock(pool.mutex);
  const int slot = pool.handed_out++ % kPool;
  if (!pool.streams[slot])  // without this flag it would wait for the default stream, and that for it
    check(cudaStreamCreateWithFlags(&pool.streams[slot], cudaStreamNonBlocking), "creating a stream");
  return slot + 1;
}

}  // namespace

cudaStream_t stream_of(int number) {
  if (number == 0) return nullptr;
  const std::lock_guard lock(pool.mutex);
  DL_CHECK(number > 0 && number <= kPool && pool.streams[number - 1], ValueError, "stream: there is none of number ",
           number);
  return pool.streams[number - 1];
}

const StreamApi stream_api = {
    .create = create,
    .current = [] { return current_stream.number; },
    .set_current = [](int stream) { current_stream = {stream_of(stream), stream}; },
    .done = [](int stream) { return done(cudaStreamQuery(stream_of(stream)), "asking a stream"); },
    .synchronize =
        [](int stream) {
          check(cudaStreamSynchronize(stream_of(stream)), "waiting for the GPU");
          raise_bad_ranges(stream_of(stream));
        },
    .create_event = [](bool timed) -> void* {
      open_device();
      cudaEvent_t event;
      check(cudaEventCreateWithFlags(&event, timed ? cudaEventDefault : cudaEventDisableTiming), "creating an event");
      return event;
    },
    .free_event = [](void* event) { cudaEventDestroy(event_of(event)); },  // from __del__: nobody to tell of an error
    .record = [](void* event,
                 int stream) { check(cudaEventRecord(event_of(event), stream_of(stream)), "recording an event"); },
    .wait =
        [](int stream, void* event) {
          check(cudaStreamWaitEvent(stream_of(stream), event_of(event), 0), "waiting for an event");
        },
    .reached = [](void* event) { return done(cudaEventQuery(event_of(event)), "asking an event"); },
    .synchronize_event = [](void* event) { check(cudaEventSynchronize(event_of(event)), "waiting for an event"); },
    .milliseconds =
        [](void* begin, void* end) {
          float ms = 0;
          check(cudaEventElapsedTime(&ms, event_of(begin), event_of(end)), "reading an event's time");
          return ms;
        },
};

}  // namespace dl::cuda
