#include "streams.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace dl::shim {
namespace {

struct Streams {
  std::recursive_mutex mutex;  // work waits for other streams' work
  dl_shim_stream first;        // the default one
  std::vector<std::unique_ptr<dl_shim_stream>> more;
  bool late = false;
};

Streams& all() {
  static auto* s = new Streams;  // arrays may outlive static destructors
  return *s;
}

dl_shim_stream& stream_at(cudaStream_t stream) { return stream ? *stream : all().first; }

void run(dl_shim_stream& s, std::uint64_t place) {
  while (s.done < place) {
    const auto work = std::move(s.waiting.front());
    s.waiting.pop_front();
    ++s.done;
    const cudaError_t error = work();
    if (s.error == cudaSuccess) s.error = error;
  }
}

cudaError_t run_all(dl_shim_stream& s) {
  run(s, s.given);
  return std::exchange(s.error, cudaSuccess);
}

}  // namespace

cudaError_t give(cudaStream_t stream, std::function<cudaError_t()> work) {
  const std::lock_guard lock(all().mutex);
  dl_shim_stream& s = stream_at(stream);
  s.waiting.push_back(std::move(work));
  ++s.given;
  return all().late ? cudaSuccess : run_all(s);
}

void set_late(bool on) {
  cudaDeviceSynchronize();
  all().late = on;
}

bool is_late() { return all().late; }

}  // namespace dl::shim

using namespace dl::shim;

cudaError_t cudaDeviceSynchronize() {
  const std::lock_guard lock(all().mutex);
  cudaError_t error = take_overrun();
  if (const cudaError_t e = run_all(all().first); error == cudaSuccess) error = e;
  for (const auto& s : all().more)
    if (const cudaError_t e = run_all(*s); error == cudaSuccess) error = e;
  return error;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  if (flags != cudaStreamNonBlocking) return cudaErrorInvalidValue;  // others wait for the default stream
  const std::lock_guard lock(all().mutex);
  all().more.push_back(std::make_unique<dl_shim_stream>());
  *stream = all().more.back().get();
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const std::lock_guard lock(all().mutex);
  const cudaError_t error = run_all(stream_at(stream)), overrun = take_overrun();
  return error == cudaSuccess ? overrun : error;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const std::lock_guard lock(all().mutex);
  const dl_shim_stream& s = stream_at(stream);
  return s.done == s.given ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(all().mutex);
  return give(stream, [other = event->stream, place = event->place] {
    run(stream_at(other), place);
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new dl_shim_event;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const std::lock_guard lock(all().mutex);
  if (event->place == 0 || stream_at(event->stream).done >= event->place) {
    delete event;
    return cudaSuccess;
  }
  return give(event->stream, [event] {  // behind the work that writes its time
    delete event;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(all().mutex);
  event->stream = stream;
  event->place = stream_at(stream).given + 1;
  return give(stream, [event] {
    event->time = std::chrono::steady_clock::now();
    return cudaSuccess;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const std::lock_guard lock(all().mutex);
  return stream_at(event->stream).done >= event->place ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const std::lock_guard lock(all().mutex);
  run(stream_at(event->stream), event->place);
  return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  if (cudaEventQuery(begin) != cudaSuccess || cudaEventQuery(end) != cudaSuccess) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return cudaSuccess;
}

extern "C" __attribute__((visibility("default"))) void dlcore_shim_late(int on) { set_late(on != 0); }
