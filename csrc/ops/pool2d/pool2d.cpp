#include "ops/pool2d/pool2d.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "blocks/images/images.h"
#include "core/array.h"
#include "core/launch.h"
#include "ops/pool2d/axis.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 131072;  // taps: some 10–20 µs for vectors over channels

Kernels<PoolArgs> max_fwd("max_pool2d_fwd"), max_bwd("max_pool2d_bwd"), avg_fwd("avg_pool2d_fwd"),
    avg_bwd("avg_pool2d_bwd");

void check_input(const char* op, const Array& x) {
  DL_CHECK(computes(x.dtype()), DTypeError, op, ": needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
  DL_CHECK(x.ndim() == 3 || x.ndim() == 4, ShapeError, op, ": needs (N, C, H, W) or (C, H, W), got x=", x.shape());
  for (int d = 1; d <= 3; ++d)
    DL_CHECK(x.shape(-d) > 0, ShapeError, op, ": only the batch may be empty, got x=", x.shape());
}

int64_t output_size(const char* op, const Array& x, const Geometry& p, int d, bool ceil_mode) {
  const int64_t in = x.shape(d - 2), reach = p.dilation[d] * (p.kernel[d] - 1) + 1;
  const auto all = join("; kernel=", p.kernel, " stride=", p.stride, " padding=", p.padding, " dilation=", p.dilation);
  DL_CHECK(p.kernel[d] > 0 && p.stride[d] > 0 && p.dilation[d] > 0, ValueError, op,
           ": kernel_size, stride and dilation must be positive", all);
  DL_CHECK(p.padding[d] >= 0 && p.padding[d] <= reach / 2, ValueError, op,
           ": padding must be between 0 and half of the window's reach ", reach, all);
  const int64_t room = in + 2 * p.padding[d] - reach;
  int64_t out = (ceil_mode ? ceil_div(room, p.stride[d]) : floor_div(room, p.stride[d])) + 1;
  if (ceil_mode && (out - 1) * p.stride[d] >= in + p.padding[d]) --out;  // a window must start inside
  DL_CHECK(out > 0, ShapeError, op, ": the window reaches over ", reach, " elements but dimension ", d - 2,
           " of x=", x.shape(), " has ", in, all, "; use a smaller kernel_size or more padding");
  return out;
}

void check_adaptive(const char* op, const Array& x, int64_t height, int64_t width) {
  check_input(op, x);
  DL_CHECK(height > 0 && width > 0, ShapeError, op, ": output_size must be positive, got (", height, ",", width,
           "); x=", x.shape());
}

void check_gradient(const char* op, const Array& g, const Dims& expected) {
  DL_CHECK(g.shape() == expected && computes(g.dtype()), ShapeError, op, ": the gradient has shape ", g.shape(), " ",
           g.dtype(), " but the output's is ", expected);
}

bool is_narrow(const Array& x) { return x.dtype() == DType::bf16; }
Array wide(const Array& x) { return convert(x, DType::f32); }
Array narrow(const Array& x) { return convert(x, DType::bf16); }

// Runs over rows (channels last) or planes; `along` is h's output forward, its input backward.
void run(Kernels<PoolArgs>& kernels, const Array& x, const PoolArgs& a, int64_t along, int64_t images, int64_t taps) {
  const int64_t n = a.channels_last ? images * along : images * a.channels;
  const int64_t work = a.channels * taps / (a.channels_last ? along : a.channels);
  launch(kernels.choose(x.device(), x.dtype(), a), a, n, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)));
}

int64_t taps_touched(const Axis& h, const Axis& w) {
  const int64_t out = h.inside() * w.inside(), in = h.view().in * w.view().in;
  return std::max(out, in);
}

Array average(const Array& input, const Axis& h, const Axis& w, int64_t divisor) {
  if (is_narrow(input)) return narrow(average(wide(input), h, w, divisor));
  const Array x4 = batched(input);
  const bool nhwc = walks_channels_last(x4);
  const Array x = in_image_layout(x4, nhwc);
  const Array y = empty_image({x.shape(0), x.shape(1), h.view().out, w.view().out}, x.dtype(), x.device(), nhwc);
  const PoolArgs a{.x = x.raw(),
                   .y = y.raw(),
                   .taps = nullptr,
                   .channels = x.shape(1),
                   .h = h.view(),
                   .w = w.view(),
                   .channels_last = nhwc,
                   .adaptive = h.is_adaptive(),
                   .wide = false,
                   .divisor = static_cast<double>(divisor)};
  run(avg_fwd, x, a, a.h.out, x.shape(0), taps_touched(h, w));
  return unbatched(y, input.ndim());
}

