#include "blocks/copy/copy.h"

#include <algorithm>
#include <atomic>

#include "blocks/copy/across.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 32768;  // some 15–30 µs of copying
Kernels<CopyArgs> copies("copy"), transposes("transpose");
std::atomic<uint64_t> layout_copy_count{0};

// Whether dst and src run along different dimensions, in one of at least a few cache lines: the plane of a transpose.
// Moves src's dimension to 1.
bool find_plane(Nest* nest) {
  if (nest->stride[0][0] != 1 || nest->stride[1][0] == 1) return false;
  for (int d = 1; d < nest->ndim; ++d) {
    if (nest->stride[1][d] != 1 || nest->size[0] * nest->size[d] < kCopyTile) continue;
    std::swap(nest->size[1], nest->size[d]);
    for (int k = 0; k < 2; ++k) std::swap(nest->stride[k][1], nest->stride[k][d]);
    return true;
  }
  return false;
}

int64_t tiles(int64_t n) { return (n + kCopyTile - 1) / kCopyTile; }

void copy_nest(const Array& dst, CopyArgs& args) {
  if (dst.device() == Device::cpu && args.src && args.src_dtype == args.dst_dtype && find_plane(&args.nest)) {
    const Nest& nest = args.nest;
    int64_t n = tiles(nest.size[0]) * tiles(nest.size[1]);
    for (int d = 2; d < nest.ndim; ++d) n *= nest.size[d];
    const int64_t tile = std::min<int64_t>(nest.size[0], kCopyTile) * std::min<int64_t>(nest.size[1], kCopyTile);
    const Row<CopyArgs>& row = transposes.choose(dst.device(), dst.dtype(), args);
    return launch(row, args, n, std::max<int64_t>(1, kGrain / tile), OnInterrupt::finish);
  }
  launch(copies.choose(dst.device(), dst.dtype(), args), args, dst.size(), kGrain, OnInterrupt::finish);
}

Array relayout(const Array& x, const Array& empty) {
  ++layout_copy_count;
  copy_into(empty, x);
  return empty;
}

}  // namespace

void copy_into(const Array& dst, const Array& src) {
  if (dst.size() == 0) return;
  if (dst.device() != src.device()) return copy_across(dst, src);
  const Array s = src.shape() == dst.shape() ? src : src.expand(dst.shape());
  const Array* operands[] = {&dst, &s};
  CopyArgs args{.src = s.raw(),
                .dst = dst.raw(),
                .scalar = {},
                .src_dtype = s.dtype(),
                .dst_dtype = dst.dtype(),
                .nest = make_nest(operands, 2)};
  copy_nest(dst, args);
}

void fill(const Array& dst, const Number& value) {
  check_fits("fill", dst.dtype(), value);
  if (dst.size() == 0) return;
  const DType as = is_half(dst.dtype()) ? DType::f64 : dst.dtype();
  const Array* operands[] = {&dst, &dst};
  CopyArgs args{.src = nullptr,
                .dst = dst.raw(),
                .scalar = {},
                .src_dtype = as,
                .dst_dtype = dst.dtype(),
                .nest = make_nest(operands, 2)};
  store_number(args.scalar, as, value);
  for (int64_t& s : args.nest.stride[1]) s = 0;
  copy_nest(dst, args);
}

Array convert(const Array& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  const Array out = Array::empty_like(x, dtype);
  copy_into(out, x);
  return out;
}

Array contiguous(const Array& x) {
  return x.is_contiguous() ? x : relayout(x, Array::empty(x.shape(), x.dtype(), x.device()));
}

Array reshape(const Array& x, const Dims& shape) {
  Array out;
  return x.try_view(shape, &out) ? out : contiguous(x).view(shape);
}

Array as_dense(const Array& x) { return x.is_dense() ? x : relayout(x, Array::empty_like(x)); }

Array as_layout_of(const Array& x, const Array& like) {
  if (x.is_contiguous() && like.is_contiguous()) return x;
  bool same = true;
  for (int i = 0; i < x.ndim(); ++i) same &= x.shape(i) == 1 || x.stride(i) == like.stride(i);
  return same ? x : relayout(x, Array::empty_strided(x.shape(), like.strides(), x.dtype(), x.device()));
}

Array as_channels_last(const Array& x) {
  if (x.is_channels_last()) return x;
  return relayout(x, Array::empty_strided(x.shape(), channels_last(x.shape()), x.dtype(), x.device()));
}

uint64_t layout_copies() { return layout_copy_count; }

}  // namespace dl
