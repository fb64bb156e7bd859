#include "ops/conv2d/winograd.h"

#include "blocks/winograd/winograd.h"
#include "core/array.h"

namespace dl {
namespace {

bool fits(const ConvShape& s) {
  return s.r == 3 && s.s == 3 && s.stride_h == 1 && s.stride_w == 1 && s.dilation_h == 1 && s.dilation_w == 1 &&
         s.groups == 1;
}

const float* floats(const Array& x) { return static_cast<const float*>(x.raw()); }

Winograd of_x(const ConvShape& s, const Array& x) {
  Winograd g{};
  g.fits = fits(s);
  g.n = s.n;
  g.h = s.h;
  g.w = s.w;
  g.c = s.c;
  g.p = s.p;
  g.q = s.q;
  g.k = s.k;
  g.top = s.top;
  g.left = s.left;
  g.x = floats(x);
  g.x_n = x.stride(0);
  g.x_h = x.stride(2);
  g.x_w = x.stride(3);
  return g;
}

}  // namespace

bool winograd_fwd(const ConvShape& s, const Array& x, const Array& w, const Array* bias, bool relu, const Array& y) {
  if (y.dtype() != DType::f32) return false;
  Winograd g = of_x(s, x);
  g.filters = floats(w);
  g.w_k = w.stride(0);
  g.w_c = w.stride(1);
  g.w_r = w.stride(2);
  g.w_s = w.stride(3);
  g.bias = bias ? floats(*bias) : nullptr;
  g.relu = relu;
  g.y = static_cast<float*>(y.raw());
  return winograd(g);
}

// dx is a convolution of g by the filters turned round, from (2 - top, 2 - left) before g on.
bool winograd_bwd_x(const ConvShape& s, const Array& g, const Array& w, const Array& dx) {
  if (dx.dtype() != DType::f32) return false;
  Winograd c{};
  c.fits = fits(s);
  c.n = s.n;
  c.h = s.p;
  c.w = s.q;
  c.c = s.k;
  c.p = s.h;
  c.q = s.w;
  c.k = s.c;
  c.top = 2 - s.top;
  c.left = 2 - s.left;
  c.x = floats(g);
  c.x_n = g.stride(0);
  c.x_h = g.stride(2);
  c.x_w = g.stride(3);
  c.filters = floats(w) + 2 * (w.stride(2) + w.stride(3));
  c.w_k = w.stride(1);
  c.w_c = w.stride(0);
  c.w_r = -w.stride(2);
  c.w_s = -w.stride(3);
  c.y = static_cast<float*>(dx.raw());
  return winograd(c);
}

bool winograd_bwd_w(const ConvShape& s, const Array& g, const Array& x, const Array& dw) {
  if (x.dtype() != DType::f32 || dw.dtype() != DType::f32) return false;
  Winograd d = of_x(s, x);
  d.dy = floats(g);
  return winograd_weights(d, dw);
}

}  // namespace dl
