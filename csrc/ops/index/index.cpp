#include "ops/index/index.h"

#include <algorithm>

#include "blocks/copy/copy.h"
#include "blocks/labels/labels.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/parallel.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 32768;      // elements: some 20–50 µs of picking
constexpr int64_t kFewLines = 4;       // fewer lines than this are cheaper to walk one by one than to step for each j
constexpr int64_t kScatterChunks = 8;  // at most: each of them reads all indices
constexpr int64_t kShortChunk = 256;   // neighbours that a chunk of lines should have: 16 cache lines of float32

Kernels<IndexArgs> gather_("gather"), scatter_("scatter"), scatter_add_("scatter_add");

void check_host(const char* op, const Array& x, const Array& index) {
  DL_CHECK(x.device() == Device::cpu && index.device() == Device::cpu, DeviceError, op,
           ": both tensors must be on the cpu, got ", name(x.device()), " and indices on ", name(index.device()));
}

// int64 indices in the strides of `index`; a broadcast one is checked and converted once an element.
Array checked(const char* op, const char* what, const Array& index, int64_t limit, int dim, bool from_end) {
  Dims shape = index.shape();
  for (int i = 0; i < index.ndim(); ++i)
    if (index.stride(i) == 0 && shape[i] > 1) shape[i] = 1;
  const Array once = index.as_strided(shape, index.strides(), index.offset());
  const Array ids = as_labels(op, what, once, row_major(shape), "convert with .long()");
  check_labels(op, what, ids, limit, join("elements in dimension ", dim).c_str(), from_end);
  return ids.expand(index.shape());
}

// A copy where writing to `dst` would change x.
Array apart_from(const Array& dst, const Array& x) { return x.storage() == dst.storage() ? clone(x) : x; }

// x with stride 0 in dimension `dim`, under the sizes `shape`.
Array along(const Array& x, const Dims& shape, int dim) {
  Dims strides = x.strides();
  if (strides.size()) strides[dim] = 0;
  return x.as_strided(shape, strides, x.offset());
}

// The kernel's arguments for operands of one shape (x and dst have stride 0 in `dim`).
IndexArgs args_of(const Array& out, const Array& index, const Array& in, int64_t step) {
  const Array* operands[] = {&out, &index, &in};
  return {
      .out = out.raw(), .in = in.raw(), .index = index.data<int64_t>(), .step = step, .nest = make_nest(operands, 3)};
}

void run_gather(const Array& out, const Array& index, const Array& x, int64_t step) {
  if (out.size() == 0) return;
  const IndexArgs args = args_of(out, index, x, step);
  launch(gather_.choose(out.device(), out.dtype(), args), args, out.size(), kGrain);
}

Array without(const Array& x, int dim) { return x.ndim() ? x.slice(dim, 0, 1, 1).squeeze(dim) : x; }

void run_scatter(const Array& dst, const Array& index, const Array& src, int dim, int64_t step, int64_t extent,
                 bool add) {
  if (index.size() == 0) return;
  IndexArgs args = args_of(without(dst, dim), without(index, dim), without(src, dim), step);
  args.count = index.ndim() ? index.shape(dim) : 1;
  args.index_step = index.ndim() ? index.stride(dim) : 0;
  args.in_step = index.ndim() ? src.stride(dim) : 0;
  const int64_t lines = index.size() / args.count, across = args.nest.stride[1][0];
  args.line_by_line = lines <= kFewLines || (across != 0 && args.index_step < across);
  int64_t n = lines, grain = std::max<int64_t>(1, kGrain / args.count);
  if (!args.line_by_line) grain = std::max(grain, (lines + kScatterChunks - 1) / kScatterChunks);
  bool shared = true;
  for (int d = 0; d < args.nest.ndim; ++d) shared &= args.nest.stride[1][d] == 0;
  if (!args.line_by_line && shared && lines < kScatterChunks * kShortChunk) {
    n = std::clamp<int64_t>(index.size() / (2 * kGrain), 1, kScatterChunks);
    args.lines = lines;
    args.part = (extent + n - 1) / n;
    grain = 1;
  }
  launch((add ? scatter_add_ : scatter_).choose(dst.device(), dst.dtype(), args), args, n, grain, OnInterrupt::finish);
}

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

// ---- Several indices: one offset a position, in elements of x.

struct Offsets {
  Array at;            // (n,)
  Dims shape;          // the indices' common shape
  int64_t extent = 1;  // all offsets are less
};

