#include "ops/pool2d/pool2d.h"

#include <algorithm>
#include <vector>

#include "blocks/images/images.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 131072;  // taps: some 10–20 µs for vectors over channels

Kernels<PoolArgs> max_fwd("max_pool2d_fwd"), max_bwd("max_pool2d_bwd"), avg_fwd("avg_pool2d_fwd"),
    avg_bwd("avg_pool2d_bwd");

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }
int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }

struct Geometry {
  Dims kernel, stride, padding, dilation;
};

// The windows of one axis, and who covers each input.
class Axis {
 public:
  Axis(int64_t in, int64_t out, int64_t taps, int64_t dilation)
      : in_(in), taps_(taps), dilation_(dilation), windows_(static_cast<size_t>(out)) {}

  static Axis strided(const Geometry& p, int d, int64_t in, int64_t out, bool count_padding) {
    const int64_t kernel = p.kernel[d], padding = p.padding[d], dilation = p.dilation[d];
    Axis axis(in, out, kernel, dilation);
    for (int64_t o = 0; o < out; ++o) {
      const int64_t start = o * p.stride[d] - padding;
      const int64_t first = std::clamp<int64_t>(ceil_div(-start, dilation), 0, kernel);
      const int64_t last = std::clamp<int64_t>(ceil_div(in - start, dilation), first, kernel);
      const int64_t span = count_padding ? std::min(start + kernel, in + padding) - start : last - first;
      axis.set(o, start, first, last, span);
    }
    return axis;
  }
  static Axis adaptive(int64_t in, int64_t out) {
    Axis axis(in, out, in, 1);
    for (int64_t o = 0; o < out; ++o) {
      const int64_t start = o * in / out, n = ceil_div((o + 1) * in, out) - start;
      axis.set(o, start, 0, n, n);
    }
    return axis;
  }

  void find_covers() {
    at_.assign(static_cast<size_t>(in_ + 1), 0);
    each_tap([&](int64_t i, PoolCover) { ++at_[static_cast<size_t>(i + 1)]; });
    for (size_t i = 1; i < at_.size(); ++i) at_[i] += at_[i - 1];
    covers_.resize(static_cast<size_t>(at_.back()));
    std::vector<int32_t> next = at_;
    each_tap([&](int64_t i, PoolCover c) { covers_[static_cast<size_t>(next[static_cast<size_t>(i)]++)] = c; });
  }

  PoolAxis view() const {
    return {.in = in_,
            .out = static_cast<int64_t>(windows_.size()),
            .taps = taps_,
            .dilation = dilation_,
            .windows = windows_.data(),
            .cover_at = at_.data(),
            .covers = covers_.data()};
  }
  // The input position of a tap of output o.
  int64_t position(int64_t o, int64_t tap) const { return windows_[static_cast<size_t>(o)].start + tap * dilation_; }
  int64_t inside() const {  // taps of all windows
    int64_t n = 0;
    for (const PoolWindow& w : windows_) n += w.last - w.first;
    return n;
  }

 private:
  void set(int64_t o, int64_t start, int64_t first, int64_t last, int64_t span) {
    windows_[static_cast<size_t>(o)] = {start, span, static_cast<int32_t>(first), static_cast<int32_t>(last),
                                        1 / static_cast<double>(std::max<int64_t>(span, 1))};
  }
  template <class Visit>
  void each_tap(const Visit& visit) const {
    for (size_t o = 0; o < windows_.size(); ++o)
      for (int32_t t = windows_[o].first; t < windows_[o].last; ++t)
        visit(position(static_cast<int64_t>(o), t), PoolCover{static_cast<int32_t>(o), t});
  }

  int64_t in_, taps_, dilation_;
  std::vector<PoolWindow> windows_;
  std::vector<int32_t> at_;
  std::vector<PoolCover> covers_;
};

void check_input(const char* op, const Array& x) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, op, ": needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
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

void check_gradient(const char* op, const Array& g, const Dims& expected) {
  DL_CHECK(g.shape() == expected && is_floating(g.dtype()), ShapeError, op, ": the gradient has shape ", g.shape(), " ",
           g.dtype(), " but the output's is ", expected);
}

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
                   .wide = false,
                   .divisor = static_cast<double>(divisor)};
  run(avg_fwd, x, a, a.h.out, x.shape(0), taps_touched(h, w));
  return unbatched(y, input.ndim());
}

