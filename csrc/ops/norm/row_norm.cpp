// Layer norm and group norm: checks, the rows of each, and the sums of the parameters' gradients.
#include <algorithm>
#include <vector>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "ops/norm/norm.h"

namespace dl {
namespace {

constexpr int64_t kElements = 32768;  // a chunk: 128 KB of float32, some 10–20 µs
constexpr int64_t kMostChunks = 64;   // of a backward that sums parameters: each has four vectors of them

Kernels<RowNormArgs> fwd_kernel("row_norm_fwd"), bwd_kernel("row_norm_bwd");

void check_input(const char* op, const Array& x) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, op, ": needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
}

void check_vector(const char* op, const Array& x, const Array* v, const char* what, const Dims& shape) {
  if (!v) return;
  DL_CHECK(v->shape() == shape, ShapeError, op, ": ", what, " needs shape ", shape, " but has ", v->shape(),
           "; x=", x.shape());
  DL_CHECK(v->dtype() == x.dtype(), DTypeError, op, ": ", what, " is ", v->dtype(), " but x is ", x.dtype(),
           "; convert one of them");
  DL_CHECK(v->device() == x.device(), DeviceError, op, ": ", what, " is on ", name(v->device()), " but x is on ",
           name(x.device()), "; move one of them");
}

struct Rows {
  int64_t rows, size, inner, groups;
};

Rows layer_rows(const Array& x, const Dims& normalized) {
  check_input("layer_norm", x);
  const int n = normalized.size();
  bool ends_so = n >= 1 && n <= x.ndim();
  for (int i = 0; ends_so && i < n; ++i) ends_so = x.shape(x.ndim() - n + i) == normalized[i];
  DL_CHECK(ends_so, ShapeError, "layer_norm: x must end in normalized_shape; x=", x.shape(),
           " normalized_shape=", normalized);
  const int64_t size = normalized.product();
  return {size ? x.size() / size : 0, size, 1, 1};
}

Rows group_rows(const Array& x, int64_t groups) {
  check_input("group_norm", x);
  DL_CHECK(x.ndim() >= 2, ShapeError, "group_norm: needs (N, C) or (N, C, …), got x=", x.shape(),
           "; add a batch dimension with .unsqueeze(0)");
  DL_CHECK(groups > 0 && x.shape(1) % groups == 0, ValueError,
           "group_norm: the channels must divide into the groups; x=", x.shape(), " num_groups=", groups);
  if (x.size() == 0) return {0, 0, 1, groups};
  const int64_t inner = x.size() / (x.shape(0) * x.shape(1));
  return {x.shape(0) * groups, x.shape(1) / groups * inner, inner, groups};
}

RowNormArgs arguments(const Rows& r, const Array& x, const Array& stats, const Array* weight) {
  return {.x = x.raw(),
          .g = nullptr,
          .out = nullptr,
          .stats = stats.raw(),
          .weight = weight ? weight->raw() : nullptr,
          .bias = nullptr,
          .sums = nullptr,
          .size = r.size,
          .inner = r.inner,
          .groups = r.groups,
          .grain = std::max<int64_t>(1, kElements / std::max<int64_t>(1, r.size)),
          .eps = 0};
}

Array forward(const char* op, const Rows& r, const Array& x, const Dims& shape, const Array* weight, const Array* bias,
              double eps, Array* stats) {
  check_vector(op, x, weight, "weight", shape);
  check_vector(op, x, bias, "bias", shape);
  const Array dense = contiguous(x), y = Array::empty(x.shape(), x.dtype(), x.device());
  *stats = Array::empty({r.rows, 2}, x.dtype(), x.device());
  if (x.size() == 0) return y;
  const Array w = weight ? contiguous(*weight) : Array(), b = bias ? contiguous(*bias) : Array();
  RowNormArgs a = arguments(r, dense, *stats, weight ? &w : nullptr);
  a.bias = bias ? b.raw() : nullptr;
  a.out = y.raw();
  a.eps = eps;
  launch(fwd_kernel.choose(x.device(), x.dtype(), a), a, r.rows, a.grain);
  return y;
}

// The kernel's sums as dweight and dbias: float64, in the order of the chunks or samples.
template <class T>
void add_up(const std::vector<T>& sums, const Rows& r, int64_t chunks, const Array& dweight, const Array& dbias) {
  const int64_t width = dweight.size();
  std::vector<double> dw(static_cast<size_t>(width)), db(static_cast<size_t>(width));
  if (r.inner > 1)
    for (size_t i = 0; i < sums.size() / 2; ++i) {
      dw[i % static_cast<size_t>(width)] += double(sums[2 * i]);
      db[i % static_cast<size_t>(width)] += double(sums[2 * i + 1]);
    }
  else
    for (int64_t c = 0; c < chunks; ++c)
      for (int64_t j = 0; j < width; ++j) {
        dw[static_cast<size_t>(j)] += double(sums[static_cast<size_t>((4 * c) * width + j)]);
        db[static_cast<size_t>(j)] += double(sums[static_cast<size_t>((4 * c + 1) * width + j)]);
      }
  for (int64_t j = 0; j < width; ++j) {
    dweight.data<T>()[j] = static_cast<T>(dw[static_cast<size_t>(j)]);
    dbias.data<T>()[j] = static_cast<T>(db[static_cast<size_t>(j)]);
  }
}

template <class T>
void run_backward(const Rows& r, RowNormArgs a, const Array& x, Array* dweight, Array* dbias) {
  std::vector<T> sums;
  int64_t chunks = 0;
  if (dweight) {
    if (r.inner == 1) {  // chunks of whole samples, few enough that their vectors stay small beside x
      const int64_t most = (r.rows + kMostChunks - 1) / kMostChunks;
      a.grain = (std::max(a.grain, most) + r.groups - 1) / r.groups * r.groups;
      chunks = (r.rows + a.grain - 1) / a.grain;
      sums.resize(static_cast<size_t>(4 * chunks * dweight->size()));
    } else {
      sums.resize(static_cast<size_t>(r.rows * (r.size / r.inner) * 2));
    }
    a.sums = sums.data();
  }
  launch(bwd_kernel.choose(x.device(), x.dtype(), a), a, r.rows, a.grain);
  if (dweight) add_up(sums, r, chunks, *dweight, *dbias);
}

void backward(const char* op, const Rows& r, const Array& g, const Array& x, const Dims& shape, const Array& stats,
              const Array* weight, Array* dx, Array* dweight, Array* dbias) {
  check_vector(op, x, weight, "weight", shape);
  check_vector(op, x, &stats, "stats", {r.rows, 2});
  DL_CHECK(g.shape() == x.shape() && g.dtype() == x.dtype() && g.device() == x.device(), ShapeError, op,
           ": the gradient must match x; g=", g.shape(), " ", g.dtype(), ", x=", x.shape(), " ", x.dtype());
  if (dx) *dx = Array::empty(x.shape(), x.dtype(), x.device());
  if (dweight) {
    *dweight = full(shape, {Number::integer, 0, 0}, x.dtype(), x.device());
    *dbias = full(shape, {Number::integer, 0, 0}, x.dtype(), x.device());
  }
  if (x.size() == 0) return;
  const Array dense = contiguous(x), same = contiguous(g), w = weight ? contiguous(*weight) : Array();
  RowNormArgs a = arguments(r, dense, stats, weight ? &w : nullptr);
  a.g = same.raw();
  a.out = dx ? dx->raw() : nullptr;
  if (x.device() != Device::cpu) {
    a.dweight = dweight ? dweight->raw() : nullptr;
    a.dbias = dweight ? dbias->raw() : nullptr;
    return launch(bwd_kernel.choose(x.device(), x.dtype(), a), a, r.rows, a.grain);
  }
  const auto run = x.dtype() == DType::f32 ? run_backward<float> : run_backward<double>;
  run(r, a, x, dweight, dbias);
}

}  // namespace

Array layer_norm_fwd(const Array& x, const Dims& normalized_shape, const Array* weight, const Array* bias, double eps,
                     Array* stats) {
  return forward("layer_norm", layer_rows(x, normalized_shape), x, normalized_shape, weight, bias, eps, stats);
}
void layer_norm_bwd(const Array& g, const Array& x, const Dims& normalized_shape, const Array& stats,
                    const Array* weight, Array* dx, Array* dweight, Array* dbias) {
  const Rows r = layer_rows(x, normalized_shape);
  backward("layer_norm", r, g, x, normalized_shape, stats, weight, dx, dweight, dbias);
}
Array group_norm_fwd(const Array& x, int64_t groups, const Array* weight, const Array* bias, double eps, Array* stats) {
  const Rows r = group_rows(x, groups);
  return forward("group_norm", r, x, {x.shape(1)}, weight, bias, eps, stats);
}
void group_norm_bwd(const Array& g, const Array& x, int64_t groups, const Array& stats, const Array* weight, Array* dx,
                    Array* dweight, Array* dbias) {
  const Rows r = group_rows(x, groups);
  backward("group_norm", r, g, x, {x.shape(1)}, stats, weight, dx, dweight, dbias);
}

}  // namespace dl
