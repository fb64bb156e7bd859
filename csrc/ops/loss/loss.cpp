#include "ops/loss/loss.h"

#include <cmath>
#include <vector>

#include "blocks/copy/copy.h"
#include "blocks/rows/reduction.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 32768;  // some 10 µs of mse, 50 µs of bce

Kernels<LossArgs> mse_f("mse_fwd"), mse_b("mse_bwd"), l1_f("l1_fwd"), l1_b("l1_bwd"), smooth_l1_f("smooth_l1_fwd"),
    smooth_l1_b("smooth_l1_bwd"), huber_f("huber_fwd"), huber_b("huber_bwd"), bce_f("bce_fwd"), bce_b("bce_bwd"),
    bce_bt("bce_bwd_t"), bce_prob_f("bce_prob_fwd"), bce_prob_b("bce_prob_bwd"), bce_prob_bt("bce_prob_bwd_t");

const char* hint(const Array& x, const Array& t) {
  if (x.size() == t.size() && x.ndim() == t.ndim() + 1 && x.shape(-1) == 1)
    return "; drop input's last dimension with input.squeeze(-1), or give target one with target.unsqueeze(-1)";
  if (x.size() == t.size() && x.ndim() + 1 == t.ndim() && t.shape(-1) == 1)
    return "; drop target's last dimension with target.squeeze(-1)";
  return "; losses do not broadcast";
}

// x dense, and t in its layout.
struct Pair {
  Array x, t;
};
Pair prepare(const char* op, const Array& x, const Array& t) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, op, ": input must be float32 or float64, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
  DL_CHECK(t.dtype() == x.dtype() || !is_floating(t.dtype()), DTypeError, op, ": input is ", x.dtype(),
           " but target is ", t.dtype(), "; convert one with .to(dtype); input=", x.shape(), " target=", t.shape());
  DL_CHECK(x.shape() == t.shape(), ShapeError, op, ": input and target must have the same shape; input=", x.shape(),
           " target=", t.shape(), hint(x, t));
  DL_CHECK(x.device() == t.device(), DeviceError, op, ": input is on ", name(x.device()), " but target on ",
           name(t.device()), "; move one with .to()");
  const Array dense = as_dense(x);
  return {dense, as_layout_of(convert(t, x.dtype()), dense)};
}

Array forward(const char* op, Kernels<LossArgs>& kernels, const Array& x, const Array& t, int how, double alpha = 0) {
  const auto reduction = static_cast<Reduction>(how);
  const Pair p = prepare(op, x, t);
  LossArgs args{.x = p.x.raw(), .t = p.t.raw(), .alpha = alpha};
  if (reduction == Reduction::none) {
    const Array out = Array::empty_like(p.x);
    args.out = out.raw();
    launch(kernels.choose(x.device(), x.dtype(), args), args, x.size(), kGrain);
    return out;
  }
  if (x.device() == Device::cuda) {
    const bool mean = reduction == Reduction::mean;
    const Array out = full({}, {Number::real, 0, mean ? std::nan("") : 0.0}, x.dtype(), x.device());  // of no elements
    args.total = out.raw();
    args.divisor = mean ? static_cast<double>(x.size()) : 1;
    launch(kernels.choose(x.device(), x.dtype(), args), args, x.size(), kGrain);
    return out;
  }
  std::vector<double> partial(static_cast<size_t>((x.size() + kGrain - 1) / kGrain));
  args.partial = partial.data();
  args.grain = kGrain;
  launch(kernels.choose(x.device(), x.dtype(), args), args, x.size(), kGrain);
  return reduced(partial, reduction, static_cast<double>(x.size()), x);
}

Array backward(const char* op, Kernels<LossArgs>& kernels, const Array& g, const Array& x, const Array& t, int how,
               double alpha = 0) {
  const auto reduction = static_cast<Reduction>(how);
  const bool none = reduction == Reduction::none;
  const Pair p = prepare(op, x, t);
  DL_CHECK(g.shape() == (none ? x.shape() : Dims{}) && g.dtype() == x.dtype(), ShapeError, op,
           ": the gradient must match the loss; g=", g.shape(), " ", g.dtype(), ", input=", x.shape(), " ", x.dtype());
  const Array same = none ? as_layout_of(g, p.x) : g;
  const Array out = Array::empty_like(p.x);
  const LossArgs args{.x = p.x.raw(),
                      .t = p.t.raw(),
                      .out = out.raw(),
                      .g = same.raw(),
                      .g_step = none ? 1 : 0,
                      .scale = reduction_scale(reduction, x.size()),
                      .alpha = alpha};
  launch(kernels.choose(x.device(), x.dtype(), args), args, x.size(), kGrain);
  return out;
}

}  // namespace

Array mse_fwd(const Array& x, const Array& t, int reduction) { return forward("mse_loss", mse_f, x, t, reduction); }
Array mse_bwd(const Array& g, const Array& x, const Array& t, int reduction) {
  return backward("mse_loss", mse_b, g, x, t, reduction);
}
Array l1_fwd(const Array& x, const Array& t, int reduction) { return forward("l1_loss", l1_f, x, t, reduction); }
Array l1_bwd(const Array& g, const Array& x, const Array& t, int reduction) {
  return backward("l1_loss", l1_b, g, x, t, reduction);
}
Array smooth_l1_fwd(const Array& x, const Array& t, int reduction, double beta) {
  return forward("smooth_l1_loss", smooth_l1_f, x, t, reduction, beta);
}
Array smooth_l1_bwd(const Array& g, const Array& x, const Array& t, int reduction, double beta) {
  return backward("smooth_l1_loss", smooth_l1_b, g, x, t, reduction, beta);
}
Array huber_fwd(const Array& x, const Array& t, int reduction, double delta) {
  return forward("huber_loss", huber_f, x, t, reduction, delta);
}
Array huber_bwd(const Array& g, const Array& x, const Array& t, int reduction, double delta) {
  return backward("huber_loss", huber_b, g, x, t, reduction, delta);
}
Array bce_fwd(const Array& x, const Array& t, int reduction) {
  return forward("binary_cross_entropy_with_logits", bce_f, x, t, reduction);
}
Array bce_bwd(const Array& g, const Array& x, const Array& t, int reduction) {
  return backward("binary_cross_entropy_with_logits", bce_b, g, x, t, reduction);
}
Array bce_bwd_t(const Array& g, const Array& x, const Array& t, int reduction) {
  return backward("binary_cross_entropy_with_logits", bce_bt, g, x, t, reduction);
}
Array bce_prob_fwd(const Array& x, const Array& t, int reduction) {
  return forward("binary_cross_entropy", bce_prob_f, x, t, reduction);
}
Array bce_prob_bwd(const Array& g, const Array& x, const Array& t, int reduction) {
  return backward("binary_cross_entropy", bce_prob_b, g, x, t, reduction);
}
Array bce_prob_bwd_t(const Array& g, const Array& x, const Array& t, int reduction) {
  return backward("binary_cross_entropy", bce_prob_bt, g, x, t, reduction);
}

}  // namespace dl