Array average_gradient(const Array& g, const Dims& x_shape, const Dims& x_strides, Axis h, Axis w, int64_t divisor) {
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

}  // namespace

Array max_pool2d_fwd(const Array& input, const Dims& kernel, const Dims& stride, const Dims& padding,
                     const Dims& dilation, bool ceil_mode, Array* taps) {
  check_input("max_pool2d", input);
  const Geometry p{kernel, stride, padding, dilation};
  const Array x4 = batched(input);
  const Dims out{x4.shape(0), x4.shape(1), output_size("max_pool2d", input, p, 0, ceil_mode),
                 output_size("max_pool2d", input, p, 1, ceil_mode)};
  const Axis h = Axis::strided(p, 0, x4.shape(2), out[2], false), w = Axis::strided(p, 1, x4.shape(3), out[3], false);
  const bool nhwc = walks_channels_last(x4), wide = kernel.product() > 255;
  const Array x = in_image_layout(x4, nhwc), y = empty_image(out, x.dtype(), x.device(), nhwc);
  if (taps) *taps = empty_image(out, wide ? DType::i32 : DType::u8, x.device(), nhwc);
  const PoolArgs a{.x = x.raw(),
                   .y = y.raw(),
                   .taps = taps ? taps->raw() : nullptr,
                   .channels = x.shape(1),
                   .h = h.view(),
                   .w = w.view(),
                   .channels_last = nhwc,
                   .wide = wide,
                   .divisor = 0};
  run(max_fwd, x, a, out[2], out[0], taps_touched(h, w));
  return unbatched(y, input.ndim());
}

Array max_pool2d_bwd(const Array& g, const Array& taps, const Dims& x_shape, const Dims& x_strides, const Dims& kernel,
                     const Dims& stride, const Dims& padding, const Dims& dilation) {
  const Geometry p{kernel, stride, padding, dilation};
  const Array like = batched(Array(nullptr, x_shape, x_strides, 0, g.dtype())), g4 = batched(g);
  check_gradient("max_pool2d", g4, taps.shape());
  Axis h = Axis::strided(p, 0, like.shape(2), taps.shape(2), false);
  Axis w = Axis::strided(p, 1, like.shape(3), taps.shape(3), false);
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
                   .wide = taps.dtype() == DType::i32,
                   .divisor = 0};
  run(max_bwd, gy, a, a.h.in, dx.shape(0), taps_touched(h, w));
  return unbatched(dx, g.ndim());
}

Array max_pool2d_indices(const Array& taps, const Dims& x_shape, const Dims& kernel, const Dims& stride,
                         const Dims& padding, const Dims& dilation) {
  const Geometry p{kernel, stride, padding, dilation};
  const int ndim = x_shape.size();
  const Axis h = Axis::strided(p, 0, x_shape[ndim - 2], taps.shape(2), false);
  const Axis w = Axis::strided(p, 1, x_shape[ndim - 1], taps.shape(3), false);
  const Array out = Array::empty_strided(taps.shape(), taps.strides(), DType::i64, taps.device());
  const bool nhwc = taps.shape(1) > 1 && taps.stride(1) == 1 && taps.shape(2) * taps.shape(3) > 1;
  taps.dtype() == DType::u8 ? positions<uint8_t>(taps, out, h, w, nhwc) : positions<int32_t>(taps, out, h, w, nhwc);
  return unbatched(out, ndim);
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
  check_input("adaptive_avg_pool2d", x);
  DL_CHECK(height > 0 && width > 0, ShapeError, "adaptive_avg_pool2d: output_size must be positive, got (", height, ",",
           width, "); x=", x.shape());
  return average(x, Axis::adaptive(x.shape(-2), height), Axis::adaptive(x.shape(-1), width), 0);
}

Array adaptive_avg_pool2d_bwd(const Array& g, const Dims& x_shape, const Dims& x_strides) {
  const int n = x_shape.size();
  return average_gradient(g, x_shape, x_strides, Axis::adaptive(x_shape[n - 2], g.shape(-2)),
                          Axis::adaptive(x_shape[n - 1], g.shape(-1)), 0);
}

}  // namespace dl
