#include "ops/softmax_xent/softmax_xent.h"

#include <algorithm>
#include <vector>

#include "blocks/copy/copy.h"
#include "blocks/labels/labels.h"
#include "blocks/rows/reduction.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kElements = 16384;  // a chunk: some 10–30 µs of exponentials

Kernels<SoftmaxArgs> softmax_f("softmax_fwd"), softmax_b("softmax_bwd"), log_softmax_f("log_softmax_fwd"),
    log_softmax_b("log_softmax_bwd"), logsumexp_f("logsumexp_fwd");
Kernels<XentArgs> xent_f("cross_entropy_fwd"), xent_b("cross_entropy_bwd");

void check_float(const char* op, const Array& x) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, op, ": needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
}

// The order in memory of a dense array's rows: dimensions outside the classes step by 1 / classes of its stride.
Dims order_of_rows(const Array& dense, int d, int64_t classes, int64_t inner) {
  Dims order = dense.strides();
  for (int i = 0; i < order.size(); ++i)
    if (dense.shape(i) != 1 && order[i] > inner && classes > 1) order[i] /= classes;
  order.erase(d);
  return order;
}

// A dense array as (outer, classes, inner) in memory, the classes being dimension d.
struct Split {
  int64_t rows, classes, inner;
  int64_t grain() const { return std::max<int64_t>(1, kElements / std::max<int64_t>(1, classes)); }
};
Split split(const Array& dense, int d) {
  if (dense.ndim() == 0) return {1, 1, 1};
  const int64_t classes = dense.shape(d);
  if (dense.size() == 0) return {0, classes, 1};
  return {dense.size() / classes, classes, classes == 1 ? 1 : dense.stride(d)};
}

Array softmax(const char* op, Kernels<SoftmaxArgs>& kernels, const Array& x, const Array* g, int dim) {
  check_float(op, x);
  const int d = wrap_dim(op, dim, x.ndim());
  DL_CHECK(!g || (g->shape() == x.shape() && g->dtype() == x.dtype() && g->device() == x.device()), ShapeError, op,
           ": the gradient must match the result; g=", g->shape(), " ", g->dtype(), ", y=", x.shape(), " ", x.dtype());
  const Array dense = as_dense(x);
  const Array same = g ? as_layout_of(*g, dense) : dense;
  const Array out = Array::empty_like(dense);
  const Split s = split(dense, d);
  const SoftmaxArgs args{
      .x = dense.raw(), .g = g ? same.raw() : nullptr, .out = out.raw(), .classes = s.classes, .inner = s.inner};
  launch(kernels.choose(x.device(), x.dtype(), args), args, s.rows, s.grain());
  return out;
}

struct Xent {
  Array x, target, weight;  // dense; the target in the order of x's rows; no weight: an empty Array
  Split split;
};

Xent prepare(const Array& x, const Array& target, const XentOptions& options) {
  const char* op = "cross_entropy";
  check_float(op, x);
  DL_CHECK(x.ndim() >= 1, ShapeError, op, ": input needs a dimension of classes, (N, C, …) or (C,), got ()");
  DL_CHECK(x.device() == target.device(), DeviceError, op, ": input is on ", name(x.device()), " but target on ",
           name(target.device()), "; move one with .to()");
  const int d = x.ndim() == 1 ? 0 : 1;
  Dims rows = x.shape();
  rows.erase(d);
  const bool column = target.ndim() == rows.size() + 1 && target.shape(d) == 1;
  DL_CHECK(target.shape() == rows, ShapeError, op, ": target must be input's shape without its dimension ", d,
           " of classes, ", rows, ", but is ", target.shape(),
           column ? "; drop its dimension of size 1 with target.squeeze(1)" : "", "; input=", x.shape(),
           " target=", target.shape());
  DL_CHECK(options.smoothing >= 0 && options.smoothing <= 1, ValueError, op, ": label_smoothing is from 0 to 1, got ",
           options.smoothing);
  if (const Array* w = options.weight)
    DL_CHECK(w->shape() == Dims{x.shape(d)} && w->dtype() == x.dtype() && w->device() == x.device(), ShapeError, op,
             ": weight needs one ", x.dtype(), " per class, (", x.shape(d), ",), but is ", w->dtype(), " of shape ",
             w->shape(), "; input=", x.shape());
  Xent p{.x = as_dense(x), .target = target, .weight = {}, .split = {}};
  if (options.weight) p.weight = contiguous(*options.weight);
  p.split = split(p.x, d);
  const Dims order = order_of_rows(p.x, d, p.split.classes, p.split.inner);
  p.target = as_labels(op, "target", target, order, "probabilities have input's shape");
  check_labels(op, "target", p.target, p.split.classes, "classes", false, &options.ignored);
  return p;
}

template <class T>
double sum_weights(const Array& weight) {
  if (weight.device() != Device::cpu) return 0;  // its kernels add them
  double sum = 0;
  for (int64_t c = 0; c < weight.size(); ++c) sum += double(weight.data<T>()[c]);
  return sum;
}

