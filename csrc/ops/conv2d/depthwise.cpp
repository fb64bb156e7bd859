#include "ops/conv2d/depthwise.h"

#include <algorithm>

#include "blocks/colsum/colsum.h"
#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/past_caches.h"

namespace dl {
namespace {

Kernels<DepthwiseArgs> forward("depthwise_fwd"), backward_x("depthwise_bwd_x"), backward_w("depthwise_bwd_w");

constexpr int64_t kGrain = 16384;  // output elements: 9 taps each, some 10 µs
constexpr int64_t kChunks = 64;    // of rows in the sums of dw, whatever the machine

int64_t grain(const ConvShape& s, int64_t row) { return std::max<int64_t>(kGrain / (row * s.c), 1); }

// The weights as [R·S][C], so that the channels of a tap are side by side.
Array by_tap(const Array& w) {
  const Array view = w.select(1, 0).permute({1, 2, 0});  // (R, S, C)
  return contiguous(view);
}

DepthwiseArgs args_of(const ConvShape& s, const void* x, const Dims& strides, const Array& taps, const Array& out) {
  return {.shape = s,
          .x = x,
          .g = nullptr,
          .taps = taps.raw(),
          .bias = nullptr,
          .out = out.raw(),
          .x_stride = {strides[0], strides[2], strides[3]},
          .chunk_rows = 0,
          .past_caches = past_caches(out) && s.c * static_cast<int64_t>(itemsize(out.dtype())) % 64 == 0,
          .relu = false};
}

}  // namespace

bool is_depthwise(const ConvShape& s) { return s.groups == s.c && s.k == s.c && s.c > 1; }

void depthwise_fwd(const ConvShape& s, const Array& x, const Array& w, const Array* bias, bool relu, const Array& y) {
  const Array taps = by_tap(w);
  DepthwiseArgs args = args_of(s, x.raw(), x.strides(), taps, y);
  args.bias = bias ? bias->raw() : nullptr;
  args.relu = relu;
  launch(forward.choose(Device::cpu, y.dtype(), args), args, s.n * s.p, grain(s, s.q));
}

void depthwise_bwd_x(const ConvShape& s, const Array& given, const Array& w, const Array& dx) {
  const Array taps = by_tap(w), g = as_channels_last(given);
  DepthwiseArgs args = args_of(s, nullptr, dx.strides(), taps, dx);
  args.g = g.raw();
  launch(backward_x.choose(Device::cpu, dx.dtype(), args), args, s.n * s.h, grain(s, s.w));
}

void depthwise_bwd_w(const ConvShape& s, const Array& g, const Array& x, const Array& dw) {
  const int64_t rows = s.n * s.p, chunk = std::max<int64_t>((rows + kChunks - 1) / kChunks, 1);
  const int64_t chunks = (rows + chunk - 1) / chunk;
  const Array partial = Array::empty({chunks, s.r, s.s, s.c}, dw.dtype()),
              sum = Array::empty({s.r, s.s, s.c}, dw.dtype());
  DepthwiseArgs args = args_of(s, x.raw(), x.strides(), sum, partial);
  args.g = g.raw();
  args.chunk_rows = chunk;
  launch(backward_w.choose(Device::cpu, dw.dtype(), args), args, chunks, std::max<int64_t>(grain(s, s.q) / chunk, 1));
  column_sums_into(partial.raw(), chunks, sum.size(), sum);
  copy_into(dw.select(1, 0), sum.permute({2, 0, 1}));
}

}  // namespace dl
