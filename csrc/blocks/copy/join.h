// Several arrays in one, and a slice's gradient. All write by copy_into, straight into views of the result.
#pragma once
#include <vector>

#include "core/dtype.h"

namespace dl {

// Arrays of one dtype (convert first) and of shapes that agree but in `dim`; an empty 1-d array joins anything, as in
// PyTorch. Channels-last if a 4-d operand is.
DL_API Array cat(const std::vector<Array>& arrays, int dim);
DL_API Array stack(const std::vector<Array>& arrays, int dim);  // along a new dimension

}  // namespace dl
