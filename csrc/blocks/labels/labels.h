// Class labels and row indices: integers that must lie in a range.
#pragma once
#include "core/dtype.h"

namespace dl {

// int64 values of `labels` (int64, int32 or uint8) with these dense strides; raises DTypeError, with `hint`, for
// others.
DL_API Array as_labels(const char* op, const char* what, const Array& labels, const Dims& strides, const char* hint);

// Raises IndexError for the first label outside [0, limit), in row-major order:
// `cross_entropy: target[3] is 12 but there are 10 classes (0 to 9); target=(8,)`.
// With `from_end`, -1 is the last one, and -limit the first. *ignored, if given, is a label too. `labels` are int64 and
// dense.
DL_API void check_labels(const char* op, const char* what, const Array& labels, int64_t limit, const char* of,
                         bool from_end = false, const int64_t* ignored = nullptr);

// Whether n labels lie in [least, limit).
DL_API bool labels_within(const int64_t* labels, int64_t n, int64_t least, int64_t limit);

}  // namespace dl
