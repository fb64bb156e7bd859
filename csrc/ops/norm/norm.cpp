#include "ops/norm/norm.h"

#include <cmath>
#include <vector>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "ops/norm/plan.h"

namespace dl {
namespace {

// Results from here on go past the caches (simd/stream.h). What follows a forward is often as short of memory as it is
// (relu, an addition) and reads y from the last-level cache while that holds it: at 25 MB both together lose, at 51 MB
// they win a quarter. What follows a backward is a convolution's, which waits for arithmetic: 12 MB win 15 to 30 %.
constexpr int64_t kStreamForward = 32 << 20, kStreamBackward = 8 << 20;

Kernels<NormArgs> stats_kernel("batch_norm_stats"), fwd_kernel("batch_norm_fwd"), sums_kernel("batch_norm_sums"),
    bwd_kernel("batch_norm_bwd");

template <class T>
double at(const Array& v, int64_t c) {
  return static_cast<double>(v.data<T>()[c * v.stride(0)]);
}

struct Moments {
  std::vector<double> mean, var;  // biased
};

template <class T>
Moments batch_moments(const Plan& plan, const Array& x) {
  NormArgs a = plan.args;
  const int64_t lanes = a.lanes;
  std::vector<T> sums(static_cast<size_t>(3 * plan.parts * lanes));
  a.x = x.raw();
  a.sums = sums.data();
  launch(stats_kernel.choose(x.device(), x.dtype(), a), a, plan.parts, plan.grain);

  const auto channels = static_cast<size_t>(a.channels);
  const double n = static_cast<double>(a.total / a.channels);
  Moments m{std::vector<double>(channels), std::vector<double>(channels)};
  const auto part = [&](int64_t p, int64_t lane) { return &sums[static_cast<size_t>(3 * p * lanes + lane)]; };
  each_sum(plan, [&](int64_t p, int64_t lane, int64_t c, int64_t count) {
    const T* s = part(p, lane);
    m.mean[static_cast<size_t>(c)] += double(s[0]) * double(count) + double(s[lanes]);
  });
  for (double& mean : m.mean) mean /= n;
  // Chan, Golub & LeVeque (1983): the parts' squares about their own means, and those means' about the common one.
  each_sum(plan, [&](int64_t p, int64_t lane, int64_t c, int64_t count) {
    const T* s = part(p, lane);
    const double offset = double(s[lanes]) / double(count), d = double(s[0]) + offset - m.mean[static_cast<size_t>(c)];
    m.var[static_cast<size_t>(c)] += double(s[2 * lanes]) - offset * double(s[lanes]) + double(count) * d * d;
  });
  for (double& var : m.var) var = var < 0 ? 0 : var / n;
  return m;
}

template <class T>
Moments running_moments(const Array& mean, const Array& var) {
  Moments m;
  for (int64_t c = 0; c < mean.size(); ++c) {
    m.mean.push_back(at<T>(mean, c));
    m.var.push_back(at<T>(var, c));
  }
  return m;
}

template <class T>
void update_running(const Array& running, const std::vector<double>& batch, double momentum, double factor) {
  for (int64_t c = 0; c < running.size(); ++c) {
    T& r = running.data<T>()[c * running.stride(0)];
    r = static_cast<T>((1 - momentum) * double(r) + momentum * factor * batch[static_cast<size_t>(c)]);
  }
  running.bump_version();
}

void check_input(const Array& x) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, "batch_norm: needs a float32 or float64 tensor, got ", x.dtype(),
           " of shape ", x.shape(), "; convert with .float()");
  DL_CHECK(x.ndim() >= 2, ShapeError, "batch_norm: needs (N, C) or (N, C, …), got x=", x.shape(),
           "; add a batch dimension with .unsqueeze(0)");
}

void check_vector(const Array& x, const Array* v, const char* what) {
  if (!v) return;
  DL_CHECK(v->ndim() == 1 && v->shape(0) == x.shape(1), ShapeError, "batch_norm: ", what, " needs shape (", x.shape(1),
           ",), one value per channel (dim 1), but has ", v->shape(), "; x=", x.shape());
  DL_CHECK(v->dtype() == x.dtype(), DTypeError, "batch_norm: ", what, " is ", v->dtype(), " but x is ", x.dtype(),
           "; convert one of them");
  DL_CHECK(v->device() == x.device(), DeviceError, "batch_norm: ", what, " is on ", name(v->device()), " but x is on ",
           name(x.device()), "; move one of them");
}

void clear(const Array& a) { fill(a, {.kind = Number::integer, .i = 0, .f = 0}); }

// The same rows where the host sees no numbers: each finds what it needs in device memory.
NormArgs device_args(const Array& x, const Array& mean, const Array& invstd) {
  NormArgs a = make_plan(x, 0).args;
  a.x = x.raw();
  a.device.mean = mean.raw();
  a.device.invstd = invstd.raw();
  return a;
}

