#include "ops/activation/activation.h"

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/kernel_table.h"
#include "core/launch.h"
#include "core/past_caches.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 32768;  // 128 KB of float32: some 15 µs at memory speed, and half of it fits L2 beside y

void check_float(const char* op, const Array& x) {
  DL_CHECK(computes(x.dtype()), DTypeError, op, ": needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
}

Array run(Kernels<ActArgs>& kernels, const Array& x, const Array* g, double alpha, double beta) {
  Array out = Array::empty_like(x);
  const ActArgs args{.x = x.raw(),
                     .g = g ? g->raw() : nullptr,
                     .out = out.raw(),
                     .alpha = alpha,
                     .beta = beta,
                     .past_caches = past_caches(out)};
  const Row<ActArgs>& row = kernels.choose(x.device(), x.dtype(), args);
  launch(row, args, x.size(), kGrain);
  return out;
}

Array forward(const char* op, Kernels<ActArgs>& kernels, const Array& x, double alpha = 0, double beta = 0) {
  check_float(op, x);
  return run(kernels, as_dense(x), nullptr, alpha, beta);
}

Array backward(const char* op, Kernels<ActArgs>& kernels, const Array& g, const Array& saved, double alpha = 0,
               double beta = 0) {
  check_float(op, saved);
  DL_CHECK(g.shape() == saved.shape() && g.dtype() == saved.dtype() && g.device() == saved.device(), ShapeError, op,
           ": the gradient must match the saved value; g=", g.shape(), " ", g.dtype(), ", saved=", saved.shape(), " ",
           saved.dtype());
  const Array s = as_dense(saved);
  const Array same = as_layout_of(g, s);
  return run(kernels, s, &same, alpha, beta);
}

Kernels<ActArgs> relu_f("relu_fwd"), relu_b("relu_bwd"), leaky_f("leaky_relu_fwd"), leaky_b("leaky_relu_bwd"),
    sigmoid_f("sigmoid_fwd"), sigmoid_b("sigmoid_bwd"), tanh_f("tanh_fwd"), tanh_b("tanh_bwd");

}  // namespace

Array relu_fwd(const Array& x) { return forward("relu", relu_f, x); }
void relu_into(const Array& x) {
  check_float("relu_", x);
  if (!x.is_dense()) return copy_into(x, relu_fwd(x));
  const ActArgs args{.x = x.raw(), .g = nullptr, .out = x.raw(), .alpha = 0, .beta = 0};
  launch(relu_f.choose(x.device(), x.dtype(), args), args, x.size(), kGrain, OnInterrupt::finish);
  x.bump_version();
}
Array relu_bwd(const Array& g, const Array& y) { return backward("relu", relu_b, g, y); }
Array leaky_relu_fwd(const Array& x, double slope) { return forward("leaky_relu", leaky_f, x, slope); }
Array leaky_relu_bwd(const Array& g, const Array& x, double slope) {
  return backward("leaky_relu", leaky_b, g, x, slope);
}
Array sigmoid_fwd(const Array& x) { return forward("sigmoid", sigmoid_f, x); }
Array sigmoid_bwd(const Array& g, const Array& y) { return backward("sigmoid", sigmoid_b, g, y); }
Array tanh_fwd(const Array& x) { return forward("tanh", tanh_f, x); }
Array tanh_bwd(const Array& g, const Array& y) { return backward("tanh", tanh_b, g, y); }

#define ACTIVATION(NAME, TITLE) \
  static Kernels<ActArgs> NAME##_f(#NAME "_fwd"), NAME##_b(#NAME "_bwd"); \
  Array NAME##_fwd(const Array& x, double a, double b) { return forward(TITLE, NAME##_f, x, a, b); } \
  Array NAME##_bwd(const Array& g, const Array& x, double a, double b) { return backward(TITLE, NAME##_b, g, x, a, b); }
ACTIVATION(elu, "elu")
ACTIVATION(celu, "celu")
ACTIVATION(gelu, "gelu")
ACTIVATION(gelu_tanh, "gelu")
ACTIVATION(silu, "silu")
ACTIVATION(mish, "mish")
ACTIVATION(softplus, "softplus")
ACTIVATION(logsigmoid, "logsigmoid")
ACTIVATION(hardtanh, "hardtanh")
ACTIVATION(hardsigmoid, "hardsigmoid")
ACTIVATION(hardswish, "hardswish")
ACTIVATION(softsign, "softsign")
#undef ACTIVATION

}  // namespace dl
