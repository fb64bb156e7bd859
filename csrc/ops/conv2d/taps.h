// Which pixels a convolution, or its gradient, reads for one output pixel: the geometry behind conv2d.cpp's products.
#pragma once
#include <vector>

#include "blocks/gemm/gemm.h"
#include "core/array.h"

namespace dl {

// One row (or column) of the kernel, and its distance from the grid's pixel in the image.
struct Tap {
  int64_t index, distance;
};

// The taps that one product sums over, their places in the image it reads, and their weights' offsets in w.
struct Taps {
  Patches patches{};
  std::vector<int32_t> dh, dw;
  std::vector<int64_t> offset, weight;
};

// Reads `image` (its h×w pixels of `channels` elements) at steps, for a p×q grid. rows and columns
// list the kernel's r and s that take part with their distance from the grid's pixel, columns by rising distance.
void set_taps(Taps& t, const Array& image, int64_t channels, const Array& w, const std::vector<Tap>& rows,
              const std::vector<Tap>& columns);

std::vector<Tap> forward_taps(int64_t kernel, int64_t dilation, int64_t pad);

// Input pixel phase + stride·i is read by output pixel i + distance through tap `index`. The last tap is the nearest.
std::vector<Tap> phase_taps(int64_t kernel, int64_t dilation, int64_t pad, int64_t stride, int64_t phase);

}  // namespace dl
