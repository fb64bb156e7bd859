#include "core/parallel.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <string>
#include <thread>

#include "core/error.h"
#include "core/flush_subnormals.h"
#include "core/profile.h"

namespace dl {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPoll = std::chrono::milliseconds(20);  // Ctrl-C is seen within a poll and a chunk
constexpr int kMostThreads = 1024;

HostHooks hooks{.release = [] { return static_cast<void*>(nullptr); },
                .acquire = [](void*) {},
                .interrupted = [] { return false; }};
thread_local ParallelRegion region;
thread_local Clock::time_point last_poll;

class ReleaseHost {
 public:
  ReleaseHost() : state_(hooks.release()) {}
  ~ReleaseHost() { hooks.acquire(state_); }

 private:
  void* state_;
};

struct Inside {
  Inside(int threads, const char* caller) {
    region.threads = threads;
    region.caller = caller;
  }
  ~Inside() { region.threads = 0; }
};

// Which thread runs which chunk. Each starts at the front of its own part of the range, the same part every time, which
// its cache may still hold; one that has finished takes from the backs of the others' parts, so that a core which is
// slow, or late, holds nobody up (measured beside a busy neighbour: one core at two thirds of the other's speed).
class Shares {
 public:
  Shares(int64_t chunks, int team) : team_(team) {
    if (team > kFew) many_ = std::make_unique<Share[]>(static_cast<size_t>(team));
    for (int t = 0; t < team; ++t) at(t).left = pack(chunks * t / team, chunks * (t + 1) / team);
  }
  // The thread's next chunk, or -1.
  int64_t next(int thread) {
    if (const int64_t own = take(thread, true); own >= 0) return own;
    for (int k = 1; k < team_; ++k)
      if (const int64_t c = take((thread + k) % team_, false); c >= 0) return c;
    return -1;
  }

 private:
  static constexpr int kFew = 16;
  static constexpr uint64_t kMask = 0xFFFFFFFF;
  struct alignas(64) Share {     // a cache line each
    std::atomic<uint64_t> left;  // the first chunk << 32 | behind the last
  };

  static uint64_t pack(int64_t first, int64_t end) {
    return static_cast<uint64_t>(first) << 32 | static_cast<uint64_t>(end);
  }
  Share& at(int t) { return many_ ? many_[static_cast<size_t>(t)] : few_[t]; }
  int64_t take(int t, bool front) {
    std::atomic<uint64_t>& left = at(t).left;
    uint64_t seen = left.load(std::memory_order_relaxed);
    for (;;) {
      const uint64_t first = seen >> 32, end = seen & kMask;
      if (first >= end) return -1;
      const uint64_t rest = front ? seen + (uint64_t{1} << 32) : seen - 1;
      if (left.compare_exchange_weak(seen, rest, std::memory_order_relaxed))
        return static_cast<int64_t>(front ? first : end - 1);
    }
  }

  const int team_;
  Share few_[kFew];
  std::unique_ptr<Share[]> many_;
};

// 0 when the variable is not set, or is empty.
int threads_wanted() {
  const char* text = std::getenv("DLCORE_NUM_THREADS");
  if (!text || !*text) return 0;
  int n = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, fault] = std::from_chars(text, end, n);
  DL_CHECK(fault == std::errc() && stop == end && n >= 1 && n <= kMostThreads, ValueError, "DLCORE_NUM_THREADS=", text,
           " is not a number of threads; use a whole number from 1 to ", kMostThreads);
  return n;
}

// OpenMP's own variable, which may be a list and whose faults libgomp reports: its first number, or 0.
int openmp_threads() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  const long n = text ? std::strtol(text, nullptr, 10) : 0;
  return static_cast<int>(std::clamp(n, 0L, static_cast<long>(kMostThreads)));
}

// cgroup v2 "max 100000" or "150000 100000"; v1 has the two numbers in two files.
int cgroup_limit() {
  double quota = 0, period = 0;
  std::string first;
  if (std::ifstream f("/sys/fs/cgroup/cpu.max"); f >> first >> period) {
    quota = first == "max" ? 0 : std::atof(first.c_str());
  } else {
    std::ifstream q("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), p("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (!(q >> quota && p >> period)) return 0;
  }
  return quota > 0 && period > 0 ? std::max(1, static_cast<int>(quota / period + 0.5)) : 0;
}

int& threads() {
  static int n = default_num_threads();
  return n;
}

// libgomp keeps a pool whose threads a forked child does not have; dropping it before the fork lets both sides work.
[[maybe_unused]] const int fork_handler = pthread_atfork(
    [] {
      if (!region.threads) omp_pause_resource_all(omp_pause_hard);
    },
    nullptr, nullptr);

}  // namespace

void set_host_hooks(const HostHooks& h) { hooks = h; }

int default_num_threads() {
  int n = 0;
  cpu_set_t set;
  n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                  : static_cast<int>(std::thread::hardware_concurrency());
  if (int limit = cgroup_limit()) n = std::min(n, limit);
  if (int wanted = threads_wanted())
    n = wanted;
  else if (int omp = openmp_threads())
    n = omp;
  return std::clamp(n, 1, kMostThreads);
}

const ParallelRegion& parallel_region() { return region; }
int num_threads() { return threads(); }

void set_num_threads(int n) {
  DL_CHECK(n >= 1 && n <= kMostThreads, ValueError, "set_num_threads: needs 1 to ", kMostThreads, " threads, got ", n);
  threads() = n;
}

void parallel_for(int64_t n, int64_t grain, RangeFn fn, OnInterrupt on_interrupt) {
  if (n <= 0) return;
  const int64_t chunks = (n + grain - 1) / grain;
  if (chunks == 1 || region.threads) {
    FlushSubnormals flush;
    for (int64_t c = 0; c < chunks; ++c) fn(c * grain, std::min(n, (c + 1) * grain));
    return;
  }
  const char* caller = profiling() ? profile_caller() : nullptr;  // while the host is held
  ReleaseHost release;
  const int team = static_cast<int>(std::min<int64_t>(num_threads(), chunks));
  std::atomic<bool> stop{false};
  std::exception_ptr failure;  // written once, by whoever sets stop first
  if (last_poll == Clock::time_point{}) last_poll = Clock::now();

  Shares shares(chunks, team);
  auto work = [&](int thread) {
    FlushSubnormals flush;
    Inside guard(team, caller);
    bool between = false;
    for (int64_t c; !stop.load(std::memory_order_relaxed) && (c = shares.next(thread)) >= 0; between = true) {
      if (between && thread == 0 && on_interrupt == OnInterrupt::stop && Clock::now() - last_poll > kPoll) {
        last_poll = Clock::now();
        if (hooks.interrupted()) {
          if (!stop.exchange(true)) failure = std::make_exception_ptr(Interrupted());
          return;
        }
      }
      try {
        fn(c * grain, std::min(n, (c + 1) * grain));
      } catch (...) {
        if (!stop.exchange(true)) failure = std::current_exception();
      }
    }
  };
  if (team == 1) {
    work(0);
  } else {
#pragma omp parallel num_threads(team)
    work(omp_get_thread_num());
  }
  if (profiling()) region.joined = std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace dl
