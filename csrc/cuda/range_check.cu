// Labels and indices that must lie in a range, checked where they are: a kernel writes the first bad one into pinned
// host memory, and the error is raised when the host next waits for the GPU (or at once, see check_sync).
#include "cuda/range_check.h"

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "cuda/launch.h"

namespace dl::cuda {
namespace {

constexpr std::uint64_t kNone = ~std::uint64_t{0};
constexpr std::size_t kSlots = 1024;  // checks between two waits: a step of a large network has some

// Place and value in one word, so that one atomic minimum keeps the first: 32 bits each, larger ones cut off.
__device__ __forceinline__ std::uint64_t packed(std::int64_t place, std::int64_t value) {
  constexpr std::int64_t kLeast = -(std::int64_t{1} << 31), kMost = (std::int64_t{1} << 31) - 1;
  const std::int64_t held = value < kLeast ? kLeast : value > kMost ? kMost : value;
  const std::int64_t at = place > kMost ? kMost : place;
  return static_cast<std::uint64_t>(at) << 32 | static_cast<std::uint32_t>(static_cast<std::int32_t>(held));
}

__global__ void range_check_kernel(const std::int64_t* values, std::int64_t n, std::int64_t least, std::int64_t limit,
                                   std::int64_t ignored, bool has_ignored, unsigned long long* slot) {
  for (std::int64_t i = first_item(); i < n; i += item_step()) {
    const std::int64_t v = values[i];
    if ((v < least || v >= limit) && !(has_ignored && v == ignored)) atomicMin(slot, packed(i, v));
  }
}

struct Pending {
  std::size_t slot;
  cudaStream_t stream;
  std::function<void(std::int64_t, std::int64_t)> raise;
};

struct Checks {
  std::mutex mutex;
  unsigned long long* slots = nullptr;  // pinned, and mapped for the device
  std::vector<std::size_t> free;
  std::deque<Pending> pending;
  bool at_once = false;

  unsigned long long* take(std::size_t* slot) {
    if (!slots) {
      void* memory = nullptr;
      check(cudaHostAlloc(&memory, kSlots * sizeof(*slots), cudaHostAllocMapped), "pinned memory");
      slots = static_cast<unsigned long long*>(memory);
      for (std::size_t i = kSlots; i > 0; --i) free.push_back(i - 1);
    }
    *slot = free.back();
    free.pop_back();
    slots[*slot] = kNone;
    return slots + *slot;
  }
};

Checks& checks() {
  static auto* c = new Checks;  // pinned memory outlives static destructors
  return *c;
}

}  // namespace

void check_range(const RangeCheck& c) {
  if (c.n == 0) return;
  Checks& all = checks();
  bool full, at_once;
  {
    const std::lock_guard lock(all.mutex);
    full = all.pending.size() == kSlots;
    at_once = all.at_once;
  }
  if (full) {
    check(cudaDeviceSynchronize(), "waiting for the GPU");
    raise_bad_ranges();
  }
  {
    const std::lock_guard lock(all.mutex);
    std::size_t slot;
    unsigned long long* at = all.take(&slot);
    launch("range_check", range_check_kernel, grid_stride(c.n), c.values, c.n, c.least, c.limit,
           c.ignored ? *c.ignored : 0, c.ignored != nullptr, at);
    all.pending.push_back({slot, current_stream.handle, c.raise});
  }
  if (!at_once) return;
  check(cudaStreamSynchronize(current_stream.handle), "waiting for the GPU");
  raise_bad_ranges(current_stream.handle);
}

namespace {

template <class Done>
void raise_first_bad(const Done& done) {
  Checks& all = checks();
  std::function<void(std::int64_t, std::int64_t)> raise;
  std::uint64_t bad = kNone;
  {
    const std::lock_guard lock(all.mutex);
    std::erase_if(all.pending, [&](const Pending& p) {
      if (!done(p)) return false;
      if (bad == kNone && all.slots[p.slot] != kNone) {
        bad = all.slots[p.slot];
        raise = p.raise;
      }
      all.free.push_back(p.slot);
      return true;
    });
  }
  if (bad != kNone)
    raise(static_cast<std::int64_t>(bad >> 32), static_cast<std::int32_t>(static_cast<std::uint32_t>(bad)));
}

}  // namespace

void raise_bad_ranges(cudaStream_t waited_for) {
  raise_first_bad([=](const Pending& p) { return p.stream == waited_for; });
}
void raise_bad_ranges() {
  raise_first_bad([](const Pending&) { return true; });
}

void check_ranges_at_once(bool on) {
  const std::lock_guard lock(checks().mutex);
  checks().at_once = on;
}

}  // namespace dl::cuda
