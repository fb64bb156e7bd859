// The profiler: while one is open, every kernel that runs leaves an event, and every choice of a row its reasons.
// Closed, a launch and a choice test one flag each.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"

namespace dl {

struct KernelInfo;

// What a call needs, as its contract knows it: a multiply-add is two operations, every operand is moved once. 0: the
// contract states no figure.
struct Work {
  double flops = 0, bytes = 0;
};

DL_API extern std::atomic<int> open_profiles;
inline bool profiling() { return open_profiles.load(std::memory_order_relaxed) > 0; }

// One run of a kernel: from begin() on the thread that launches it until its last thread is done. Within a parallel
// loop, where each thread runs kernels of its own, a run counts with its time divided by the loop's threads.
class Span {
 public:
  Span() = default;
  ~Span() {
    if (kernel_) end();
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  DL_API void begin(const KernelInfo* kernel, Work work);

 private:
  DL_API void end();

  const KernelInfo* kernel_ = nullptr;
  const char* op_;
  Work work_;
  int64_t start_;
  uint32_t session_;
};

struct ProfileEvent {
  int64_t start, end;  // nanoseconds of the steady clock
  double flops, bytes;
  int64_t thread;   // the system's number
  uint32_t kernel;  // KernelInfo::id
  int32_t op;       // of ProfileSnapshot::ops, or -1
};
struct ProfileTotal {
  uint32_t kernel;
  int32_t op;
  uint64_t calls;
  double seconds, flops, bytes;
};
struct ProfileChoice {  // `kernel` was chosen `times` times after `declined` gave this reason
  uint32_t kernel, declined;
  std::string why;
  uint64_t times;
};
// Sums since the first open profile was opened: what happened between two moments is the difference.
struct ProfileSnapshot {
  int64_t time;         // now
  int64_t busy;         // nanoseconds in which at least one kernel ran
  uint64_t kept, lost;  // events: only the first are kept
  std::vector<ProfileTotal> totals;
  std::vector<ProfileChoice> choices;
  std::vector<std::string> ops;
};

DL_API void open_profile();  // several may be open at once: they share the record
DL_API void close_profile();
DL_API ProfileSnapshot profile_snapshot();
DL_API std::vector<ProfileEvent> profile_events(uint64_t first, uint64_t end);
DL_API void profile_declined(const KernelInfo& kernel, const char* why);
DL_API void profile_chosen(const KernelInfo* kernel);  // null: none of those that declined lately gave way to one

// Names the host's function that asked for a kernel, or null; the text lives for ever. Set once by the Python binding.
DL_API void set_caller_hook(const char* (*hook)());
DL_API const char* profile_caller();

}  // namespace dl
