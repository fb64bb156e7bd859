// The direct convolution of few input channels, a network's first layer, for conv2d.cpp: operands are checked, x
// channels-contiguous, g channels-last.
#pragma once
#include "ops/conv2d/conv2d.h"

namespace dl {

bool is_first_layer(const ConvShape& s, DType dtype);
void first_layer_fwd(const ConvShape& s, const Array& x, const Array& w, const Array* bias, bool relu, const Array& y);
void first_layer_bwd_w(const ConvShape& s, const Array& g, const Array& x, const Array& dw);

}  // namespace dl
