// The direct convolution of one channel a group, for conv2d.cpp: operands are checked, x and g channels-contiguous.
#pragma once
#include "ops/conv2d/conv2d.h"

namespace dl {

bool is_depthwise(const ConvShape& s);
void depthwise_fwd(const ConvShape& s, const Array& x, const Array& w, const Array* bias, bool relu, const Array& y);
void depthwise_bwd_x(const ConvShape& s, const Array& g, const Array& w, const Array& dx);
void depthwise_bwd_w(const ConvShape& s, const Array& g, const Array& x, const Array& dw);

}  // namespace dl