Array average_gradient(const Array& g, const Dims& x_shape, const Dims& x_strides, Axis h, Axis w, int64_t divisor) {
  if (is_narrow(g)) return narrow(average_gradient(wide(g), x_shape, x_strides, std::move(h), std::move(w), divisor));
  const Array like = batched(Array(nullptr, x_shape, x_strides, 0, g.dtype())), g4 = batched(g);
  h.find_covers();
  w.find_covers();
  check_gradient("avg_pool2d", g4, {like.shape(0), like.shape(1), h.view().out, w.view().out});
  const bool nhwc = walks_channels_last(like);
  const Array gy = in_image_layout(g4, nhwc), dx = empty_image(like.shape(), g.dtype(), g.device(), nhwc);
  const PoolArgs a{.x = gy.raw(),
                   .y = dx.raw(),
                   .taps = nullptr,
                   .channels = dx.shape(1),
                   .h = h.view(),
                   .w = w.view(),
                   .channels_last = nhwc,
                   .adaptive = h.is_adaptive(),
                   .wide = false,
                   .divisor = static_cast<double>(divisor)};
  run(avg_bwd, gy, a, a.h.in, dx.shape(0), taps_touched(h, w));
  return unbatched(dx, g.ndim());
}

template <class T>
void positions(const Array& taps, const Array& out, const Axis& h, const Axis& w, bool nhwc) {
  const int64_t channels = taps.shape(1), P = h.view().out, Q = w.view().out, columns = w.view().taps;
  const int64_t inner = nhwc ? channels : 1;
  const T* tap = taps.data<T>();
  int64_t* to = out.data<int64_t>();
  parallel_for(taps.size() / inner, std::max<int64_t>(1, 32768 / inner), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * inner; i < end * inner; ++i) {
      const int64_t pixel = i / inner, q = pixel % Q, p = pixel / Q % P, r = tap[i] / columns, s = tap[i] % columns;
      to[i] = r == h.view().taps ? -1 : h.position(p, r) * w.view().in + w.position(q, s);
    }
  });
}

Array largest(const Array& input, const Axis& h, const Axis& w, Array* taps) {
  if (is_narrow(input)) return narrow(largest(wide(input), h, w, taps));
  const Array x4 = batched(input);
  const bool nhwc = walks_channels_last(x4), wide = h.view().taps * w.view().taps > 255;
  const Dims out{x4.shape(0), x4.shape(1), h.view().out, w.view().out};
  const Array x = in_image_layout(x4, nhwc), y = empty_image(out, x.dtype(), x.device(), nhwc);
  if (taps) *taps = empty_image(out, wide ? DType::i32 : DType::u8, x.device(), nhwc);
  const PoolArgs a{.x = x.raw(),
                   .y = y.raw(),
                   .taps = taps ? taps->raw() : nullptr,
                   .channels = x.shape(1),
                   .h = h.view(),
                   .w = w.view(),
                   .channels_last = nhwc,
                   .adaptive = h.is_adaptive(),
                   .wide = wide,
                   .divisor = 0};
  run(max_fwd, x, a, out[2], out[0], taps_touched(h, w));
  return unbatched(y, input.ndim());
}

Array largest_gradient(const Array& g, const Array& taps, const Dims& x_shape, const Dims& x_strides, Axis h, Axis w) {
  if (is_narrow(g)) return narrow(largest_gradient(wide(g), taps, x_shape, x_strides, std::move(h), std::move(w)));
  const Array like = batched(Array(nullptr, x_shape, x_strides, 0, g.dtype())), g4 = batched(g);
  check_gradient("max_pool2d", g4, taps.shape());
  h.find_covers();
  w.find_covers();
  const bool nhwc = walks_channels_last(like);
  const Array gy = in_image_layout(g4, nhwc), dx = empty_image(like.shape(), g.dtype(), g.device(), nhwc);
  const PoolArgs a{.x = gy.raw(),
                   .y = dx.raw(),
                   .taps = taps.raw(),
                   .channels = dx.shape(1),
                   .h = h.view(),
                   .w = w.view(),
                   .channels_last = nhwc,
                   .adaptive = h.is_adaptive(),
                   .wide = taps.dtype() == DType::i32,
                   .divisor = 0};
  run(max_bwd, gy, a, a.h.in, dx.shape(0), taps_touched(h, w));
  return unbatched(dx, g.ndim());
}

Array indices(const Array& taps, int ndim, const Axis& h, const Axis& w) {
  if (taps.device() != Device::cpu) return to_device(indices(to_device(taps, Device::cpu), ndim, h, w), taps.device());
  const Array out = Array::empty_strided(taps.shape(), taps.strides(), DType::i64, taps.device());
  const bool nhwc = taps.shape(1) > 1 && taps.stride(1) == 1 && taps.shape(2) * taps.shape(3) > 1;
  taps.dtype() == DType::u8 ? positions<uint8_t>(taps, out, h, w, nhwc) : positions<int32_t>(taps, out, h, w, nhwc);
  return unbatched(out, ndim);
}

}  // namespace

