#include "ops/resample/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "blocks/images/images.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 32768;      // elements read and written: some 10–20 µs
constexpr int64_t kFewChannels = 8;    // below this, lanes along a row's elements beat lanes along its channels
constexpr int64_t kTable = INT32_MAX;  // tables are 32 bits

Kernels<ResampleArgs> nearest("resample_nearest"), linear("resample_linear"), bwd("resample_bwd");

// One axis' tables. `inner`: elements a pixel, for images whose channels lie along the row.
template <class T>
class Axis {
 public:
  Axis(Resample how, int64_t in, int64_t out, double scale, bool align, int64_t inner)
      : in_(in * inner), out_(out * inner) {
    low_.reserve(static_cast<size_t>(out_));
    high_.reserve(static_cast<size_t>(out_));
    for (int64_t o = 0; o < out; ++o) {
      int64_t low = 0, high = 0;
      double share = 0;  // of high
      if (in == out && how != Resample::nearest_exact) {
        low = high = o;  // as PyTorch, also where a scale given says otherwise
      } else if (how == Resample::linear) {
        const double step = align ? (out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0)
                                  : (scale > 0 ? 1 / scale : static_cast<double>(in) / static_cast<double>(out));
        const double at = align ? step * static_cast<double>(o) : (static_cast<double>(o) + 0.5) * step - 0.5;
        const double inside = std::clamp(at, 0.0, static_cast<double>(in - 1));
        low = static_cast<int64_t>(inside);
        high = std::min(low + 1, in - 1);
        share = high > low ? inside - static_cast<double>(low) : 0;
      } else {
        low = high = nearest_pixel(how, in, out, scale, o);
      }
      for (int64_t c = 0; c < inner; ++c) {
        low_.push_back(static_cast<int32_t>(low * inner + c));
        high_.push_back(static_cast<int32_t>(high * inner + c));
        low_weight_.push_back(static_cast<T>(1 - share));
        high_weight_.push_back(static_cast<T>(share));
      }
    }
  }

  void find_covers() {
    at_.assign(static_cast<size_t>(in_ + 1), 0);
    each_read([&](int32_t i, int32_t, T) { ++at_[static_cast<size_t>(i) + 1]; });
    for (size_t i = 1; i < at_.size(); ++i) at_[i] += at_[i - 1];
    cover_.resize(static_cast<size_t>(at_.back()));
    cover_weight_.resize(cover_.size());
    std::vector<int32_t> next = at_;
    each_read([&](int32_t i, int32_t o, T weight) {
      const auto slot = static_cast<size_t>(next[static_cast<size_t>(i)]++);
      cover_[slot] = o;
      cover_weight_[slot] = weight;
    });
  }

  ResampleAxis view() const {
    return {.in = in_,
            .out = out_,
            .low = low_.data(),
            .high = high_.data(),
            .low_weight = low_weight_.data(),
            .high_weight = high_weight_.data(),
            .cover_at = at_.data(),
            .cover = cover_.data(),
            .cover_weight = cover_weight_.data()};
  }

 private:
  // As PyTorch, whose float32 decides between neighbours.
  static int64_t nearest_pixel(Resample how, int64_t in, int64_t out, double scale, int64_t o) {
    const float step = scale > 0 ? static_cast<float>(1 / scale) : static_cast<float>(in) / static_cast<float>(out);
    if (how == Resample::nearest_exact)
      return std::min(static_cast<int64_t>(std::floor(static_cast<float>((static_cast<double>(o) + 0.5) * step))),
                      in - 1);
    if (out == 2 * in) return o / 2;
    return std::min(static_cast<int64_t>(std::floor(static_cast<float>(o) * step)), in - 1);
  }

  template <class Visit>
  void each_read(const Visit& visit) const {
    for (size_t o = 0; o < low_.size(); ++o) {
      visit(low_[o], static_cast<int32_t>(o), low_weight_[o]);
      if (high_weight_[o] != 0) visit(high_[o], static_cast<int32_t>(o), high_weight_[o]);
    }
  }

  int64_t in_, out_;
  std::vector<int32_t> low_, high_, at_, cover_;
  std::vector<T> low_weight_, high_weight_, cover_weight_;
};

struct Walk {
  bool nhwc;
  int64_t images, channels, inner;  // images of `channels` as lanes; `inner` of them along the row

  explicit Walk(const Array& x) : nhwc(walks_channels_last(x)) {
    const int64_t n = x.shape(0), c = x.shape(1);
    const bool few = nhwc && c < kFewChannels && c * x.shape(3) < kTable;
    images = nhwc ? n : n * c;
    channels = nhwc && !few ? c : 1;
    inner = few ? c : 1;
  }
};

