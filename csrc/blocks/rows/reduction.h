// How a loss is reduced, and the last step of it: float64 partial sums, one a chunk, added in order.
#pragma once
#include <vector>

#include "core/dtype.h"

namespace dl {

enum class Reduction : int { none, mean, sum };

// Σ partial, divided by count for the mean (NaN for a count of 0, as PyTorch), as a () array with like's dtype.
DL_API Array reduced(const std::vector<double>& partial, Reduction reduction, double count, const Array& like);

// What a loss's backward multiplies the gradient by.
inline double reduction_scale(Reduction reduction, int64_t count) {
  return reduction == Reduction::mean ? 1.0 / static_cast<double>(count) : 1.0;
}

}  // namespace dl