void forward_on_device(const Array& x, const Array* weight, const Array* bias, const Array* running_mean,
                       const Array* running_var, bool batch, bool update, double momentum, double eps, bool relu,
                       const Array& mean, const Array& invstd, const Array& y) {
  const Array w = weight ? contiguous(*weight) : Array(), b = bias ? contiguous(*bias) : Array();
  NormArgs a = device_args(x, mean, invstd);
  a.out = y.raw();
  a.relu = relu;
  NormDevice& d = a.device;
  d.weight = weight ? w.raw() : nullptr;
  d.bias = bias ? b.raw() : nullptr;
  d.momentum = momentum;
  d.eps = eps;
  d.batch = batch;
  d.update = update;
  if (running_mean) {
    d.running_mean = running_mean->raw();
    d.running_var = running_var->raw();
    d.running_mean_step = running_mean->stride(0);
    d.running_var_step = running_var->stride(0);
  }
  launch(stats_kernel.choose(x.device(), x.dtype(), a), a, 1, 1);
  launch(fwd_kernel.choose(x.device(), x.dtype(), a), a, 1, 1);
  if (update && running_mean) {
    running_mean->bump_version();
    running_var->bump_version();
  }
}

void backward_on_device(const Array& g, const Array& x, const Array& mean, const Array& invstd, const Array* weight,
                        const Array* bias, bool relu, bool training, Array* dx, Array* dweight, Array* dbias) {
  const Array m = contiguous(mean), inv = contiguous(invstd), w = weight ? contiguous(*weight) : Array(),
              b = bias ? contiguous(*bias) : Array(), means = Array::empty({2, x.shape(1)}, x.dtype(), x.device());
  NormArgs a = device_args(x, m, inv);
  a.g = g.raw();
  a.relu = relu;
  a.training = training;
  a.device.weight = weight ? w.raw() : nullptr;
  a.device.bias = bias ? b.raw() : nullptr;
  a.device.means = means.raw();
  if (dweight) {
    a.device.dweight = dweight->raw();
    a.device.dbias = dbias->raw();
  }
  if (dweight || training) launch(sums_kernel.choose(x.device(), x.dtype(), a), a, 1, 1);
  if (!dx) return;
  a.out = dx->raw();
  launch(bwd_kernel.choose(x.device(), x.dtype(), a), a, 1, 1);
}

template <class T>
void forward(const Array& x, const Array* weight, const Array* bias, const Array* running_mean,
             const Array* running_var, bool batch, bool update, double momentum, double eps, bool relu,
             const Array& mean, const Array& invstd, const Array& y) {
  Plan plan = make_plan(x, kStreamForward);
  plan.args.relu = relu;
  plan.args.stream &= y.raw() != x.raw();  // in place its lines are in the cache
  const Moments m = batch ? batch_moments<T>(plan, x) : running_moments<T>(*running_mean, *running_var);
  Params<T> params(plan, 3);
  for (int64_t c = 0; c < x.shape(1); ++c) {
    const double inv = 1 / std::sqrt(m.var[static_cast<size_t>(c)] + eps);
    mean.data<T>()[c] = static_cast<T>(m.mean[static_cast<size_t>(c)]);
    invstd.data<T>()[c] = static_cast<T>(inv);
    params.set(0, c, m.mean[static_cast<size_t>(c)]);
    params.set(1, c, at<T>(invstd, c) * (weight ? at<T>(*weight, c) : 1));  // rounded as backward finds it
    params.set(2, c, bias ? at<T>(*bias, c) : 0);
  }
  NormArgs a = params.bind(plan.args);
  a.x = x.raw();
  a.out = y.raw();
  launch(fwd_kernel.choose(x.device(), x.dtype(), a), a, plan.parts, plan.grain);
  if (update) {  // last: an interrupted call leaves them as they were
    const double n = static_cast<double>(x.size() / x.shape(1));
    if (running_mean) update_running<T>(*running_mean, m.mean, momentum, 1);
    if (running_var) update_running<T>(*running_var, m.var, momentum, n / (n - 1));
  }
}