void check(const Array& x, Resample how, const Dims& size) {
  const char* op = "interpolate";
  DL_CHECK(x.ndim() == 3 || x.ndim() == 4, ShapeError, op, ": needs (N, C, H, W) or (C, H, W), got x=", x.shape());
  DL_CHECK(is_floating(x.dtype()) || (x.dtype() == DType::u8 && how != Resample::linear), DTypeError, op,
           ": needs a float32 or float64 tensor (nearest modes: also uint8), got ", x.dtype(), " of shape ", x.shape(),
           "; convert with .float()");
  for (int d = 1; d <= 3; ++d)
    DL_CHECK(x.shape(-d) > 0, ShapeError, op, ": only the batch may be empty, got x=", x.shape());
  DL_CHECK(size[0] > 0 && size[1] > 0, ShapeError, op, ": the output size must be positive, got ", size,
           " for x=", x.shape());
  for (int64_t side : {x.shape(-2), x.shape(-1), size[0], size[1]})
    DL_CHECK(side < kTable, ShapeError, op, ": sides must be below 2^31, got ", size, " for x=", x.shape());
}

void run(Kernels<ResampleArgs>& kernels, const Array& x, const ResampleArgs& a, int64_t rows, int64_t width) {
  launch(kernels.choose(x.device(), x.dtype(), a), a, rows, std::max<int64_t>(1, kGrain / (2 * width)));
}

template <class T>
Array forward(const Array& given, Resample how, const Dims& size, double scale_h, double scale_w, bool align) {
  const Walk walk(given);
  const Array x = in_image_layout(given, walk.nhwc);
  const Array y = empty_image({x.shape(0), x.shape(1), size[0], size[1]}, x.dtype(), x.device(), walk.nhwc);
  const Axis<T> h(how, x.shape(2), size[0], scale_h, align, 1), w(how, x.shape(3), size[1], scale_w, align, walk.inner);
  const ResampleArgs a{.x = x.raw(), .y = y.raw(), .channels = walk.channels, .h = h.view(), .w = w.view()};
  run(how == Resample::linear ? linear : nearest, x, a, walk.images * size[0], a.w.out * a.channels);
  return y;
}

template <class T>
Array backward(const Array& given, Resample how, const Array& like, double scale_h, double scale_w, bool align) {
  const Walk walk(like);
  const Array g = in_image_layout(given, walk.nhwc);
  const Array dx = empty_image(like.shape(), g.dtype(), g.device(), walk.nhwc);
  Axis<T> h(how, like.shape(2), g.shape(2), scale_h, align, 1);
  Axis<T> w(how, like.shape(3), g.shape(3), scale_w, align, walk.inner);
  h.find_covers();
  w.find_covers();
  const ResampleArgs a{.x = g.raw(), .y = dx.raw(), .channels = walk.channels, .h = h.view(), .w = w.view()};
  const int64_t reads = std::max<int64_t>(a.w.in, a.w.out * std::max<int64_t>(1, a.h.out / a.h.in));
  run(bwd, g, a, walk.images * a.h.in, reads * a.channels);
  return dx;
}

}  // namespace

Array resample_fwd(const Array& x, Resample how, const Dims& size, double scale_h, double scale_w, bool align) {
  check(x, how, size);
  const Array x4 = batched(x);
  const Array y = x.dtype() == DType::f64 ? forward<double>(x4, how, size, scale_h, scale_w, align)
                                          : forward<float>(x4, how, size, scale_h, scale_w, align);
  return unbatched(y, x.ndim());
}

Array resample_bwd(const Array& g, Resample how, const Dims& x_shape, const Dims& x_strides, double scale_h,
                   double scale_w, bool align) {
  const Array like = batched(Array(nullptr, x_shape, x_strides, 0, g.dtype())), g4 = batched(g);
  DL_CHECK(g4.ndim() == 4 && is_floating(g.dtype()) && g4.shape(0) == like.shape(0) && g4.shape(1) == like.shape(1),
           ShapeError, "interpolate: the gradient must have the output's shape; g=", g.shape(), " ", g.dtype(),
           " x=", x_shape);
  const Array dx = g.dtype() == DType::f64 ? backward<double>(g4, how, like, scale_h, scale_w, align)
                                           : backward<float>(g4, how, like, scale_h, scale_w, align);
  return unbatched(dx, g.ndim());
}

}  // namespace dl
