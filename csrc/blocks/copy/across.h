// From one device to another, and the host memory that lets a copy go on while the host does.
#pragma once
#include "core/array.h"

namespace dl {

void copy_across(const Array& dst, const Array& src);  // copy_into's, between devices
// A copy on `device`, or x itself. With `later` it may return before the copy is made: from pinned memory; and to the
// host, where the result is pinned and may be read once the current stream was waited for.
DL_API Array to_device(const Array& x, Device device, bool later);
DL_API Array pin(const Array& x);  // a copy in pinned host memory, in x's dense layout; x itself where it is there
DL_API bool is_pinned(const Array& x);

}  // namespace dl