// What the mean divides by: the weights of the targets that count, in order.
template <class T>
double target_weight(const Xent& p, int64_t ignored) {
  const int64_t* t = p.target.data<int64_t>();
  const T* w = p.weight.storage() ? p.weight.data<T>() : nullptr;
  double sum = 0;
  for (int64_t i = 0; i < p.split.rows; ++i)
    if (t[i] != ignored) sum += w ? double(w[t[i]]) : 1.0;
  return sum;
}
double divisor(const Xent& p, const XentOptions& options) {
  return p.x.dtype() == DType::f32 ? target_weight<float>(p, options.ignored)
                                   : target_weight<double>(p, options.ignored);
}

XentArgs arguments(const Xent& p, const Array& stats, const XentOptions& options) {
  const bool weighted = p.weight.storage() != nullptr;
  return {.x = p.x.raw(),
          .target = p.target.data<int64_t>(),
          .stats = stats.raw(),
          .rows = p.split.rows,
          .classes = p.split.classes,
          .inner = p.split.inner,
          .grain = p.split.grain(),
          .weight = weighted ? p.weight.raw() : nullptr,
          .weight_sum = !weighted                   ? static_cast<double>(p.split.classes)
                        : p.x.dtype() == DType::f32 ? sum_weights<float>(p.weight)
                                                    : sum_weights<double>(p.weight),
          .smoothing = options.smoothing,
          .ignored = options.ignored};
}

}  // namespace

Array softmax_fwd(const Array& x, int dim) { return softmax("softmax", softmax_f, x, nullptr, dim); }
Array softmax_bwd(const Array& g, const Array& y, int dim) { return softmax("softmax", softmax_b, y, &g, dim); }
Array log_softmax_fwd(const Array& x, int dim) { return softmax("log_softmax", log_softmax_f, x, nullptr, dim); }
Array log_softmax_bwd(const Array& g, const Array& y, int dim) {
  return softmax("log_softmax", log_softmax_b, y, &g, dim);
}

Array logsumexp_fwd(const Array& x, int dim) {
  const char* op = "logsumexp";
  check_float(op, x);
  DL_CHECK(x.ndim() > 0, ShapeError, op, ": needs a dimension to sum over, got ()");
  const int d = wrap_dim(op, dim, x.ndim());
  DL_CHECK(x.shape(d) > 0, ShapeError, op, ": nothing to sum: dimension ", d, " of ", x.shape(), " has size 0");
  const Array dense = as_dense(x);
  const Split s = split(dense, d);
  Dims shape = x.shape();
  shape.erase(d);
  const Dims order = order_of_rows(dense, d, s.classes, s.inner);
  const Array out = Array::empty_strided(shape, dense_like(shape, order), x.dtype(), x.device());
  const SoftmaxArgs args{.x = dense.raw(), .g = nullptr, .out = out.raw(), .classes = s.classes, .inner = s.inner};
  launch(logsumexp_f.choose(x.device(), x.dtype(), args), args, s.rows, s.grain());
  return out;
}

Array cross_entropy_fwd(const Array& x, const Array& target, const XentOptions& options, Array* stats, Array* dx) {
  const auto reduction = static_cast<Reduction>(options.reduction);
  const Xent p = prepare(x, target, options);
  *stats = Array::empty({2, p.split.rows}, x.dtype(), x.device());
  XentArgs args = arguments(p, *stats, options);
  if (reduction == Reduction::none) {
    const Array loss = Array::empty_strided(p.target.shape(), p.target.strides(), x.dtype(), x.device());
    args.loss = loss.raw();
    launch(xent_f.choose(x.device(), x.dtype(), args), args, p.split.rows, args.grain);
    return loss;
  }
  if (dx) {
    *dx = Array::empty_like(p.x);
    args.dx = dx->raw();
  }
  if (x.device() == Device::cuda) {
    const Array loss = Array::empty({}, x.dtype(), x.device());
    args.mean = reduction == Reduction::mean;
    args.total = loss.raw();
    launch(xent_f.choose(x.device(), x.dtype(), args), args, std::max<int64_t>(p.split.rows, 1), args.grain);
    return loss;
  }
  const double count = reduction == Reduction::mean ? divisor(p, options) : 1;
  args.scale = 1 / count;
  std::vector<double> partial(static_cast<size_t>((p.split.rows + args.grain - 1) / args.grain));
  args.partial = partial.data();
  launch(xent_f.choose(x.device(), x.dtype(), args), args, p.split.rows, args.grain);
  return reduced(partial, reduction, count, x);
}

Array cross_entropy_bwd(const Array& g, const Array& x, const Array& target, const Array& stats,
                        const XentOptions& options) {
  const auto reduction = static_cast<Reduction>(options.reduction);
  const Xent p = prepare(x, target, options);
  const bool none = reduction == Reduction::none;
  DL_CHECK(g.shape() == (none ? target.shape() : Dims{}) && g.dtype() == x.dtype(), ShapeError,
           "cross_entropy: the gradient must match the loss; g=", g.shape(), " ", g.dtype(), ", input=", x.shape());
  const Array rows_g = none ? as_layout_of(g, p.target) : g;
  const Array dx = Array::empty_like(p.x);
  XentArgs args = arguments(p, stats, options);
  args.g = rows_g.raw();
  args.g_step = none ? 1 : 0;
  args.mean = reduction == Reduction::mean && x.device() == Device::cuda;
  if (reduction == Reduction::mean && !args.mean) args.scale = 1 / divisor(p, options);
  args.dx = dx.raw();
  launch(xent_b.choose(x.device(), x.dtype(), args), args, p.split.rows, args.grain);
  return dx;
}

}  // namespace dl
