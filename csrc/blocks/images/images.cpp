#include "blocks/images/images.h"

#include "blocks/copy/copy.h"

namespace dl {

Array batched(const Array& x) { return x.ndim() == 3 ? x.unsqueeze(0) : x; }
Array unbatched(const Array& y, int ndim) { return ndim == 3 ? y.squeeze(0) : y; }

bool walks_channels_last(const Array& x) {
  return !x.is_contiguous() && result_layout(x.shape(), {&x}) == channels_last(x.shape());
}

Array in_image_layout(const Array& x, bool nhwc) {
  if (!nhwc) return contiguous(x);
  return x.is_channels_last() ? x : as_layout_of(x, Array(nullptr, x.shape(), channels_last(x.shape()), 0, x.dtype()));
}

Array empty_image(const Dims& shape, DType dtype, Device device, bool nhwc) {
  return Array::empty_strided(shape, nhwc ? channels_last(shape) : row_major(shape), dtype, device);
}

}  // namespace dl
