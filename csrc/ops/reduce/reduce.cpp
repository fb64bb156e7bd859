#include "ops/reduce/reduce.h"

#include <algorithm>
#include <cmath>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

using Table = Kernels<ReduceArgs>;
constexpr int64_t kGrain = 32768;                       // elements of x: some 10–15 µs at memory speed
constexpr int64_t kMaxChunks = 64;                      // enough for any team; their partial results are few
constexpr int64_t kGpuChunks = 1056, kGpuChunk = 8192;  // 8 blocks for each of an H100's 132 SMs; 32 elements a thread
constexpr int64_t kGpuColumns = 32;                     // outputs that a block takes at once
constexpr int64_t kShortRow = 32, kShortStrip = 256;  // 256 rows of 32 float32: 32 KB, read from L1 element by element

Table sum_("sum_fwd"), max_("max_fwd"), min_("min_fwd"), argmax_("argmax_fwd"), argmin_("argmin_fwd"),
    prod_("prod_fwd"), sum_squares_("sum_squares_fwd");

struct Shape {
  bool reduced[kMaxDims] = {};
  Dims kept_dims, result;  // the result's shape with and without the reduced dimensions as 1
  int64_t length = 1;
};

Shape shape_of(const char* op, const Array& x, const Dims& dims, bool keepdim) {
  Shape s;
  for (int64_t d : dims) {
    const int i = wrap_dim(op, static_cast<int>(d), x.ndim());
    DL_CHECK(!s.reduced[i] || x.ndim() == 0, ShapeError, op, ": dimension ", d, " is named twice in ", dims);
    s.reduced[i] = true;
  }
  for (int i = 0; i < x.ndim(); ++i) {
    if (dims.empty()) s.reduced[i] = true;
    s.kept_dims.push_back(s.reduced[i] ? 1 : x.shape(i));
    if (s.reduced[i]) s.length *= x.shape(i);
    if (keepdim || !s.reduced[i]) s.result.push_back(s.kept_dims[i]);
  }
  return s;
}

// The loops of x over the dimensions that are reduced, or over those that are not, in the order of `layout`.
Nest loops(const Array& x, const Shape& s, bool reduced, const Array& layout) {
  Dims shape = x.shape();
  for (int i = 0; i < x.ndim(); ++i)
    if (s.reduced[i] != reduced) shape[i] = 1;
  const Array order = layout.as_strided(shape, layout.strides(), layout.offset());
  const Array view = x.as_strided(shape, x.strides(), x.offset());
  const Array* operands[] = {&order, &view};
  Nest nest = make_nest(operands, 2);
  for (int d = 0; d < kNestDims; ++d) nest.stride[0][d] = nest.stride[1][d];
  return nest;
}

// Fills `out`, whose shape is s.kept_dims, and `index` where there is one.
void run(Table& table, const Array& x, const Shape& s, const Array& out, const Array* index, double divisor) {
  ReduceArgs args{.x = x.raw(),
                  .out = out.raw(),
                  .index = index ? index->data<int64_t>() : nullptr,
                  .divisor = divisor,
                  .outputs = out.size(),
                  .length = s.length,
                  .chunk = s.length,
                  .columns = false,
                  .strip = 0,
                  .kept = loops(x, s, false, out),
                  .reduced = loops(x, s, true, x)};
  const int64_t inner = args.kept.size[0], kept_step = args.kept.stride[0][0], row_step = args.reduced.stride[0][0];
  // Below four columns a strip is all overhead, unless its rows lie end to end; a row of less than four vectors is.
  const bool in_columns = kept_step < row_step && (inner >= 4 || row_step == inner);
  const bool short_rows = s.length <= kShortRow && inner >= kShortStrip / 4;
  args.columns = args.outputs > 1 && (in_columns || short_rows);
  args.strip = in_columns ? kReduceStrip : kShortStrip;
  const bool gpu = x.device() == Device::cuda;
  const int64_t strips = (inner + args.strip - 1) / args.strip;
  const int64_t strip_units = gpu ? (args.outputs + kGpuColumns - 1) / kGpuColumns : args.outputs / inner * strips;
  const int64_t units = args.columns ? strip_units : args.outputs;
  const int64_t wanted =
      gpu ? std::min(kGpuChunks, x.size() / kGpuChunk) : std::min(kMaxChunks, x.size() / (2 * kGrain));
  int64_t chunks = 1;
  if (!index && units < wanted) {
    chunks = std::min(s.length, (wanted + units - 1) / units);
    args.chunk = (s.length + chunks - 1) / chunks;
    chunks = (s.length + args.chunk - 1) / args.chunk;
  }
  const Row<ReduceArgs>& row = table.choose(x.device(), x.dtype(), args);
  const int64_t unit = args.chunk * (args.columns ? std::min(inner, args.strip) : 1);
  const int64_t grain = std::max<int64_t>(1, kGrain / unit);
  if (chunks == 1) return launch(row, args, units, grain);
  const Array partial = Array::empty({chunks, args.outputs}, out.dtype(), x.device());
  args.out = partial.raw();
  args.divisor = 1;
  launch(row, args, units * chunks, grain);
  run(&table == &sum_squares_ ? sum_ : table, partial, shape_of("", partial, {0}, true),
      out.as_strided({1, out.size()}, {out.size(), 1}, out.offset()), nullptr, divisor);
}

Array empty_result(const Array& x, const Shape& s, DType dtype) {
  return Array::empty_strided(s.kept_dims, dense_like(s.kept_dims, x.strides()), dtype, x.device());
}

