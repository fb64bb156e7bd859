// The two layouts that ops on images (N, C, H, W) walk: channels last, where channels are vector lanes, and row-major,
// plane by plane. A channels-last x (also a strided view of one) is walked as it is; any other is made row-major.
#pragma once
#include "core/array.h"

namespace dl {

// (C, H, W) is a batch of one.
Array batched(const Array& x);
Array unbatched(const Array& y, int ndim);

bool walks_channels_last(const Array& x);
Array in_image_layout(const Array& x, bool channels_last);  // x itself where it is
Array empty_image(const Dims& shape, DType dtype, Device device, bool channels_last);

}  // namespace dl
