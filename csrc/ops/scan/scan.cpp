#include "ops/scan/scan.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

using Table = Kernels<ScanArgs>;
constexpr int64_t kGrain = 16384;    // elements: some 15–30 µs of adding
constexpr int64_t kNeighbours = 16;  // lines that a chunk should have where they share cache lines

Table cumsum_("cumsum"), cumprod_("cumprod"), cumprod_bwd_("cumprod_bwd"), cummax_("cummax"), cummin_("cummin");

// `dense` and what args points to are dense and of one shape; a tensor of no dimensions is a line of one.
void run(Table& table, const Array& dense, int dim, ScanArgs args) {
  if (dense.size() == 0) return;
  args.n = dense.ndim() ? dense.shape(dim) : 1;
  args.inner = 1;
  for (int d = dim + 1; d < dense.ndim(); ++d) args.inner *= dense.shape(d);
  const int64_t least = args.inner == 1 ? 1 : kNeighbours;
  launch(table.choose(dense.device(), dense.dtype(), args), args, dense.size() / args.n,
         std::max(least, kGrain / args.n));
}

Array total(const char* op, Table& table, const Array& x, int dim, bool reverse) {
  dim = wrap_dim(op, dim, x.ndim());
  const Array dense = contiguous(is_floating(x.dtype()) || is_half(x.dtype()) ? x : convert(x, DType::i64));
  const Array out = Array::empty(x.shape(), dense.dtype(), x.device());
  run(table, dense, dim, {.x = dense.raw(), .out = out.raw(), .n = 0, .inner = 0, .reverse = reverse});
  return out;
}

Array pick(const char* op, Table& table, const Array& x, int dim, Array* index) {
  dim = wrap_dim(op, dim, x.ndim());
  const Array dense = contiguous(x), out = Array::empty(x.shape(), x.dtype(), x.device());
  *index = Array::empty(x.shape(), DType::i64, x.device());
  run(table, dense, dim, {.x = dense.raw(), .out = out.raw(), .n = 0, .inner = 0, .index = index->data<int64_t>()});
  return out;
}

}  // namespace

Array cumsum_fwd(const Array& x, int dim, bool reverse) { return total("cumsum", cumsum_, x, dim, reverse); }
Array cumprod_fwd(const Array& x, int dim) { return total("cumprod", cumprod_, x, dim, false); }

Array cumprod_bwd(const Array& g, const Array& x, const Array& y, int dim) {
  dim = wrap_dim("cumprod", dim, x.ndim());
  DL_CHECK(g.shape() == x.shape() && y.shape() == x.shape() && g.dtype() == x.dtype() && y.dtype() == x.dtype(),
           ShapeError, "cumprod: the gradient must be like x; g=", g.shape(), " x=", x.shape(), " y=", y.shape());
  const Array gd = contiguous(g), xd = contiguous(x), yd = contiguous(y),
              out = Array::empty(x.shape(), x.dtype(), x.device());
  run(cumprod_bwd_, xd, dim, {.x = xd.raw(), .out = out.raw(), .n = 0, .inner = 0, .g = gd.raw(), .y = yd.raw()});
  return out;
}

Array cummax_fwd(const Array& x, int dim, Array* index) { return pick("cummax", cummax_, x, dim, index); }
Array cummin_fwd(const Array& x, int dim, Array* index) { return pick("cummin", cummin_, x, dim, index); }

}  // namespace dl
