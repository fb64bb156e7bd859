// See range_check.cu.
#pragma once

#include <cuda_runtime.h>

#include "core/device.h"

namespace dl::cuda {

void check_range(const RangeCheck& check);  // of values on the device; raises later, or at once when told so
// After a stream, or every one, was waited for: the first bad value that was seen there since the last time.
void raise_bad_ranges(cudaStream_t waited_for);
void raise_bad_ranges();
void check_ranges_at_once(bool on);

}  // namespace dl::cuda
