// See range_check.cu.
#pragma once

#include "core/device.h"

namespace dl::cuda {

void check_range(const RangeCheck& check);  // of values on the device; raises later, or at once when told so
void raise_bad_ranges();                    // after the stream was waited for: the first bad value since the last time
void check_ranges_at_once(bool on);

}  // namespace dl::cuda