template <class T>
void backward(const Array& g, const Array& x, const Array& mean, const Array& invstd, const Array* weight,
              const Array* bias, bool relu, bool training, Array* dx, Array* dweight, Array* dbias) {
  const Plan plan = make_plan(x, kStreamBackward);
  const int64_t channels = x.shape(1);
  const double n = static_cast<double>(x.size() / channels);
  std::vector<double> sum_g(static_cast<size_t>(channels)), sum_gd(static_cast<size_t>(channels));
  Params<T> params(plan, 5);
  for (int64_t c = 0; c < channels; ++c) {
    params.set(0, c, at<T>(mean, c));
    params.set(1, c, at<T>(invstd, c) * (weight ? at<T>(*weight, c) : 1));
    params.set(2, c, bias ? at<T>(*bias, c) : 0);
  }
  NormArgs a = params.bind(plan.args);
  a.x = x.raw();
  a.g = g.raw();
  a.training = training;
  a.relu = relu;
  if (dweight || training) {
    const int64_t lanes = plan.args.lanes;
    std::vector<T> sums(static_cast<size_t>(2 * plan.parts * lanes));
    a.sums = sums.data();
    a.lanes = lanes;
    launch(sums_kernel.choose(x.device(), x.dtype(), a), a, plan.parts, plan.grain);
    each_sum(plan, [&](int64_t p, int64_t lane, int64_t c, int64_t) {
      const T* s = &sums[static_cast<size_t>(2 * p * lanes + lane)];
      sum_g[static_cast<size_t>(c)] += double(s[0]);
      sum_gd[static_cast<size_t>(c)] += double(s[lanes]);
    });
  }
  for (int64_t c = 0; c < channels; ++c) {
    const double inv = at<T>(invstd, c), dw = sum_gd[static_cast<size_t>(c)] * inv;
    if (dweight) {
      dweight->data<T>()[c] = static_cast<T>(dw);
      dbias->data<T>()[c] = static_cast<T>(sum_g[static_cast<size_t>(c)]);
    }
    params.set(3, c, sum_g[static_cast<size_t>(c)] / n);
    params.set(4, c, dw * inv / n);
  }
  if (!dx) return;
  a = params.bind(a);
  a.out = dx->raw();
  launch(bwd_kernel.choose(x.device(), x.dtype(), a), a, plan.parts, plan.grain);
}

}  // namespace

Array batch_norm_fwd(const Array& x, const Array* weight, const Array* bias, const Array* running_mean,
                     const Array* running_var, bool training, double momentum, double eps, bool relu, bool in_place,
                     Array* mean, Array* invstd) {
  if (x.dtype() == DType::bf16)
    return convert(batch_norm_fwd(convert(x, DType::f32), weight, bias, running_mean, running_var, training, momentum,
                                  eps, relu, in_place, mean, invstd),
                   DType::bf16);
  check_input(x);
  check_vector(x, weight, "weight");
  check_vector(x, bias, "bias");
  check_vector(x, running_mean, "running_mean");
  check_vector(x, running_var, "running_var");
  DL_CHECK(!running_mean == !running_var, ValueError,
           "batch_norm: running_mean and running_var go together; give both or neither");
  const bool batch = training || !running_mean;
  DL_CHECK(!batch || x.size() != x.shape(1), ShapeError,
           "batch_norm: expected more than 1 value per channel when training, got x=", x.shape(),
           "; use a larger batch, or evaluate with the running statistics (model.eval())");
  *mean = Array::empty({x.shape(1)}, x.dtype(), x.device());
  *invstd = Array::empty({x.shape(1)}, x.dtype(), x.device());
  const Array dense = as_dense(x);
  if (x.size() == 0) {
    clear(*mean);
    clear(*invstd);
    return Array::empty_like(dense);
  }
  const Array y = in_place ? dense : Array::empty_like(dense);
  const auto run = x.device() != Device::cpu ? forward_on_device
                   : x.dtype() == DType::f32 ? forward<float>
                                             : forward<double>;
  run(dense, weight, bias, running_mean, running_var, batch, training, momentum, eps, relu, *mean, *invstd, y);
  if (in_place) y.bump_version();
  return y;
}

void batch_norm_bwd(const Array& g, const Array& x, const Array& mean, const Array& invstd, const Array* weight,
                    const Array* bias, bool relu, bool training, Array* dx, Array* dweight, Array* dbias) {
  if (x.dtype() == DType::bf16) {
    batch_norm_bwd(convert(g, DType::f32), convert(x, DType::f32), mean, invstd, weight, bias, relu, training, dx,
                   dweight, dbias);
    if (dx) *dx = convert(*dx, DType::bf16);
    return;
  }
  check_input(x);
  check_vector(x, &mean, "mean");
  check_vector(x, &invstd, "invstd");
  check_vector(x, weight, "weight");
  check_vector(x, bias, "bias");
  DL_CHECK(g.shape() == x.shape() && g.dtype() == x.dtype() && g.device() == x.device(), ShapeError,
           "batch_norm: the gradient must match x; g=", g.shape(), " ", g.dtype(), ", x=", x.shape(), " ", x.dtype());
  const Array dense = as_dense(x);
  if (dx) *dx = Array::empty_like(dense);
  if (dweight) {
    *dweight = Array::empty({x.shape(1)}, x.dtype(), x.device());
    *dbias = Array::empty({x.shape(1)}, x.dtype(), x.device());
  }
  if (x.size() == 0) {
    if (dweight) {
      clear(*dweight);
      clear(*dbias);
    }
    return;
  }
  const auto run = x.device() != Device::cpu ? backward_on_device
                   : x.dtype() == DType::f32 ? backward<float>
                                             : backward<double>;
  run(as_layout_of(g, dense), dense, mean, invstd, weight, bias, relu, training, dx, dweight, dbias);
}

}  // namespace dl
