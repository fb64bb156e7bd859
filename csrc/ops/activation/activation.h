// Pointwise activations and their gradients.
//   relu        y = max(x, 0)                 dx = g where y > 0
//   leaky_relu  y = x where x > 0, else a x   dx = g where x > 0, else a g
//   sigmoid     y = 1 / (1 + e^-x)            dx = g y (1 - y)
//   tanh        y = tanh x                    dx = g (1 - y²)
// Any shape; float32 and float64; the result has x's dense layout. NaN stays NaN. x and y may be the same memory.
#pragma once
#include "core/dtype.h"

namespace dl {

struct ActArgs {
  const void* x;  // forward: x; backward: the saved value (y; for leaky_relu x)
  const void* g;  // backward: the gradient of y; null in forward
  void* out;
  double alpha;  // leaky_relu's negative slope
};
// A kernel's range is elements of the dense arrays.

DL_API Array relu_fwd(const Array& x);
DL_API Array relu_bwd(const Array& g, const Array& y);
DL_API Array leaky_relu_fwd(const Array& x, double negative_slope);
DL_API Array leaky_relu_bwd(const Array& g, const Array& x, double negative_slope);
DL_API Array sigmoid_fwd(const Array& x);
DL_API Array sigmoid_bwd(const Array& g, const Array& y);
DL_API Array tanh_fwd(const Array& x);
DL_API Array tanh_bwd(const Array& g, const Array& y);

}  // namespace dl
