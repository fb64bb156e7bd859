// 3×3 convolutions by blocks/winograd, for conv2d.cpp: operands are checked, x and g channels-contiguous, y and dx new.
// False: nothing was computed, or not what is wanted.
#pragma once
#include "ops/conv2d/conv2d.h"

namespace dl {

bool winograd_fwd(const ConvShape& s, const Array& x, const Array& w, const Array* bias, bool relu, const Array& y);
bool winograd_bwd_x(const ConvShape& s, const Array& g, const Array& w, const Array& dx);
bool winograd_bwd_w(const ConvShape& s, const Array& g, const Array& x, const Array& dw);  // dw: channels-last

}  // namespace dl