Offsets offsets_of(const char* op, const Array& x, int first, const Array* indices, int k, bool from_end) {
  DL_CHECK(k > 0 && first >= 0 && first + k <= x.ndim(), IndexError, op, ": ", k, " indices from dimension ", first,
           " on for a tensor of shape ", x.shape());
  Offsets o;
  for (int i = 0; i < k; ++i) check_host(op, x, indices[i]);
  for (int i = 0; i < k; ++i) o.shape = i ? broadcast_shapes(op, o.shape, indices[i].shape()) : indices[0].shape();
  const int64_t n = o.shape.product();
  o.at = Array::empty({n}, DType::i64);
  int64_t* at = o.at.data<int64_t>();
  for (int i = 0; i < k; ++i) {
    const int64_t size = x.shape(first + i), step = x.stride(first + i);
    const Array ids = contiguous(checked(op, "index", indices[i], size, first + i, from_end).expand(o.shape));
    const int64_t* id = ids.data<int64_t>();
    o.extent += (std::max<int64_t>(size, 1) - 1) * step;
    parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) {
        const int64_t to = (id[j] + (id[j] < 0 ? size : 0)) * step;
        at[j] = i ? at[j] + to : to;
      }
    });
  }
  return o;
}

// x's shape with `middle` in place of its dimensions [first, first + k).
Dims replaced(const Dims& x, int first, int k, const Dims& middle) {
  Dims shape;
  for (int i = 0; i < first; ++i) shape.push_back(x[i]);
  for (int64_t s : middle) shape.push_back(s);
  for (int i = first + k; i < x.size(); ++i) shape.push_back(x[i]);
  return shape;
}

bool grows_to(const Dims& from, const Dims& to) {
  const int added = to.size() - from.size();
  bool fits = added >= 0;
  for (int i = 0; fits && i < from.size(); ++i) fits = from[i] == 1 || from[i] == to[i + added];
  return fits;
}

// x and the offsets as operands of `shape`, where dimension `first` runs over the n positions.
Array base_of(const Array& x, int first, int k, const Dims& shape) {
  return x.as_strided(shape, replaced(x.strides(), first, k, {0}), x.offset());
}
Array spread(const Array& at, int first, const Dims& shape) {
  Dims strides = Dims::filled(shape.size(), 0);
  strides[first] = 1;
  return at.as_strided(shape, strides, at.offset());
}

}  // namespace

Array gather_fwd(const Array& x, int dim, const Array& index) {
  dim = wrap_dim("gather", dim, x.ndim());
  check_host("gather", x, index);
  if (index.size() == 0) return Array::empty(index.shape(), x.dtype(), x.device());
  check_sizes("gather", x, index, dim, "input");
  const Array ids = checked("gather", "index", index, x.ndim() ? x.shape(dim) : 1, dim, false);
  const Array out = Array::empty(index.shape(), x.dtype(), x.device());
  const Array from = x.ndim() == index.ndim() ? x : x.ndim() ? x.slice(0, 0, 1, 1).squeeze(0) : x.unsqueeze(0);
  run_gather(out, ids, along(from, index.shape(), dim), x.ndim() ? x.stride(dim) : 1);
  return out;
}

void scatter_into(const char* op, const Array& dst, int dim, const Array& index, const Array& src, bool add) {
  dim = wrap_dim(op, dim, dst.ndim());
  check_host(op, dst, index);
  if (index.size() == 0) return;
  check_sizes(op, dst, index, dim, "input");
  check_sizes(op, src, index, -1, "src");
  DL_CHECK(src.dtype() == dst.dtype(), DTypeError, op, ": src must have input's dtype; input=", dst.dtype(),
           " src=", src.dtype(), "; convert with src.to(input.dtype)");
  const Array ids = checked(op, "index", apart_from(dst, index), dst.ndim() ? dst.shape(dim) : 1, dim, false);
  const int64_t step = dst.ndim() ? dst.stride(dim) : 1;
  const Array to = dst.ndim() ? dst : dst.unsqueeze(0), source = apart_from(dst, src),
              from = source.ndim() ? source : source.unsqueeze(0);
  const Array positions = ids.ndim() ? ids : ids.unsqueeze(0);
  run_scatter(along(to, positions.shape(), dim), positions,
              from.as_strided(positions.shape(), from.strides(), from.offset()), dim, step,
              dst.ndim() ? dst.shape(dim) : 1, add);
}

Array index_fwd(const char* op, const Array& x, int first, const Array* indices, int k, bool from_end) {
  const Offsets o = offsets_of(op, x, first, indices, k, from_end);
  const Array out = Array::empty(replaced(x.shape(), first, k, o.shape), x.dtype(), x.device());
  const Dims flat = replaced(x.shape(), first, k, o.at.shape());
  run_gather(out.view(flat), spread(o.at, first, flat), base_of(x, first, k, flat), 1);
  return out;
}

void index_into(const char* op, const Array& dst, int first, const Array* indices, int k, const Array& src, bool add,
                bool from_end) {
  const Offsets o = offsets_of(op, dst, first, indices, k, from_end);
  const Dims shape = replaced(dst.shape(), first, k, o.shape), flat = replaced(dst.shape(), first, k, o.at.shape());
  DL_CHECK(grows_to(src.shape(), shape), ShapeError, op, ": values of shape ", src.shape(),
           " do not broadcast to the indexed shape ", shape, "; input=", dst.shape());
  const Array values = reshape(convert(apart_from(dst, src), dst.dtype()).expand(shape), flat);
  run_scatter(base_of(dst, first, k, flat), spread(o.at, first, flat), values, first, 1, o.extent, add);
}

}  // namespace dl
