// An operand of a product as device code reads it: gemm.h's GemmOperand, its tables in device memory. Element (i, k) is
// at the sum of what i and k say; of an image's patches both also say a pixel, and outside the image it is 0.
#pragma once

#include <optional>

#include "blocks/gemm/gemm.h"
#include "cuda/scratch.h"

namespace dl::cuda {

struct Part {
  int64_t at = 0;
  int h = 0, w = 0;
};

struct Side {
  const void* data;
  int64_t stride, k_stride;
  const int64_t* tap_offset;
  int tap_channels;
  bool patches, k_is_pixel;  // of patches, k counts pixels (operand B) or columns (operand A)
  int h, w, p, q, step_h, step_w, channels, run;
  int64_t stride_n, stride_h, stride_w;
  const int32_t *dh, *dw;
  const int64_t* offset;

  __device__ Part pixel(int64_t i) const {
    const int64_t line = i / q, image = line / p;
    const int x = static_cast<int>(i - line * q) * step_w, y = static_cast<int>(line - image * p) * step_h;
    return {image * stride_n + y * stride_h + x * stride_w, y, x};
  }
  __device__ Part column(int64_t i) const {
    const int tap = static_cast<int>(i) / run, rest = static_cast<int>(i) % run;
    return {offset[tap] + rest, dh[tap], dw[tap] + rest / channels};
  }
  __device__ Part of_i(int64_t i) const {
    if (patches) return k_is_pixel ? column(i) : pixel(i);
    return {i * stride, 0, 0};
  }
  __device__ Part of_k(int64_t k) const {
    if (patches) return k_is_pixel ? pixel(k) : column(k);
    if (tap_offset) return {tap_offset[k / tap_channels] + k % tap_channels * k_stride, 0, 0};
    return {k * k_stride, 0, 0};
  }
  __device__ bool inside(const Part& i, const Part& k) const {
    return static_cast<unsigned>(i.h + k.h) < static_cast<unsigned>(h) &&
           static_cast<unsigned>(i.w + k.w) < static_cast<unsigned>(w);
  }
};

/// A Side with the tables that it points to, which live as long as this does.
class HeldSide {
 public:
  HeldSide(const GemmOperand& o, bool k_is_pixel, int64_t k) {
    side = {};
    side.data = o.data;
    side.stride = o.stride;
    side.k_stride = o.k_stride;
    side.h = side.w = 1;  // every element of a matrix is inside
    if (o.tap_offset) {
      side.tap_channels = static_cast<int>(o.tap_channels);
      side.tap_offset = offset_.emplace(o.tap_offset, static_cast<std::size_t>(k / o.tap_channels)).as<int64_t>();
    }
    if (!o.patches) return;
    const Patches& x = *o.patches;
    const auto runs = static_cast<std::size_t>(x.runs);
    side.patches = true;
    side.k_is_pixel = k_is_pixel;
    side.h = static_cast<int>(x.h);
    side.w = static_cast<int>(x.w);
    side.p = static_cast<int>(x.p);
    side.q = static_cast<int>(x.q);
    side.step_h = static_cast<int>(x.step_h);
    side.step_w = static_cast<int>(x.step_w);
    side.channels = static_cast<int>(x.channels);
    side.run = static_cast<int>(x.run_width * x.channels);
    side.stride_n = x.stride_n;
    side.stride_h = x.stride_h;
    side.stride_w = x.stride_w;
    side.dh = dh_.emplace(x.dh, runs).as<int32_t>();
    side.dw = dw_.emplace(x.dw, runs).as<int32_t>();
    side.offset = offset_.emplace(x.offset, runs).as<int64_t>();
  }

  /// Neighbours along k are neighbours in memory: threads side by side take them.
  bool along_k() const { return side.patches ? !side.k_is_pixel : side.k_stride == 1 || side.stride != 1; }

  /// Every run of `elements` along k that begins at a multiple of it is one aligned piece of memory, and inside or
  /// outside the image as a whole. `batch`: what products of a batch are offset by.
  bool in_pieces(int64_t elements, int64_t bytes, const GemmArgs& a, const int64_t* batch) const {
    const auto whole = [=](int64_t n) { return n % elements == 0; };
    bool ok = reinterpret_cast<std::uintptr_t>(side.data) % static_cast<std::size_t>(elements * bytes) == 0;
    for (int64_t i = 0; batch && i < a.count; ++i) ok &= whole(batch[i]);
    if (side.patches)
      return ok && !side.k_is_pixel && whole(side.channels) && whole(side.stride_n) && whole(side.stride_h) &&
             whole(side.stride_w);  // the taps' offsets are sums of these
    if (side.tap_offset) return false;
    return ok && side.k_stride == 1 && whole(side.stride);
  }

  Side side;

 private:
  std::optional<Scratch> offset_, dh_, dw_;
};

}  // namespace dl::cuda