Array without_reduced(const Array& out, const Shape& s, bool keepdim) {
  if (keepdim) return out;
  Dims strides;
  for (int i = 0; i < out.ndim(); ++i)
    if (!s.reduced[i]) strides.push_back(out.stride(i));
  return out.as_strided(s.result, strides, out.offset());
}

// bfloat16 as float32, of which sums are rounded once and extremes are exact.
Array widened(const Array& x) { return x.dtype() == DType::bf16 ? convert(x, DType::f32) : x; }

Array total(const Array& x, const Dims& dims, bool keepdim, bool mean) {
  const Shape s = shape_of(mean ? "mean" : "sum", x, dims, keepdim);
  const Array out = empty_result(x, s, is_floating(x.dtype()) ? x.dtype() : DType::i64);
  const auto n = static_cast<double>(s.length);
  if (s.length == 0)
    fill(out, {Number::real, 0, mean ? std::nan("") : 0.0});
  else if (s.length == 1)
    copy_into(out, x);
  else if (out.size())
    run(sum_, x, s, out, nullptr, mean ? n : 1);
  return without_reduced(out, s, keepdim);
}

void check_not_empty(const char* op, const Array& x, const Shape& s) {
  DL_CHECK(s.length > 0, IndexError, op, ": nothing to choose from: a reduced dimension of ", x.shape(), " has size 0");
}

Array extreme(const char* op, Table& table, const Array& given, const Dims& dims, bool keepdim) {
  const Array x = widened(given);
  const Shape s = shape_of(op, x, dims, keepdim);
  check_not_empty(op, x, s);
  const Array out = empty_result(x, s, x.dtype());
  if (out.size()) run(table, x, s, out, nullptr, 1);
  return convert(without_reduced(out, s, keepdim), given.dtype());
}

Array pick(const char* op, Table& table, const Array& given, int dim, bool keepdim, Array* values) {
  const Array x = widened(given);
  const Shape s = shape_of(op, x, {dim}, keepdim);
  check_not_empty(op, x, s);
  const Array out = empty_result(x, s, x.dtype()), index = Array::empty_like(out, DType::i64);
  if (out.size()) run(table, x, s, out, &index, 1);
  *values = convert(without_reduced(out, s, keepdim), given.dtype());
  return without_reduced(index, s, keepdim);
}

}  // namespace

Array sum_fwd(const Array& x, const Dims& dims, bool keepdim) {
  const Array sum = total(widened(x), dims, keepdim, false);
  return x.dtype() == DType::bf16 ? convert(sum, DType::bf16) : sum;
}

Array mean_fwd(const Array& x, const Dims& dims, bool keepdim) {
  DL_CHECK(computes(x.dtype()), DTypeError, "mean: needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
  return convert(total(widened(x), dims, keepdim, true), x.dtype());
}

Array sum_squares_fwd(const Array& x, const Dims& dims, bool keepdim) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, "norm: needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape(), "; convert with .float()");
  const Shape s = shape_of("norm", x, dims, keepdim);
  const Array out = empty_result(x, s, x.dtype());
  if (s.length == 0)
    fill(out, {Number::integer, 0, 0});
  else if (out.size())
    run(sum_squares_, x, s, out, nullptr, 1);
  return without_reduced(out, s, keepdim);
}

Array prod_fwd(const Array& x, const Dims& dims, bool keepdim) {
  DL_CHECK(x.dtype() != DType::f16, DTypeError, "prod: a float16 tensor is for storage; convert with .float()");
  if (x.dtype() == DType::bf16) return convert(prod_fwd(widened(x), dims, keepdim), DType::bf16);
  const Array wide = is_floating(x.dtype()) ? x : convert(x, DType::i64);
  const Shape s = shape_of("prod", wide, dims, keepdim);
  const Array out = empty_result(wide, s, wide.dtype());
  if (s.length == 0)
    fill(out, {Number::integer, 1, 1});
  else if (out.size())
    run(prod_, wide, s, out, nullptr, 1);
  return without_reduced(out, s, keepdim);
}

Array max_fwd(const Array& x, const Dims& dims, bool keepdim) { return extreme("max", max_, x, dims, keepdim); }
Array min_fwd(const Array& x, const Dims& dims, bool keepdim) { return extreme("min", min_, x, dims, keepdim); }
Array argmax_fwd(const Array& x, int dim, bool keepdim, Array* values) {
  return pick("argmax", argmax_, x, dim, keepdim, values);
}
Array argmin_fwd(const Array& x, int dim, bool keepdim, Array* values) {
  return pick("argmin", argmin_, x, dim, keepdim, values);
}

Array sum_to(const Array& g, const Dims& shape, DType dtype) {
  const int added = g.ndim() - shape.size();
  DL_CHECK(added >= 0, ShapeError, "sum_to: ", g.shape(), " has fewer dimensions than ", shape);
  Dims dims;
  for (int i = 0; i < g.ndim(); ++i) {
    const bool grown = i < added || shape[i - added] != g.shape(i);
    DL_CHECK(i < added || !grown || shape[i - added] == 1, ShapeError, "sum_to: ", shape, " does not broadcast to ",
             g.shape());
    if (grown) dims.push_back(i);
  }
  Array out = dims.empty() ? g : total(widened(g), dims, true, false);
  for (int i = 0; i < added; ++i) out = out.squeeze(0);
  return convert(out, dtype);
}

}  // namespace dl
