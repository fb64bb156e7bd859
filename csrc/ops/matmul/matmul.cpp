#include "ops/matmul/matmul.h"

#include <unordered_set>
#include <vector>

#include "blocks/colsum/colsum.h"
#include "blocks/copy/copy.h"
#include "blocks/gemm16/gemm16.h"
#include "core/array.h"

namespace dl {
namespace {

void check_pair(const char* op, const Array& a, const Array& b) {
  DL_CHECK(multiplies(a.dtype(), a.device()) && a.dtype() == b.dtype(), DTypeError, op,
           ": both must be float32 or both float64, or both bfloat16, got ", a.dtype(), " ", a.shape(), " and ",
           b.dtype(), " ", b.shape(), "; convert one with .to()");
  DL_CHECK(a.device() == b.device(), DeviceError, op, ": both tensors must be on one device, got ", name(a.device()),
           " and ", name(b.device()), "; move one with .to()");
}

Dims batch_of(const Array& x) {
  Dims d;
  for (int i = 0; i + 2 < x.ndim(); ++i) d.push_back(x.shape(i));
  return d;
}

// For every batch of `batch`, row by row, where x's matrix begins.
std::vector<int64_t> offsets_of(const Array& x, const Dims& batch) {
  std::vector<int64_t> out{0};
  out.reserve(static_cast<size_t>(batch.product()));
  for (int i = 0; i < batch.size(); ++i) {
    const int d = i - batch.size() + x.ndim() - 2;
    const int64_t step = d >= 0 && x.shape(d) > 1 ? x.stride(d) : 0;
    std::vector<int64_t> next;
    next.reserve(out.size() * static_cast<size_t>(batch[i]));
    for (int64_t base : out)
      for (int64_t j = 0; j < batch[i]; ++j) next.push_back(base + j * step);
    out = std::move(next);
  }
  return out;
}

// All dimensions but the last as one, where one stride walks them: x as a matrix, without a copy. False: they do not.
bool fold_rows(const Array& x, Array* out) {
  int64_t rows = 1, stride = 0;
  for (int i = x.ndim() - 2; i >= 0; --i) {
    if (x.shape(i) == 1) continue;
    if (rows == 1)
      stride = x.stride(i);
    else if (x.size() && x.stride(i) != stride * rows)  // without elements any stride walks them
      return false;
    rows *= x.shape(i);
  }
  *out = x.as_strided({rows, x.shape(-1)}, {stride, x.stride(-1)}, x.offset());
  return true;
}

Array folded(const Array& x) {
  Array out;
  if (!fold_rows(x, &out)) fold_rows(contiguous(x), &out);
  return out;
}

// c = a · b over broadcast batches; where c itself is broadcast (a gradient), its products are added in order.
void multiply(const Array& a, const Array& b, const Array& c, const Dims& batch) {
  if (c.size() == 0) return;
  Array flat_a, flat_c;
  if (b.ndim() == 2 && c.ndim() > 2 && fold_rows(a, &flat_a) && fold_rows(c, &flat_c) &&
      flat_a.shape(0) == flat_c.shape(0))
    return product(flat_a, b, flat_c);
  const std::vector<int64_t> at_a = offsets_of(a, batch), at_b = offsets_of(b, batch), at_c = offsets_of(c, batch);
  if (batch_of(c) == batch)
    return product_batched(product_of(a, b, c), c.dtype(), batch.product(), at_a.data(), at_b.data(), at_c.data());
  if (is_half(c.dtype())) {  // sums are float32
    const Array sum = Array::empty_like(c, DType::f32);
    multiply(a, b, sum, batch);
    return copy_into(c, sum);
  }
  fill(c, {.kind = Number::integer, .i = 0, .f = 0});
  Gemm one = product_of(a, b, c);
  one.accumulate = true;
  for (size_t i = 0; i < at_c.size(); ++i) product_batched(one, c.dtype(), 1, &at_a[i], &at_b[i], &at_c[i]);
}

// Operands with the dimensions that a 1-d one lacks: (k,) is a row on the left, a column on the right.
struct Pair {
  Array a, b;
  Dims batch;  // of the result
};

Pair matrices(const Array& a, const Array& b) {
  DL_CHECK(a.ndim() > 0 && b.ndim() > 0, ShapeError, "matmul: needs at least one dimension, got ", a.shape(), " and ",
           b.shape(), "; multiply by a scalar with *");
  check_pair("matmul", a, b);
  Pair p{a.ndim() == 1 ? a.unsqueeze(0) : a, b.ndim() == 1 ? b.unsqueeze(1) : b, {}};
  const int64_t k = p.a.shape(-1), rows = p.b.shape(-2);
  const bool turn_b = b.ndim() > 1 && p.b.shape(-1) == k, turn_a = a.ndim() > 1 && p.a.shape(-2) == rows;
  DL_CHECK(k == rows, ShapeError, "matmul: shapes ", a.shape(), " and ", b.shape(),
           " do not match: the last size of a, ", k, ", must equal the ", b.ndim() > 1 ? "second-to-last" : "only",
           " size of b, ", rows, turn_b || turn_a ? "; transpose one of them?" : "");
  p.batch = broadcast_shapes("matmul", batch_of(p.a), batch_of(p.b));
  return p;
}

// The gradient with the dimensions that 1-d operands left out.
Array full_gradient(const Array& g, const Array& a, const Array& b, const Pair& p) {
  Array full = g;
  if (b.ndim() == 1) full = full.unsqueeze(-1);
  if (a.ndim() == 1) full = full.unsqueeze(-2);
  Dims shape = p.batch;
  shape.push_back(p.a.shape(-2));
  shape.push_back(p.b.shape(-1));
  DL_CHECK(full.shape() == shape && g.dtype() == a.dtype(), ShapeError, "matmul: the gradient ", g.shape(), " ",
           g.dtype(), " does not belong to a=", a.shape(), " and b=", b.shape(), " ", a.dtype());
  return full;
}

void check_sizes(const Array& x, const Array& w) {
  DL_CHECK(w.ndim() == 2, ShapeError, "linear: weight must be (out, in), got ", w.shape(), "; x=", x.shape());
  DL_CHECK(x.ndim() >= 1 && x.shape(-1) == w.shape(1), ShapeError,
           "linear: the last size of x must be in_features=", w.shape(1), "; x=", x.shape(), " weight=", w.shape(),
           x.ndim() > 2                                 ? "; flatten x first?"
           : x.ndim() >= 1 && x.shape(-1) == w.shape(0) ? "; transpose the weight?"
                                                        : "");
}

void check_linear(const Array& x, const Array& w, const Array* bias) {
  check_sizes(x, w);
  check_pair("linear", x, w);
  if (!bias) return;
  DL_CHECK(bias->ndim() == 1 && bias->shape(0) == w.shape(0), ShapeError, "linear: bias must be (out,)=(", w.shape(0),
           ",), got ", bias->shape(), "; x=", x.shape(), " weight=", w.shape());
  if (w.dtype() != DType::bf16 || bias->dtype() != DType::f32) check_pair("linear", w, *bias);
}

}  // namespace

Array matmul_fwd(const Array& a, const Array& b) {
  const Pair p = matrices(a, b);
  Dims shape = p.batch;
  shape.push_back(p.a.shape(-2));
  shape.push_back(p.b.shape(-1));
  Array c = Array::empty(shape, a.dtype(), a.device());
  multiply(p.a, p.b, c, p.batch);
  if (b.ndim() == 1) c = c.squeeze(-1);
  return a.ndim() == 1 ? c.squeeze(b.ndim() == 1 ? -1 : -2) : c;
}

Array matmul_bwd_a(const Array& g, const Array& a, const Array& b) {
  const Pair p = matrices(a, b);
  const Array full = full_gradient(g, a, b, p), out = Array::empty_like(a);
  multiply(full, p.b.transpose(-2, -1), a.ndim() == 1 ? out.unsqueeze(0) : out, p.batch);
  return out;
}

Array matmul_bwd_b(const Array& g, const Array& a, const Array& b) {
  const Pair p = matrices(a, b);
  const Array full = full_gradient(g, a, b, p), out = Array::empty_like(b);
  const Array c = b.ndim() == 1 ? out.unsqueeze(1) : out;
  Array flat_a, flat_g;
  if (c.ndim() == 2 && c.size() && fold_rows(p.a, &flat_a) && fold_rows(full, &flat_g) &&
      flat_a.shape(0) == flat_g.shape(0))
    product(flat_a.transpose(0, 1), flat_g, c);
  else
    multiply(p.a.transpose(-2, -1), full, c, p.batch);
  return out;
}

Array linear_fwd(const Array& x, const Array& w, const Array* bias, bool relu) {
  check_linear(x, w, bias);
  Dims shape = x.shape();
  shape[x.ndim() - 1] = w.shape(0);
  const Array y = Array::empty(shape, x.dtype(), x.device());
  if (y.size() == 0) return y;
  const DType sums = is_half(x.dtype()) ? DType::f32 : x.dtype();
  const Array b = bias ? contiguous(convert(*bias, sums)) : Array(), rows = folded(x);  // held: a Gemm only points
  Gemm g = product_of(rows, w.transpose(0, 1), folded(y));
  g.bias_n = bias ? b.raw() : nullptr;
  g.relu = relu;
  product(g, y.dtype());
  return y;
}

Array linear_bwd_x(const Array& g, const Array& w) {
  check_linear(g, w.transpose(0, 1), nullptr);
  Dims shape = g.shape();
  shape[g.ndim() - 1] = w.shape(1);
  const Array dx = Array::empty(shape, g.dtype(), g.device());
  if (dx.size()) product(folded(g), w, folded(dx));
  return dx;
}

Array linear_bwd_w(const Array& g, const Array& x, const Array& w) {
  check_sizes(x, w);
  check_sizes(g, w.transpose(0, 1));
  check_pair("linear", g, x);
  if (x.dtype() != DType::bf16 || w.dtype() != DType::f32) check_pair("linear", x, w);
  const Array dw = Array::empty_like(w);
  if (dw.size()) product(folded(g).transpose(0, 1), folded(x), dw);
  return dw;
}

Array linear_bwd_b(const Array& g, bool wide) {
  if (is_half(g.dtype())) return convert(linear_bwd_b(convert(g, DType::f32), wide), wide ? DType::f32 : g.dtype());
  DL_CHECK(g.ndim() >= 1 && is_floating(g.dtype()), ShapeError, "linear: the gradient must be (…, out), got ",
           g.shape(), " ", g.dtype());
  const Array db = Array::empty({g.shape(-1)}, g.dtype(), g.device());
  Array rows = folded(g);
  if (rows.stride(1) != 1 && rows.shape(1) > 1) rows = contiguous(rows);
  column_sums_into(rows.raw(), rows.shape(0), rows.stride(0), db);
  return db;
}

}  // namespace dl
