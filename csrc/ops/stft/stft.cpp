#include "ops/stft/stft.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

Kernels<DftArgs> forward("dft_fwd"), adjoint("dft_bwd");

constexpr int64_t kGrain = 1 << 14;  // elements, times log N operations each: some 10–20 µs

void check(const char* op, const Array& x, const Array& roots) {
  DL_CHECK(is_floating(x.dtype()) && x.dtype() == roots.dtype(), DTypeError, op, ": needs float32 or float64, got ",
           x.dtype(), " of shape ", x.shape(), " and roots of ", roots.dtype(), "; convert with .float()");
  DL_CHECK(x.device() == roots.device(), DeviceError, op, ": tensors must be on one device, got x on ",
           name(x.device()), " and roots on ", name(roots.device()));
  DL_CHECK(roots.ndim() == 2 && roots.shape(0) > 0 && roots.shape(1) == 2 && roots.is_contiguous(), ShapeError, op,
           ": roots must be (points, 2), got ", roots.shape());
}

// Fours first: their butterfly needs no product.
void set_factors(DftArgs& args) {
  int64_t rest = args.transform;
  for (int64_t f = 4; rest > 1; f = f == 4 ? 2 : f == 2 ? 3 : f + 2) {
    if (f * f > rest && f > 4) f = rest;
    for (; rest % f == 0; rest /= f) args.factor[args.factors++] = f;
  }
}

// Rows that lie in one or two loops are read where they are.
bool in_two_loops(const Array& x, DftArgs& args) {
  const int n = x.ndim();
  if (n > 3 || x.stride(-1) != 1) return false;
  args.inner = n > 1 ? x.shape(-2) : 1;
  args.inner_step = n > 1 ? x.stride(-2) : 0;
  args.outer_step = n > 2 ? x.stride(-3) : 0;
  return true;
}

void run(Kernels<DftArgs>& kernels, const Array& x, const Array& y, const Array& roots, DftArgs& args, int64_t rows) {
  args.x = x.raw();
  args.y = y.raw();
  args.roots = roots.raw();
  set_factors(args);
  const Row<DftArgs>& row = kernels.choose(x.device(), x.dtype(), args);
  if (row.device != Device::cpu) return launch(row, args, rows, 1);
  const int64_t grain = std::max<int64_t>(kGrain / args.points / kDftRows, 1) * kDftRows;
  launch_chunks(row, args, rows, grain, [&](int64_t begin, int64_t end) {
    const Array work = Array::empty({4 * args.transform * kDftVector}, DType::u8);
    DftArgs mine = args;
    mine.work = work.raw();
    row.fn(mine, begin, end);
  });
}

}  // namespace

Array dft_fwd(const Array& x, const Array* window, const Array& roots, bool onesided) {
  check("dft", x, roots);
  const int64_t points = roots.shape(0), frequencies = onesided ? points / 2 + 1 : points;
  DL_CHECK(x.ndim() > 0 && x.shape(-1) == points, ShapeError, "dft: rows must have ", points, " points; x=", x.shape());
  if (window) {
    DL_CHECK(window->shape() == Dims{points} && window->dtype() == x.dtype(), ShapeError, "dft: the window must be (",
             points, ",) of ", x.dtype(), ", got ", window->shape(), " of ", window->dtype());
    DL_CHECK(window->device() == x.device(), DeviceError, "dft: tensors must be on one device, got x on ",
             name(x.device()), " and the window on ", name(window->device()));
  }
  Dims shape = x.shape();
  shape[x.ndim() - 1] = frequencies;
  shape.push_back(2);
  DftArgs args{};
  args.points = points;
  args.frequencies = frequencies;
  args.transform = points % 2 ? points : points / 2;
  const Array rows = in_two_loops(x, args) ? x : contiguous(x);
  if (rows.is_contiguous()) args.inner = x.size() / points, args.inner_step = points;
  const Array weights = window ? contiguous(*window) : Array();
  if (window) args.window = weights.raw();
  const Array y = Array::empty(shape, x.dtype(), x.device());
  run(forward, rows, y, roots, args, x.size() / points);
  return y;
}

Array dft_bwd(const Array& g, const Array& roots) {
  check("dft", g, roots);
  const int64_t points = roots.shape(0);
  DL_CHECK(g.ndim() > 1 && g.shape(-1) == 2 && (g.shape(-2) == points || g.shape(-2) == points / 2 + 1), ShapeError,
           "dft: a spectrum must be (…, ", points / 2 + 1, " or ", points, " frequencies, 2), got ", g.shape());
  Dims shape = g.shape();
  shape.erase(g.ndim() - 1);
  shape[g.ndim() - 2] = points;
  DftArgs args{};
  args.points = args.transform = points;
  args.frequencies = g.shape(-2);
  const Array dense = contiguous(g), y = Array::empty(shape, g.dtype(), g.device());
  run(adjoint, dense, y, roots, args, y.size() / points);
  return y;
}

}  // namespace dl
