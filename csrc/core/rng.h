// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a counter-based generator, so
// draw i of a stream is a function of (seed, i) alone, on any device and any number of threads.
#pragma once
#include <cstdint>

#include "core/dtype.h"

namespace dl {

// Where a stream of draws begins. An op that needs n draws of 32 bits takes ceil(n / 4) positions.
struct PhiloxState {
  uint64_t seed, position;
};

DL_API void manual_seed(uint64_t seed);
DL_API PhiloxState take_positions(int64_t draws);  // advances the global generator
DL_API PhiloxState rng_state();
DL_API void set_rng_state(const PhiloxState& state);

}  // namespace dl
