#include "ops/conv2d/conv2d.h"

#include "blocks/colsum/colsum.h"
#include "blocks/copy/copy.h"
#include "blocks/gemm16/gemm16.h"
#include "core/array.h"
#include "ops/conv2d/depthwise.h"
#include "ops/conv2d/first_layer.h"
#include "ops/conv2d/taps.h"
#include "ops/conv2d/winograd.h"

namespace dl {
namespace {

int64_t out_size(int64_t in, int64_t pad, int64_t kernel, int64_t dilation, int64_t stride) {
  const int64_t room = in + pad - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

// Every rule of the contract, once, for forward and gradients.
ConvShape check(const Dims& x, const Array& w, const Dims& stride, const Dims& padding, const Dims& dilation,
                int64_t groups) {
  DL_CHECK(x.size() == 4 && w.ndim() == 4, ShapeError, "conv2d: needs x (N, C, H, W) and w (K, C/groups, R, S); x=", x,
           " w=", w.shape());
  DL_CHECK(stride.size() == 2 && dilation.size() == 2 && padding.size() == 4 && stride[0] > 0 && stride[1] > 0 &&
               dilation[0] > 0 && dilation[1] > 0,
           ValueError, "conv2d: stride and dilation must be positive; stride=", stride, " dilation=", dilation);
  constexpr int64_t kFar = int64_t{1} << 31;  // so that no size overflows
  for (const Dims* d : {&stride, &padding, &dilation})
    for (int64_t i : *d)
      DL_CHECK(i < kFar, ValueError, "conv2d: stride, padding and dilation are less than 2^31; stride=", stride,
               " padding=", padding, " dilation=", dilation);
  for (int64_t p : padding)
    DL_CHECK(p >= 0, ValueError, "conv2d: padding must not be negative, got ", padding, "; slice x instead");
  DL_CHECK(groups > 0 && x[1] % groups == 0 && w.shape(0) % groups == 0, ShapeError, "conv2d: groups=", groups,
           " must divide the ", x[1], " input and the ", w.shape(0), " output channels; x=", x, " w=", w.shape());
  DL_CHECK(w.shape(1) * groups == x[1], ShapeError, "conv2d: w expects ", w.shape(1) * groups,
           " input channels (groups=", groups, ") but x has ", x[1], "; x=", x, " w=", w.shape());
  const int64_t r = w.shape(2), s = w.shape(3);
  const int64_t p = out_size(x[2], padding[0] + padding[2], r, dilation[0], stride[0]);
  const int64_t q = out_size(x[3], padding[1] + padding[3], s, dilation[1], stride[1]);
  DL_CHECK(r > 0 && s > 0 && p > 0 && q > 0, ShapeError, "conv2d: the kernel (", r, ",", s, ") with dilation ",
           dilation, " does not fit the image (", x[2], ",", x[3], ") with padding ", padding, "; x=", x,
           " w=", w.shape(), "; pad more, or use a smaller kernel");
  return {.n = x[0],
          .c = x[1],
          .h = x[2],
          .w = x[3],
          .k = w.shape(0),
          .r = r,
          .s = s,
          .p = p,
          .q = q,
          .groups = groups,
          .stride_h = stride[0],
          .stride_w = stride[1],
          .dilation_h = dilation[0],
          .dilation_w = dilation[1],
          .top = padding[0],
          .left = padding[1]};
}

void check_same(const Array& a, const Array& b, const char* what) {
  DL_CHECK(multiplies(a.dtype(), a.device()) && a.dtype() == b.dtype(), DTypeError, "conv2d: x and ", what,
           " must both be float32 or both float64, or both bfloat16, got ", a.dtype(), " and ", b.dtype(),
           "; convert one with .to()");
  DL_CHECK(a.device() == b.device(), DeviceError, "conv2d: x and ", what, " must be on one device, got ",
           name(a.device()), " and ", name(b.device()), "; move one with .to()");
}

void check_gradient(const ConvShape& s, const Array& g) {
  DL_CHECK(g.shape() == (Dims{s.n, s.k, s.p, s.q}), ShapeError, "conv2d: the gradient must have the output's shape ",
           Dims{s.n, s.k, s.p, s.q}, ", got ", g.shape());
}

Array new_image(const Dims& shape, const Array& like) {
  return Array::empty_strided(shape, channels_last(shape), like.dtype(), like.device());
}

bool on_cpu(const Array& x) { return x.device() == Device::cpu; }

// Kernels of the CPU's that no product stands behind: on other devices these shapes are products too.
bool direct(const ConvShape& s, const Array& x, bool (*suits)(const ConvShape&, DType)) {
  return on_cpu(x) && suits(s, x.dtype());
}
bool depthwise(const ConvShape& s, DType) { return is_depthwise(s); }

Array widened(const Array& x) { return is_half(x.dtype()) ? convert(x, DType::f32) : x; }

// x with its channels side by side: any such view serves a convolution as it is.
Array channels_together(const Array& x) { return x.shape(1) == 1 || x.stride(1) == 1 ? x : as_channels_last(x); }

void* at(const Array& x, int64_t elements) {
  return static_cast<char*>(x.raw()) + elements * static_cast<int64_t>(itemsize(x.dtype()));
}

GemmOperand matrix(const void* data, int64_t stride, int64_t k_stride) {
  return {.data = data,
          .stride = stride,
          .k_stride = k_stride,
          .tap_offset = nullptr,
          .tap_channels = 0,
          .patches = nullptr};
}
GemmOperand patches_of(const void* data, const Taps& t) {
  GemmOperand o = matrix(data, 0, 0);
  o.patches = &t.patches;
  return o;
}
// Weights with k = (tap, channel): a plain matrix where one stride leads from each to the next.
GemmOperand weights_of(const Array& w, int64_t first, int64_t stride, int64_t channel_stride, int64_t channels,
                       const Taps& t) {
  const int64_t start = t.weight.empty() ? 0 : t.weight[0];
  const int64_t step = channels == 1 && t.weight.size() > 1 ? t.weight[1] - start : channel_stride;
  bool plain = true;
  for (size_t i = 0; i < t.weight.size(); ++i)
    plain &= t.weight[i] - start == static_cast<int64_t>(i) * channels * step;
  if (plain) return matrix(at(w, first + start), stride, step);
  GemmOperand o = matrix(at(w, first), stride, channel_stride);
  o.tap_offset = t.weight.data();
  o.tap_channels = channels;
  return o;
}

// The pixels of x are the rows of a matrix: a 1×1 convolution is a plain product.
bool is_pointwise(const ConvShape& s, const Array& x) {
  return s.r == 1 && s.s == 1 && s.stride_h == 1 && s.stride_w == 1 && s.p == s.h && s.q == s.w && s.top == 0 &&
         s.left == 0 && x.stride(2) == s.w * x.stride(3) && (s.n == 1 || x.stride(0) == s.h * x.stride(2));
}

Gemm new_product(const Array& like, int64_t m, int64_t n, int64_t k) {
  Gemm g{};
  g.dtype = like.dtype();
  g.device = like.device();
  g.m = m;
  g.n = n;
  g.k = k;
  g.c_stride = 1;
  return g;
}
Grid dense_rows(int64_t stride) { return {.p = 1, .q = 1, .stride_n = stride, .stride_p = 0, .stride_q = 0}; }

}  // namespace

Array conv2d_fwd(const Array& given, const Array& w, const Array* bias, const Dims& stride, const Dims& padding,
                 const Dims& dilation, int64_t groups, bool relu) {
  const ConvShape s = check(given.shape(), w, stride, padding, dilation, groups);
  check_same(given, w, "w");
  if (bias) {
    DL_CHECK(bias->ndim() == 1 && bias->shape(0) == s.k, ShapeError, "conv2d: bias must be (K,)=(", s.k, ",), got ",
             bias->shape(), "; w=", w.shape());
    if (given.dtype() != DType::bf16 || bias->dtype() != DType::f32) check_same(given, *bias, "bias");
  }
  const Array y = new_image({s.n, s.k, s.p, s.q}, given);
  if (y.size() == 0) return y;
  const bool narrow = is_half(y.dtype());
  const Array x = channels_together(given);
  const Array b = bias ? contiguous(convert(*bias, narrow ? DType::f32 : y.dtype())) : Array();
  if (direct(s, given, depthwise)) {
    const Array out = narrow ? Array::empty_like(y, DType::f32) : y;
    depthwise_fwd(s, widened(x), widened(w), bias ? &b : nullptr, relu, out);
    return convert(out, y.dtype());
  }
  if (direct(s, x, is_first_layer)) {
    first_layer_fwd(s, x, w, bias ? &b : nullptr, relu, y);
    return y;
  }
  if (on_cpu(y) && winograd_fwd(s, x, w, bias ? &b : nullptr, relu, y)) return y;
  const int64_t cg = s.c / groups, kg = s.k / groups;
  Taps t;
  set_taps(t, x, cg, w, forward_taps(s.r, s.dilation_h, s.top), forward_taps(s.s, s.dilation_w, s.left));
  t.patches.p = s.p;
  t.patches.q = s.q;
  t.patches.step_h = s.stride_h;
  t.patches.step_w = s.stride_w;
  for (int64_t group = 0; group < groups; ++group) {
    Gemm g = new_product(y, s.n * s.p * s.q, kg, s.r * s.s * cg);
    const void* image = at(x, group * cg);
    g.a = is_pointwise(s, x) ? matrix(image, x.stride(3), 1) : patches_of(image, t);
    g.b = weights_of(w, group * kg * w.stride(0), w.stride(0), w.stride(1), cg, t);
    g.c = at(y, group * kg);
    g.c_rows = dense_rows(s.k);
    g.bias_n = bias ? at(b, group * kg) : nullptr;
    g.relu = relu;
    product(g, y.dtype());
  }
  return y;
}

Array conv2d_bwd_x(const Array& given, const Array& w, const Dims& x_shape, const Dims& stride, const Dims& padding,
                   const Dims& dilation, int64_t groups) {
  const ConvShape s = check(x_shape, w, stride, padding, dilation, groups);
  check_same(given, w, "w");
  check_gradient(s, given);
  const Array dx = new_image(x_shape, given);
  if (dx.size() == 0) return dx;
  const Array g = channels_together(given);
  if (direct(s, given, depthwise)) {
    const Array out = dx.dtype() == DType::bf16 ? Array::empty_like(dx, DType::f32) : dx;
    depthwise_bwd_x(s, widened(g), widened(w), out);
    return convert(out, dx.dtype());
  }
  if (on_cpu(dx) && winograd_bwd_x(s, g, w, dx)) return dx;
  const int64_t cg = s.c / groups, kg = s.k / groups;
  for (int64_t phase_h = 0; phase_h < s.stride_h && phase_h < s.h; ++phase_h)
    for (int64_t phase_w = 0; phase_w < s.stride_w && phase_w < s.w; ++phase_w) {
      const std::vector<Tap> rows = phase_taps(s.r, s.dilation_h, s.top, s.stride_h, phase_h);
      const std::vector<Tap> columns = phase_taps(s.s, s.dilation_w, s.left, s.stride_w, phase_w);
      Taps t;
      set_taps(t, g, kg, w, rows, columns);
      t.patches.p = (s.h - phase_h + s.stride_h - 1) / s.stride_h;
      t.patches.q = (s.w - phase_w + s.stride_w - 1) / s.stride_w;
      t.patches.step_h = t.patches.step_w = 1;
      for (int64_t group = 0; group < groups; ++group) {
        const auto taps = static_cast<int64_t>(t.weight.size());
        Gemm m = new_product(dx, s.n * t.patches.p * t.patches.q, cg, taps * kg);
        const void* image = at(g, group * kg);
        m.a = is_pointwise(s, g) ? matrix(image, g.stride(3), 1) : patches_of(image, t);
        m.b = weights_of(w, group * kg * w.stride(0), w.stride(1), w.stride(0), kg, t);
        m.c = at(dx, phase_h * dx.stride(2) + phase_w * dx.stride(3) + group * cg);
        m.c_rows = {.p = t.patches.p,
                    .q = t.patches.q,
                    .stride_n = dx.stride(0),
                    .stride_p = s.stride_h * dx.stride(2),
                    .stride_q = s.stride_w * dx.stride(3)};
        product(m, dx.dtype());
      }
    }
  return dx;
}

Array conv2d_bwd_w(const Array& given_g, const Array& given_x, const Array& w, const Dims& stride, const Dims& padding,
                   const Dims& dilation, int64_t groups) {
  const ConvShape s = check(given_x.shape(), w, stride, padding, dilation, groups);
  if (given_x.dtype() != DType::bf16 || w.dtype() != DType::f32) check_same(given_x, w, "w");
  check_same(given_x, given_g, "the gradient");
  check_gradient(s, given_g);
  const Array dw = Array::empty_like(w);
  if (dw.size() == 0) return dw;
  const Array x = channels_together(given_x), g = as_channels_last(given_g);
  if (direct(s, x, depthwise)) {
    const Array out = dw.dtype() == DType::bf16 ? Array::empty_like(dw, DType::f32) : dw;
    depthwise_bwd_w(s, widened(g), widened(x), out);
    return convert(out, dw.dtype());
  }
  if (direct(s, x, is_first_layer)) {
    first_layer_bwd_w(s, g, x, dw);
    return dw;
  }
  const int64_t cg = s.c / groups, kg = s.k / groups;
  const bool in_place = dw.is_channels_last();
  const Array out = in_place ? dw : new_image(w.shape(), w);
  if (on_cpu(out) && winograd_bwd_w(s, g, x, out)) {
    if (!in_place) copy_into(dw, out);
    return dw;
  }
  Taps t;
  set_taps(t, x, cg, w, forward_taps(s.r, s.dilation_h, s.top), forward_taps(s.s, s.dilation_w, s.left));
  t.patches.p = s.p;
  t.patches.q = s.q;
  t.patches.step_h = s.stride_h;
  t.patches.step_w = s.stride_w;
  for (int64_t group = 0; group < groups; ++group) {
    Gemm m = new_product(x, kg, s.r * s.s * cg, s.n * s.p * s.q);
    const void* image = at(x, group * cg);
    m.a = matrix(at(g, group * kg), 1, s.k);
    m.b = is_pointwise(s, x) ? matrix(image, 1, x.stride(3)) : patches_of(image, t);
    m.c = at(out, group * kg * s.r * s.s * cg);
    m.c_rows = dense_rows(s.r * s.s * cg);
    product(m, dw.dtype());
  }
  if (!in_place) copy_into(dw, out);
  return dw;
}

Array conv2d_bwd_b(const Array& given, bool wide) {
  if (is_half(given.dtype())) return convert(conv2d_bwd_b(widened(given), wide), wide ? DType::f32 : given.dtype());
  DL_CHECK(given.ndim() == 4 && is_floating(given.dtype()), ShapeError,
           "conv2d: the gradient must be (N, K, P, Q), got ", given.shape(), " ", given.dtype());
  const Array db = Array::empty({given.shape(1)}, given.dtype(), given.device());
  if (given.size() == 0) {
    column_sums_into(nullptr, 0, 0, db);
    return db;
  }
  const Array g = as_channels_last(given);
  column_sums_into(g.raw(), g.size() / g.shape(1), g.shape(1), db);
  return db;
}

}  // namespace dl
