// Pointwise activations and their gradients.
//   relu        y = max(x, 0)                 dx = g where y > 0
//   leaky_relu  y = x where x > 0, else a x   dx = g where x > 0, else a g
//   sigmoid     y = 1 / (1 + e^-x)            dx = g y (1 - y)
//   tanh        y = tanh x                    dx = g (1 - y²)
//   elu         y = b x where x > 0, else b a (e^x - 1): elu has b = 1, selu both its constants
//   celu        y = x where x > 0, else a (e^(x/a) - 1)
//   gelu        y = x (1 + erf(x/√2)) / 2     gelu_tanh   y = x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2
//   silu        y = x σ(x)                    mish        y = x tanh(log(1 + e^x))
//   softplus    y = log(1 + e^(a x)) / a, but x where a x > b
//   logsigmoid  y = log σ(x)
//   hardtanh    y = x held to [a, b]          dx = g inside, 0 at and beyond the bounds
//   hardsigmoid y = hardtanh(x + 3) / 6 with a = 0, b = 6
//   hardswish   y = x hardsigmoid(x)          softsign    y = x / (1 + |x|)
// Any shape; float32, float64, and bfloat16 (computed in float32, rounded once); the result has x's dense layout. NaN
// stays NaN. x and y may be the same memory.
#pragma once
#include "core/dtype.h"

namespace dl {

struct ActArgs {
  const void* x;  // forward: x; backward: the saved value (y for relu, sigmoid and tanh, else x)
  const void* g;  // backward: the gradient of y; null in forward
  void* out;
  double alpha, beta;  // leaky_relu's slope; a and b above
  bool past_caches;    // out is large (core/past_caches.h)
};
// A kernel's range is elements of the dense arrays.

DL_API Array relu_fwd(const Array& x);
DL_API void relu_into(const Array& x);  // in place
DL_API Array relu_bwd(const Array& g, const Array& y);
DL_API Array leaky_relu_fwd(const Array& x, double negative_slope);
DL_API Array leaky_relu_bwd(const Array& g, const Array& x, double negative_slope);
DL_API Array sigmoid_fwd(const Array& x);
DL_API Array sigmoid_bwd(const Array& g, const Array& y);
DL_API Array tanh_fwd(const Array& x);
DL_API Array tanh_bwd(const Array& g, const Array& y);

#define DL_ACTIVATION(NAME) \
  DL_API Array NAME##_fwd(const Array& x, double a, double b); \
  DL_API Array NAME##_bwd(const Array& g, const Array& x, double a, double b);
DL_ACTIVATION(elu)
DL_ACTIVATION(celu)
DL_ACTIVATION(gelu)
DL_ACTIVATION(gelu_tanh)
DL_ACTIVATION(silu)
DL_ACTIVATION(mish)
DL_ACTIVATION(softplus)
DL_ACTIVATION(logsigmoid)
DL_ACTIVATION(hardtanh)
DL_ACTIVATION(hardsigmoid)
DL_ACTIVATION(hardswish)
DL_ACTIVATION(softsign)
#undef DL_ACTIVATION

}  // namespace dl
