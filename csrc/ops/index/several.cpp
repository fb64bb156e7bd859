// x[:, i, j]: several indices become one offset a position, in elements of x.
#include <algorithm>
#include <vector>

#include "blocks/copy/copy.h"
#include "core/launch.h"
#include "ops/index/picking.h"
#include "ops/index/same.h"

namespace dl {

using namespace picking;

namespace {

constexpr int64_t kGrain = 32768;  // positions: some 20 µs of adding

Kernels<OffsetArgs> offsets_("index_offsets");

struct Offsets {
  Array at;            // (n,)
  Dims shape;          // the indices' common shape
  int64_t extent = 1;  // all offsets are less
};

Offsets offsets_of(const char* op, const Array& x, int first, const Array* indices, int k, bool from_end) {
  DL_CHECK(k > 0 && first >= 0 && first + k <= x.ndim(), IndexError, op, ": ", k, " indices from dimension ", first,
           " on for a tensor of shape ", x.shape());
  Offsets o;
  std::vector<Array> ids(static_cast<size_t>(k));
  for (int i = 0; i < k; ++i) {  // a list, or a tensor of the host, may name elements anywhere
    ids[i] = on_cpu(indices[i]) ? to_device(indices[i], x.device()) : indices[i];
    check_device(op, x, "an index", ids[i]);
    o.shape = i ? broadcast_shapes(op, o.shape, ids[i].shape()) : ids[0].shape();
  }
  o.at = Array::empty({o.shape.product()}, DType::i64, x.device());
  OffsetArgs args{.out = o.at.data<int64_t>(), .count = k, .index = {}, .size = {}, .step = {}};
  for (int i = 0; i < k; ++i) {
    args.size[i] = x.shape(first + i);
    args.step[i] = x.stride(first + i);
    ids[i] = contiguous(checked({op, "index", args.size[i], first + i, from_end}, ids[i]).expand(o.shape));
    args.index[i] = ids[i].data<int64_t>();
    o.extent += (std::max<int64_t>(args.size[i], 1) - 1) * args.step[i];
  }
  if (o.at.size()) launch(offsets_.choose(x.device(), DType::i64, args), args, o.at.size(), kGrain);
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

Array index_fwd(const char* op, const Array& x, int first, const Array* indices, int k, bool from_end) {
  const Offsets o = offsets_of(op, x, first, indices, k, from_end);
  const Array out = Array::empty(replaced(x.shape(), first, k, o.shape), x.dtype(), x.device());
  const Dims flat = replaced(x.shape(), first, k, o.at.shape());
  gather(out.view(flat), spread(o.at, first, flat), base_of(x, first, k, flat), 1, o.extent);
  return out;
}

void same::index_into(const char* op, const Array& dst, int first, const Array* indices, int k, const Array& src,
                      bool add, bool from_end) {
  check_device(op, dst, "the values", src);
  const Offsets o = offsets_of(op, dst, first, indices, k, from_end);
  const Dims shape = replaced(dst.shape(), first, k, o.shape), flat = replaced(dst.shape(), first, k, o.at.shape());
  DL_CHECK(grows_to(src.shape(), shape), ShapeError, op, ": values of shape ", src.shape(),
           " do not broadcast to the indexed shape ", shape, "; input=", dst.shape());
  const Array values = reshape(convert(apart_from(dst, src), dst.dtype()).expand(shape), flat);
  scatter(base_of(dst, first, k, flat), spread(o.at, first, flat), values, first, 1, o.extent, add);
}

}  // namespace dl
