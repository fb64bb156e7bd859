// What elementwise.cpp offers its neighbours comparisons.cpp, divisions.cpp and gradients.cpp.
#pragma once
#include <initializer_list>

#include "core/array.h"
#include "core/kernel_table.h"
#include "ops/elementwise/elementwise.h"

namespace dl::elementwise {

inline Operand array(const Array& a) { return {&a, {Number::integer, 0, 0.0}}; }

// Arrays promote among themselves; a number only lifts the kind, and then to float32 or int64.
DType common_dtype(const char* op, std::initializer_list<Operand> operands);
// As above, where a number must fit the arrays' integers. Sums and products wrap around: for those a negative number
// means what it says beside unsigned integers too.
DType common_dtype_that_fits(const char* op, std::initializer_list<Operand> operands, bool wraps = false);

// out[i] = f(operands[i]…), computed in `t`; a new array of dtype `result` and the broadcast shape. `kept` leading
// operands are not converted.
Array run(const char* op, Kernels<ElementwiseArgs>& table, DType t, DType result,
          std::initializer_list<Operand> operands, int kept = 0);

}  // namespace dl::elementwise