Array max_pool2d_fwd(const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation,
                     bool ceil_mode, Array* taps) {
  check_input("max_pool2d", x);
  const Geometry p{kernel, stride, padding, dilation};
  const int64_t rows = output_size("max_pool2d", x, p, 0, ceil_mode);
  const int64_t columns = output_size("max_pool2d", x, p, 1, ceil_mode);
  return largest(x, Axis::strided(p, 0, x.shape(-2), rows, false), Axis::strided(p, 1, x.shape(-1), columns, false),
                 taps);
}

Array max_pool2d_bwd(const Array& g, const Array& taps, const Dims& x_shape, const Dims& x_strides, const Dims& kernel,
                     const Dims& stride, const Dims& padding, const Dims& dilation) {
  const Geometry p{kernel, stride, padding, dilation};
  const int n = x_shape.size();
  return largest_gradient(g, taps, x_shape, x_strides, Axis::strided(p, 0, x_shape[n - 2], taps.shape(2), false),
                          Axis::strided(p, 1, x_shape[n - 1], taps.shape(3), false));
}

Array max_pool2d_indices(const Array& taps, const Dims& x_shape, const Dims& kernel, const Dims& stride,
                         const Dims& padding, const Dims& dilation) {
  const Geometry p{kernel, stride, padding, dilation};
  const int n = x_shape.size();
  return indices(taps, n, Axis::strided(p, 0, x_shape[n - 2], taps.shape(2), false),
                 Axis::strided(p, 1, x_shape[n - 1], taps.shape(3), false));
}

Array adaptive_max_pool2d_fwd(const Array& x, int64_t height, int64_t width, Array* taps) {
  check_adaptive("adaptive_max_pool2d", x, height, width);
  return largest(x, Axis::adaptive(x.shape(-2), height), Axis::adaptive(x.shape(-1), width), taps);
}

Array adaptive_max_pool2d_bwd(const Array& g, const Array& taps, const Dims& x_shape, const Dims& x_strides) {
  const int n = x_shape.size();
  return largest_gradient(g, taps, x_shape, x_strides, Axis::adaptive(x_shape[n - 2], taps.shape(2)),
                          Axis::adaptive(x_shape[n - 1], taps.shape(3)));
}

Array adaptive_max_pool2d_indices(const Array& taps, const Dims& x_shape) {
  const int n = x_shape.size();
  return indices(taps, n, Axis::adaptive(x_shape[n - 2], taps.shape(2)), Axis::adaptive(x_shape[n - 1], taps.shape(3)));
}

Array avg_pool2d_fwd(const Array& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode,
                     bool count_include_pad, int64_t divisor) {
  check_input("avg_pool2d", x);
  const Geometry p{kernel, stride, padding, {1, 1}};
  const int64_t rows = output_size("avg_pool2d", x, p, 0, ceil_mode);
  const int64_t columns = output_size("avg_pool2d", x, p, 1, ceil_mode);
  return average(x, Axis::strided(p, 0, x.shape(-2), rows, count_include_pad),
                 Axis::strided(p, 1, x.shape(-1), columns, count_include_pad), divisor);
}

Array avg_pool2d_bwd(const Array& g, const Dims& x_shape, const Dims& x_strides, const Dims& kernel, const Dims& stride,
                     const Dims& padding, bool count_include_pad, int64_t divisor) {
  const Geometry p{kernel, stride, padding, {1, 1}};
  const int n = x_shape.size();
  return average_gradient(g, x_shape, x_strides, Axis::strided(p, 0, x_shape[n - 2], g.shape(-2), count_include_pad),
                          Axis::strided(p, 1, x_shape[n - 1], g.shape(-1), count_include_pad), divisor);
}

Array adaptive_avg_pool2d_fwd(const Array& x, int64_t height, int64_t width) {
  check_adaptive("adaptive_avg_pool2d", x, height, width);
  return average(x, Axis::adaptive(x.shape(-2), height), Axis::adaptive(x.shape(-1), width), 0);
}

Array adaptive_avg_pool2d_bwd(const Array& g, const Dims& x_shape, const Dims& x_strides) {
  const int n = x_shape.size();
  return average_gradient(g, x_shape, x_strides, Axis::adaptive(x_shape[n - 2], g.shape(-2)),
                          Axis::adaptive(x_shape[n - 1], g.shape(-1)), 0);
}

}  // namespace dl
