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
    log_softmax_b("log_softmax_bwd");
Kernels<XentArgs> xent_f("cross_entropy_fwd"), xent_b("cross_entropy_bwd");

void check_float(const char* op, const Array& x) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, op, ": needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
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
  Array x, target;  // dense; the target in the order of x's rows
  Split split;
};

Xent prepare(const Array& x, const Array& target) {
  const char* op = "cross_entropy";
  check_float(op, x);
  DL_CHECK(x.ndim() >= 1, ShapeError, op, ": input needs a dimension of classes, (N, C, …) or (C,), got ()");
  DL_CHECK(x.device() == target.device(), DeviceError, op, ": input is on ", name(x.device()), " but target on ",
           name(target.device()), "; move one with .to()");
  DL_CHECK(x.device() == Device::cpu, DeviceError, op, ": both tensors must be on the cpu, got cuda");
  const int d = x.ndim() == 1 ? 0 : 1;
  Dims rows = x.shape();
  rows.erase(d);
  const bool column = target.ndim() == rows.size() + 1 && target.shape(d) == 1;
  DL_CHECK(target.shape() == rows, ShapeError, op, ": target must be input's shape without its dimension ", d,
           " of classes, ", rows, ", but is ", target.shape(),
           column ? "; drop its dimension of size 1 with target.squeeze(1)" : "", "; input=", x.shape(),
           " target=", target.shape());
  Xent p{.x = as_dense(x), .target = target, .split = {}};
  p.split = split(p.x, d);
  // A row's place in memory: dimensions outside the classes step by 1 / classes of x's stride.
  Dims order = p.x.strides();
  for (int i = 0; i < order.size(); ++i)
    if (p.x.shape(i) != 1 && order[i] > p.split.inner && p.split.classes > 1) order[i] /= p.split.classes;
  order.erase(d);
  p.target = as_labels(op, "target", target, order, "class probabilities are not supported");
  check_labels(op, "target", p.target, p.split.classes, "classes");
  return p;
}

XentArgs arguments(const Xent& p, const Array& stats) {
  return {.x = p.x.raw(),
          .target = p.target.data<int64_t>(),
          .stats = stats.raw(),
          .rows = p.split.rows,
          .classes = p.split.classes,
          .inner = p.split.inner,
          .grain = p.split.grain()};
}

}  // namespace

Array softmax_fwd(const Array& x, int dim) { return softmax("softmax", softmax_f, x, nullptr, dim); }
Array softmax_bwd(const Array& g, const Array& y, int dim) { return softmax("softmax", softmax_b, y, &g, dim); }
Array log_softmax_fwd(const Array& x, int dim) { return softmax("log_softmax", log_softmax_f, x, nullptr, dim); }
Array log_softmax_bwd(const Array& g, const Array& y, int dim) {
  return softmax("log_softmax", log_softmax_b, y, &g, dim);
}

Array cross_entropy_fwd(const Array& x, const Array& target, int how, Array* stats) {
  const auto reduction = static_cast<Reduction>(how);
  const Xent p = prepare(x, target);
  *stats = Array::empty({2, p.split.rows}, x.dtype(), x.device());
  XentArgs args = arguments(p, *stats);
  if (reduction == Reduction::none) {
    const Array loss = Array::empty_strided(p.target.shape(), p.target.strides(), x.dtype(), x.device());
    args.loss = loss.raw();
    launch(xent_f.choose(x.device(), x.dtype(), args), args, p.split.rows, args.grain);
    return loss;
  }
  std::vector<double> partial(static_cast<size_t>((p.split.rows + args.grain - 1) / args.grain));
  args.partial = partial.data();
  launch(xent_f.choose(x.device(), x.dtype(), args), args, p.split.rows, args.grain);
  return reduced(partial, reduction, p.split.rows, x);
}

Array cross_entropy_bwd(const Array& g, const Array& x, const Array& target, const Array& stats, int how) {
  const auto reduction = static_cast<Reduction>(how);
  const Xent p = prepare(x, target);
  const bool none = reduction == Reduction::none;
  DL_CHECK(g.shape() == (none ? target.shape() : Dims{}) && g.dtype() == x.dtype(), ShapeError,
           "cross_entropy: the gradient must match the loss; g=", g.shape(), " ", g.dtype(), ", input=", x.shape());
  const Array rows_g = none ? as_layout_of(g, p.target) : g;
  const Array dx = Array::empty_like(p.x);
  XentArgs args = arguments(p, stats);
  args.g = rows_g.raw();
  args.g_step = none ? 1 : 0;
  args.scale = reduction_scale(reduction, p.split.rows);
  args.dx = dx.raw();
  launch(xent_b.choose(x.device(), x.dtype(), args), args, p.split.rows, args.grain);
  return dx;
}

}  // namespace dl
