#include "ops/stft/stft.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

Kernels<DftArgs> forward("dft_fwd"), adjoint("dft_bwd");

constexpr int64_t kGrain = 1 << 16;  // elements, times log N operations each: some 50 µs

void check(const char* op, const Array& x, const Array& roots) {
  DL_CHECK(is_floating(x.dtype()) && x.dtype() == roots.dtype(), DTypeError, op, ": needs float32 or float64, got ",
           x.dtype(), " of shape ", x.shape(), " and roots of ", roots.dtype(), "; convert with .float()");
  DL_CHECK(x.device() == Device::cpu && roots.device() == Device::cpu, DeviceError, op,
           ": tensors must be on the cpu, got ", name(x.device()));
  DL_CHECK(roots.ndim() == 2 && roots.shape(0) > 0 && roots.shape(1) == 2 && roots.is_contiguous(), ShapeError, op,
           ": roots must be (points, 2), got ", roots.shape());
}

// Fours first: their butterfly needs no product.
void set_factors(DftArgs& args) {
  int64_t rest = args.points;
  for (int64_t f = 4; rest > 1; f = f == 4 ? 2 : f == 2 ? 3 : f + 2) {
    if (f * f > rest && f > 4) f = rest;
    for (; rest % f == 0; rest /= f) args.factor[args.factors++] = f;
  }
}

void run(Kernels<DftArgs>& kernels, const Array& x, const Array& y, const Array& roots, int64_t frequencies,
         int64_t rows) {
  DftArgs args{};
  args.x = x.raw();
  args.y = y.raw();
  args.roots = roots.raw();
  args.points = roots.shape(0);
  args.frequencies = frequencies;
  set_factors(args);
  const Row<DftArgs>& row = kernels.choose(Device::cpu, x.dtype(), args);
  const int64_t grain = std::max<int64_t>(kGrain / args.points / kDftRows, 1) * kDftRows;
  launch_chunks(row, args, rows, grain, [&](int64_t begin, int64_t end) {
    const Array work = Array::empty({4 * args.points * kDftVector}, DType::u8);
    DftArgs mine = args;
    mine.work = work.raw();
    row.fn(mine, begin, end);
  });
}

}  // namespace

Array dft_fwd(const Array& x, const Array& roots, bool onesided) {
  check("dft", x, roots);
  const int64_t points = roots.shape(0), frequencies = onesided ? points / 2 + 1 : points;
  DL_CHECK(x.ndim() > 0 && x.shape(-1) == points, ShapeError, "dft: rows must have ", points, " points; x=", x.shape());
  Dims shape = x.shape();
  shape[x.ndim() - 1] = frequencies;
  shape.push_back(2);
  const Array dense = contiguous(x), y = Array::empty(shape, x.dtype(), x.device());
  run(forward, dense, y, roots, frequencies, x.size() / points);
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
  const Array dense = contiguous(g), y = Array::empty(shape, g.dtype(), g.device());
  run(adjoint, dense, y, roots, g.shape(-2), y.size() / points);
  return y;
}

}  // namespace dl
