#include "core/profile.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/kernel_table.h"
#include "core/parallel.h"

namespace dl {
namespace {

constexpr size_t kMostEvents = size_t{1} << 20;  // 48 MB of them: some minutes of a small net's steps

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Record {
  std::mutex mutex;
  uint32_t session = 0;
  int running = 0;  // spans
  int64_t busy = 0, busy_since = 0;
  uint64_t lost = 0;
  std::vector<ProfileEvent> events;
  std::map<std::pair<uint32_t, int32_t>, ProfileTotal> totals;
  std::map<std::tuple<uint32_t, uint32_t, std::string>, uint64_t> choices;
  std::unordered_map<const char*, int32_t> op_index;
  std::vector<std::string> ops;

  int32_t index_of(const char* op) {
    if (!op) return -1;
    const auto [at, added] = op_index.try_emplace(op, static_cast<int32_t>(ops.size()));
    if (added) ops.emplace_back(op);
    return at->second;
  }
};

Record& record() {
  static auto* r = new Record;  // never destroyed: worker threads may outlive static objects
  return *r;
}

using Lock = std::lock_guard<std::mutex>;

const char* (*caller_hook)() = [] { return static_cast<const char*>(nullptr); };
thread_local std::vector<std::pair<uint32_t, std::string>> declined;  // since this thread last chose a row

}  // namespace

std::atomic<int> open_profiles{0};

void set_caller_hook(const char* (*hook)()) { caller_hook = hook; }

const char* profile_caller() {
  const ParallelRegion& region = parallel_region();
  return region.threads ? region.caller : caller_hook();
}

void Span::begin(const KernelInfo* kernel, Work work) {
  kernel_ = kernel;
  work_ = work;
  op_ = profile_caller();
  Record& r = record();
  const Lock lock(r.mutex);
  session_ = r.session;
  start_ = now();
  if (r.running++ == 0) r.busy_since = start_;
}

void Span::end() {
  const ParallelRegion& region = parallel_region();
  // What follows a parallel loop is a wait for the host, which other threads of it may hold for long.
  const int64_t end = region.joined > start_ ? region.joined : now();
  Record& r = record();
  const Lock lock(r.mutex);
  if (session_ != r.session || !profiling()) return;
  if (--r.running == 0) r.busy += end - r.busy_since;
  const ProfileEvent event{.start = start_,
                           .end = end,
                           .flops = work_.flops,
                           .bytes = work_.bytes,
                           .thread = syscall(SYS_gettid),
                           .kernel = kernel_->id,
                           .op = r.index_of(op_)};
  ProfileTotal& total = r.totals[{event.kernel, event.op}];
  ++total.calls;
  total.seconds += 1e-9 * static_cast<double>(end - start_) / (region.threads ? region.threads : 1);
  total.flops += work_.flops;
  total.bytes += work_.bytes;
  if (r.events.size() < kMostEvents)
    r.events.push_back(event);
  else
    ++r.lost;
}

void open_profile() {
  Record& r = record();
  const Lock lock(r.mutex);
  if (open_profiles.fetch_add(1) > 0) return;
  ++r.session;
  r.running = 0;
  r.busy = 0;
  r.lost = 0;
  r.events.clear();
  r.totals.clear();
  r.choices.clear();
}

void close_profile() {
  Record& r = record();
  const Lock lock(r.mutex);
  if (open_profiles.fetch_sub(1) > 1) return;
  r.events.clear();
  r.events.shrink_to_fit();
}

ProfileSnapshot profile_snapshot() {
  Record& r = record();
  const Lock lock(r.mutex);
  ProfileSnapshot s;
  s.time = now();
  s.busy = r.busy + (r.running > 0 ? s.time - r.busy_since : 0);
  s.kept = r.events.size();
  s.lost = r.lost;
  s.ops = r.ops;
  for (const auto& [key, total] : r.totals) {
    s.totals.push_back(total);
    s.totals.back().kernel = key.first;
    s.totals.back().op = key.second;
  }
  for (const auto& [key, times] : r.choices)
    s.choices.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), times});
  return s;
}

std::vector<ProfileEvent> profile_events(uint64_t first, uint64_t end) {
  Record& r = record();
  const Lock lock(r.mutex);
  const auto at = [&](uint64_t i) {
    return r.events.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(i, r.events.size()));
  };
  return {at(std::min(first, end)), at(end)};
}

void profile_declined(const KernelInfo& kernel, const char* why) { declined.emplace_back(kernel.id, why); }

void profile_chosen(const KernelInfo* kernel) {
  if (declined.empty()) return;
  if (kernel) {
    Record& r = record();
    const Lock lock(r.mutex);
    for (const auto& [id, why] : declined) ++r.choices[{kernel->id, id, why}];
  }
  declined.clear();
}

}  // namespace dl
