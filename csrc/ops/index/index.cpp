#include "ops/index/index.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "blocks/copy/copy.h"
#include "blocks/labels/labels.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/parallel.h"
#include "ops/index/picking.h"
#include "ops/index/same.h"

namespace dl {

using namespace picking;

namespace {

constexpr int64_t kGrain = 32768;      // elements: some 20–50 µs of picking
constexpr int64_t kChecked = 2048;     // indices checked before they are followed: 16 KB of the 48 KB L1
constexpr int64_t kFewLines = 4;       // fewer lines than this are cheaper to walk one by one than to step for each j
constexpr int64_t kScatterChunks = 8;  // at most: each of them reads all indices
constexpr int64_t kShortChunk = 256;   // neighbours that a chunk of lines should have: 16 cache lines of float32

Kernels<IndexArgs> gather_("gather"), scatter_("scatter"), scatter_add_("scatter_add");

// x with stride 0 in dimension `dim`, under the sizes `shape`.
Array along(const Array& x, const Dims& shape, int dim) {
  Dims strides = x.strides();
  if (strides.size()) strides[dim] = 0;
  return x.as_strided(shape, strides, x.offset());
}

// f(first, stop) for blocks of [begin, end).
template <class F>
void each_block(int64_t begin, int64_t end, int64_t block, const F& f) {
  for (; begin < end; begin += block) f(begin, std::min(begin + block, end));
}

// The kernel's arguments for operands of one shape (x and dst have stride 0 in `dim`).
IndexArgs args_of(const Array& out, const Array& index, const Array& in, int64_t step, int64_t limit) {
  const Array* operands[] = {&out, &index, &in};
  return {.out = out.raw(),
          .in = in.raw(),
          .index = index.data<int64_t>(),
          .step = step,
          .nest = make_nest(operands, 3),
          .limit = limit};
}

Array without(const Array& x, int dim) { return x.ndim() ? x.slice(dim, 0, 1, 1).squeeze(dim) : x; }

// gather's and scatter's rule: index and the tensor it points into agree in number of dimensions, and index is not
// larger but along `dim`. A tensor of no dimensions counts as one element in one dimension.
void check_sizes(const char* op, const Array& x, const Array& index, int dim, const char* what) {
  DL_CHECK(std::max(x.ndim(), 1) == std::max(index.ndim(), 1), ShapeError, op,
           ": index must have as many dimensions as ", what, "; ", what, '=', x.shape(), " index=", index.shape());
  for (int i = 0; i < index.ndim() && x.ndim(); ++i)
    DL_CHECK(i == dim || index.shape(i) <= x.shape(i), ShapeError, op, ": index has size ", index.shape(i),
             " in dimension ", i, " but ", what, " only ", x.shape(i), "; ", what, '=', x.shape(),
             " index=", index.shape());
}

void check_scatter(const char* op, const Array& dst, const Array& index, int dim, const Array& src) {
  check_device(op, dst, "src", src);
  check_sizes(op, dst, index, dim, "input");
  check_sizes(op, src, index, -1, "src");
  DL_CHECK(src.dtype() == dst.dtype(), DTypeError, op, ": src must have input's dtype; input=", dst.dtype(),
           " src=", src.dtype(), "; convert with src.to(input.dtype)");
}

}  // namespace

void picking::check_device(const char* op, const Array& x, const char* what, const Array& other) {
  DL_CHECK(x.device() == other.device(), DeviceError, op, ": input is on ", name(x.device()), " but ", what, " on ",
           name(other.device()), "; move one with .to()");
}

bool Rule::holds(const int64_t* ids, int64_t n) const { return labels_within(ids, n, from_end ? -limit : 0, limit); }

void Rule::check(const Array& ids) const {
  const bool few = on_cpu(ids) && ids.size() <= kGrain;
  if (few && holds(ids.data<int64_t>(), ids.size())) return;  // without the cost of the words
  check_labels(op, what, ids, limit, join("elements in dimension ", dim).c_str(), from_end);
}

Array picking::checked(const Rule& rule, const Array& index, bool later) {
  Dims shape = index.shape();
  for (int i = 0; i < index.ndim(); ++i)
    if (index.stride(i) == 0 && shape[i] > 1) shape[i] = 1;
  const Array once = index.as_strided(shape, index.strides(), index.offset());
  const Array ids = as_labels(rule.op, rule.what, once, row_major(shape), "convert with .long()");
  if (!(later && on_cpu(ids) && shape == index.shape())) rule.check(ids);
  return ids.expand(index.shape());
}

Array picking::apart_from(const Array& dst, const Array& x) { return x.storage() == dst.storage() ? clone(x) : x; }

void picking::gather(const Array& out, const Array& index, const Array& x, int64_t step, int64_t limit) {
  if (out.size() == 0) return;
  const IndexArgs args = args_of(out, index, x, step, limit);
  launch(gather_.choose(out.device(), out.dtype(), args), args, out.size(), kGrain);
}

void picking::scatter(const Array& dst, const Array& index, const Array& src, int dim, int64_t step, int64_t limit,
                      bool add) {
  if (index.size() == 0) return;
  IndexArgs args = args_of(without(dst, dim), without(index, dim), without(src, dim), step, limit);
  args.count = index.ndim() ? index.shape(dim) : 1;
  args.index_step = index.ndim() ? index.stride(dim) : 0;
  args.in_step = index.ndim() ? src.stride(dim) : 0;
  const int64_t lines = index.size() / args.count, across = args.nest.stride[1][0];
  args.line_by_line = lines <= kFewLines || (across != 0 && args.index_step < across);
  int64_t n = lines, grain = std::max<int64_t>(1, kGrain / args.count);
  if (!args.line_by_line) grain = std::max(grain, (lines + kScatterChunks - 1) / kScatterChunks);
  bool shared = on_cpu(dst);
  for (int d = 0; d < args.nest.ndim; ++d) shared &= args.nest.stride[1][d] == 0;
  if (!args.line_by_line && shared && lines < kScatterChunks * kShortChunk) {
    n = std::clamp<int64_t>(index.size() / (2 * kGrain), 1, kScatterChunks);
    args.lines = lines;
    args.part = (limit + n - 1) / n;
    grain = 1;
  }
  launch((add ? scatter_add_ : scatter_).choose(dst.device(), dst.dtype(), args), args, n, grain, OnInterrupt::finish);
}

Array gather_fwd(const Array& x, int dim, const Array& index) {
  dim = wrap_dim("gather", dim, x.ndim());
  check_device("gather", x, "index", index);
  if (index.size() == 0) return Array::empty(index.shape(), x.dtype(), x.device());
  check_sizes("gather", x, index, dim, "input");
  const Rule rule{"gather", "index", x.ndim() ? x.shape(dim) : 1, dim, false};
  const Array ids = checked(rule, index, true);
  const Array out = Array::empty(index.shape(), x.dtype(), x.device());
  const Array from = x.ndim() == index.ndim() ? x : x.ndim() ? x.slice(0, 0, 1, 1).squeeze(0) : x.unsqueeze(0);
  const IndexArgs args = args_of(out, ids, along(from, index.shape(), dim), x.ndim() ? x.stride(dim) : 1, rule.limit);
  const Row<IndexArgs>& row = gather_.choose(out.device(), out.dtype(), args);
  if (!on_cpu(x) || !ids.is_contiguous()) {  // checked
    launch(row, args, out.size(), kGrain);
    return out;
  }
  std::atomic<bool> bad{false};
  launch_chunks(row, args, out.size(), kGrain,
                [&](int64_t begin, int64_t end) {  // out and ids lie alike: one pass over both
                  each_block(begin, end, kChecked, [&](int64_t first, int64_t stop) {
                    if (rule.holds(ids.data<int64_t>() + first, stop - first))
                      row.fn(args, first, stop);
                    else
                      bad = true;
                  });
                });
  if (bad) rule.check(ids);
  return out;
}

Array same::scatter_fwd(const char* op, const Array* x, const Dims& shape, int dim, const Array& index,
                        const Array& src, bool add) {
  const int last = shape.size() - 1;
  bool lines = last >= 1 && wrap_dim(op, dim, shape.size()) == last && index.ndim() == shape.size() &&
               index.is_contiguous() && on_cpu(index) && (!x || (x->is_contiguous() && on_cpu(*x))) &&
               index.shape(last) > 1 && shape[last] > 0;
  for (int d = 0; lines && d < last; ++d) lines = index.shape(d) == shape[d];
  lines = lines && index.size() > kFewLines * index.shape(last);
  if (!lines) {
    const Array y = x ? clone(*x) : full(shape, {Number::integer, 0, 0}, src.dtype(), src.device());
    same::scatter_into(op, y, dim, index, src, add);
    return y;
  }
  const Array y = Array::empty(shape, x ? x->dtype() : src.dtype());
  check_scatter(op, y, index, last, src);
  const Rule rule{op, "index", shape[last], last, false};
  const Array ids = checked(rule, index, true);
  const Array from = src.as_strided(ids.shape(), src.strides(), src.offset());
  IndexArgs args = args_of(without(y, last), without(ids, last), without(from, last), 1, rule.limit);
  args.count = ids.shape(last);
  args.index_step = 1;
  args.in_step = from.stride(last);
  args.line_by_line = true;
  const Row<IndexArgs>& row = (add ? scatter_add_ : scatter_).choose(y.device(), y.dtype(), args);
  const int64_t width = shape[last], bytes = width * static_cast<int64_t>(itemsize(y.dtype()));
  const auto write = [&](int64_t first, int64_t stop) {
    char* to = y.data<char>() + first * bytes;
    const auto size = static_cast<size_t>((stop - first) * bytes);
    if (x)
      std::memcpy(to, x->data<char>() + first * bytes, size);
    else
      std::memset(to, 0, size);
    if (!rule.holds(ids.data<int64_t>() + first * args.count, (stop - first) * args.count)) return false;
    row.fn(args, first, stop);
    return true;
  };
  const int64_t longer = std::max(args.count, width);
  std::atomic<bool> bad{false};
  const int64_t grain = std::max<int64_t>(1, kGrain / longer);
  launch_chunks(row, args, ids.size() / args.count, grain, [&](int64_t begin, int64_t end) {
    each_block(begin, end, std::max<int64_t>(1, kChecked / longer), [&](int64_t first, int64_t stop) {
      if (!write(first, stop)) bad = true;
    });
  });
  if (bad) rule.check(ids);
  return y;
}

void same::scatter_into(const char* op, const Array& dst, int dim, const Array& index, const Array& src, bool add) {
  dim = wrap_dim(op, dim, dst.ndim());
  check_device(op, dst, "index", index);
  if (index.size() == 0) return;
  check_scatter(op, dst, index, dim, src);
  const Array ids = checked(Rule{op, "index", dst.ndim() ? dst.shape(dim) : 1, dim, false}, apart_from(dst, index));
  const int64_t step = dst.ndim() ? dst.stride(dim) : 1;
  const Array to = dst.ndim() ? dst : dst.unsqueeze(0), source = apart_from(dst, src),
              from = source.ndim() ? source : source.unsqueeze(0);
  const Array positions = ids.ndim() ? ids : ids.unsqueeze(0);
  picking::scatter(along(to, positions.shape(), dim), positions,
                   from.as_strided(positions.shape(), from.strides(), from.offset()), dim, step,
                   dst.ndim() ? dst.shape(dim) : 1, add);
}

}  // namespace dl
