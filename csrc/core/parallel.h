// The deterministic parallel layer: chunks are fixed by the problem's size alone, so the bits of a result never depend
// on the number of threads. parallel.cpp is the only file that names OpenMP.
#pragma once
#include <cstdint>
#include <memory>
#include <type_traits>

#include "core/dtype.h"

namespace dl {

// A borrowed callable void(begin, end): lives no longer than the call it is passed to.
class RangeFn {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, RangeFn>)
  RangeFn(const F& f)
      : object_(&f), call_([](const void* o, int64_t b, int64_t e) { (*static_cast<const F*>(o))(b, e); }) {}
  void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

 private:
  const void* object_;
  void (*call_)(const void*, int64_t, int64_t);
};

// Whether Ctrl-C may stop the loop between chunks. A kernel that writes in place must finish.
enum class OnInterrupt { stop, finish };

// Runs fn over [0, n) in chunks of `grain` (the last one shorter). One chunk runs on the caller, with the GIL held;
// several release it. Choose a grain of about 20–50 µs of work: a fork and join costs 1–2 µs. Subnormals are zero on
// every thread inside. Nested calls run serially. Raises Interrupted after Ctrl-C.
DL_API void parallel_for(int64_t n, int64_t grain, RangeFn fn, OnInterrupt on_interrupt = OnInterrupt::stop);

// Of the calling thread, for the profiler.
struct ParallelRegion {
  int threads = 0;               // of the loop that it works in; 0 outside
  const char* caller = nullptr;  // profile_caller() where that loop began
  int64_t joined = 0;            // when its own last loop had run, before it waits for the host; steady clock, ns
};
DL_API const ParallelRegion& parallel_region();

DL_API int num_threads();
DL_API void set_num_threads(int n);  // raises ValueError below 1
DL_API int default_num_threads();    // min(affinity, cgroup quota, DLCORE_NUM_THREADS or OMP_NUM_THREADS)

// Set once by the Python binding; libdlcore itself knows no Python.
struct HostHooks {
  void* (*release)();  // let other host threads run
  void (*acquire)(void*);
  bool (*interrupted)();  // polled by the calling thread at most every 20 ms; true: stop
};
DL_API void set_host_hooks(const HostHooks& hooks);

}  // namespace dl
