#include "core/rng.h"

#include <mutex>

namespace dl {
namespace {
std::mutex mutex;
PhiloxState state{.seed = 0, .position = 0};  // a fresh process is seed 0: a run is repeatable unless asked otherwise
}  // namespace

void manual_seed(uint64_t seed) {
  std::lock_guard lock(mutex);
  state = {.seed = seed, .position = 0};
}

PhiloxState take_positions(int64_t draws) {
  std::lock_guard lock(mutex);
  const PhiloxState taken = state;
  state.position += static_cast<uint64_t>((draws + 3) / 4);
  return taken;
}

PhiloxState rng_state() {
  std::lock_guard lock(mutex);
  return state;
}

void set_rng_state(const PhiloxState& s) {
  std::lock_guard lock(mutex);
  state = s;
}

}  // namespace dl
