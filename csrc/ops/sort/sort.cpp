#include "ops/sort/sort.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

using Table = Kernels<SortArgs>;
constexpr int64_t kGrain = 4096;         // elements: some 20–40 µs of sorting
constexpr int64_t kSearches = 1024;      // values: some 20–50 µs where the row is not in cache
constexpr int64_t kLongest = 1LL << 32;  // an index has 32 bits of an entry …
constexpr int64_t kCounted = 1LL << 31;  // … and on CUDA counts of digits are int32
constexpr int64_t kRoom = 256;           // entries that topk collects at least before it chooses among them

Table sort_("sort"), topk_("topk"), kth_("kth");
Kernels<SearchArgs> searchsorted_("searchsorted");

// x with dimension `dim` last and dense rows; a tensor of no dimensions is a row of one.
Array rows_of(const Array& x, int dim) { return contiguous(x.ndim() ? x.transpose(dim, -1) : x.unsqueeze(0)); }
Array back(const Array& y, const Array& x, int dim) {
  return x.ndim() ? contiguous(y.transpose(dim, -1)) : y.squeeze(0);
}

int check(const char* op, const Array& x, int dim) {
  dim = wrap_dim(op, dim, x.ndim());
  const bool on_cpu = x.device() == Device::cpu;
  DL_CHECK(x.ndim() == 0 || x.shape(dim) < (on_cpu ? kLongest : kCounted), ShapeError, op, ": dimension ", dim, " of ",
           x.shape(), " is too long: at most 2^", on_cpu ? 32 : 31, " - 1 elements");
  return dim;
}

// Runs a table over the rows; values and indices have k in dimension `dim`.
Array run(Table& table, const Array& x, int dim, SortArgs args, Array* indices) {
  const Array rows = rows_of(x, dim);
  Dims shape = rows.shape();
  shape[shape.size() - 1] = args.k;
  const Array values = Array::empty(shape, x.dtype(), x.device()), places = Array::empty(shape, DType::i64, x.device());
  if (values.size()) {
    args.x = rows.raw();
    args.values = values.raw();
    args.indices = places.data<int64_t>();
    args.n = rows.shape(-1);
    const Row<SortArgs>& row = table.choose(x.device(), x.dtype(), args);
    const int64_t entry = itemsize(x.dtype()) == 8 ? 16 : 8;
    if (x.device() != Device::cpu)
      launch(row, args, values.size() / args.k, 1);
    else
      launch_chunks(row, args, values.size() / args.k, std::max<int64_t>(1, kGrain / args.n),
                    [&](int64_t begin, int64_t end) {
                      const Array scratch = Array::empty({2 * args.room * entry}, DType::u8);
                      SortArgs mine = args;
                      mine.scratch = scratch.raw();
                      row.fn(mine, begin, end);
                    });
  }
  *indices = back(places, x, dim);
  return back(values, x, dim);
}

int64_t length(const Array& x, int dim) { return x.ndim() ? x.shape(dim) : 1; }

SortArgs args_of(int64_t n, int64_t k) {
  return {.x = nullptr, .values = nullptr, .indices = nullptr, .n = n, .k = k, .room = n};
}

}  // namespace

Array sort_fwd(const Array& x, int dim, bool descending, Array* indices) {
  dim = check("sort", x, dim);
  SortArgs args = args_of(length(x, dim), length(x, dim));
  args.descending = descending;
  return run(sort_, x, dim, args, indices);
}

Array topk_fwd(const Array& x, int64_t k, int dim, bool largest, Array* indices) {
  dim = check("topk", x, dim);
  const int64_t n = length(x, dim);
  DL_CHECK(k >= 0 && k <= n, IndexError, "topk: k=", k, " but dimension ", dim, " has ", n, " elements; x=", x.shape());
  SortArgs args = args_of(n, k);
  args.descending = largest;
  args.room = std::min(n, std::max(kRoom, 4 * k)) + 1;
  return run(topk_, x, dim, args, indices);
}

Array kth_fwd(const char* op, const Array& x, int64_t k, int dim, bool nan_first, Array* indices) {
  dim = check(op, x, dim);
  const int64_t n = length(x, dim);
  DL_CHECK(k >= 1 && k <= n, IndexError, op, ": k=", k, " but dimension ", dim, " has ", n, " elements; x=", x.shape());
  SortArgs args = args_of(n, 1);
  args.rank = k;
  args.nan_first = nan_first;
  return run(kth_, x, dim, args, indices);
}

Array searchsorted_fwd(const char* op, const Array& sorted, const Array& values, bool right) {
  DL_CHECK(sorted.ndim() >= 1, ShapeError, op, ": the sorted tensor needs a dimension; sorted=()",
           " values=", values.shape());
  DL_CHECK(sorted.dtype() == values.dtype(), DTypeError, op,
           ": both tensors must have one dtype; sorted=", sorted.dtype(), " values=", values.dtype(),
           "; convert one with .to()");
  Dims batch = sorted.shape(), each = values.shape();
  batch.erase(batch.size() - 1);
  if (!each.empty()) each.erase(each.size() - 1);
  DL_CHECK(sorted.ndim() == 1 || (values.ndim() == sorted.ndim() && batch == each), ShapeError, op,
           ": a sorted tensor of several rows needs values with as many rows; sorted=", sorted.shape(),
           " values=", values.shape());
  DL_CHECK(sorted.device() == values.device(), DeviceError, op, ": the sorted tensor is on ", name(sorted.device()),
           " but values on ", name(values.device()), "; move one with .to()");
  const Array s = contiguous(sorted), v = contiguous(values);
  const Array out = Array::empty(values.shape(), DType::i64, values.device());
  if (out.size() == 0) return out;
  const bool one = sorted.ndim() == 1;
  const SearchArgs args{.sorted = s.raw(),
                        .values = v.raw(),
                        .out = out.data<int64_t>(),
                        .n = s.shape(-1),
                        .each = one ? v.size() : v.shape(-1),
                        .row_step = one ? 0 : s.shape(-1),
                        .right = right};
  launch(searchsorted_.choose(v.device(), v.dtype(), args), args, v.size(), kSearches);
  return out;
}

}  // namespace dl
