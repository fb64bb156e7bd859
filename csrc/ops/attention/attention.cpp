#include "ops/attention/attention.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "blocks/copy/copy.h"
#include "blocks/gemm/gemm.h"
#include "core/array.h"
#include "core/launch.h"

namespace dl {
namespace {

constexpr char kOp[] = "scaled_dot_product_attention";
constexpr int64_t kScores = 65536;   // of a block: 256 KB of float32, twice in the backward, in a 2 MB L2
constexpr int64_t kLeastRows = 32;   // of a block: a product reads each key once for that many queries
constexpr double kTaskFlops = 2e6;   // 10–20 µs on a wide core
constexpr int64_t kFewHeads = 8;     // fewer than this go one by one, and their products are spread over the threads
constexpr int64_t kRowGrain = 8192;  // scores: some 10 µs of exponentials

Kernels<AttentionArgs> forward_kernels("attention_fwd"), backward_kernels("attention_bwd");

struct Matrix {
  char* data;
  int64_t row, column;  // strides in elements
};
Matrix turned(const Matrix& x) { return {x.data, x.column, x.row}; }

// Where the matrices of the last two dimensions begin.
struct Stack {
  Array x;
  std::vector<int64_t> offsets;

  explicit Stack(const Array& given) : x(given), offsets{0} {
    for (int d = 0; d + 2 < x.ndim(); ++d) {
      std::vector<int64_t> next;
      for (int64_t base : offsets)
        for (int64_t j = 0; j < x.shape(d); ++j) next.push_back(base + j * x.stride(d));
      offsets = std::move(next);
    }
  }
  Matrix at(int64_t head, int64_t row) const {
    const int64_t offset = offsets[static_cast<size_t>(head)] + row * x.stride(-2);
    return {static_cast<char*>(x.raw()) + offset * static_cast<int64_t>(itemsize(x.dtype())), x.stride(-2),
            x.stride(-1)};
  }
  AttentionHeads heads() const { return {x.raw(), offsets.data(), x.stride(-2), x.stride(-1)}; }
};

Dims with(const Array& like, int64_t rows, int64_t columns) {
  Dims shape = like.shape();
  shape[shape.size() - 2] = rows;
  shape[shape.size() - 1] = columns;
  return shape;
}

void check(const Array& q, const Array& k, const Array& v, const AttentionMask& how) {
  DL_CHECK(is_floating(q.dtype()) && k.dtype() == q.dtype() && v.dtype() == q.dtype(), DTypeError, kOp,
           ": query, key and value must be all float32 or all float64, got ", q.dtype(), " ", k.dtype(), " ", v.dtype(),
           "; query=", q.shape(), " key=", k.shape(), " value=", v.shape());
  DL_CHECK(k.device() == q.device() && v.device() == q.device(), DeviceError, kOp,
           ": tensors must be on one device, got query on ", name(q.device()), ", key on ", name(k.device()),
           " and value on ", name(v.device()));
  DL_CHECK(k.ndim() >= 2 && q.shape() == with(k, q.shape(-2), q.shape(-1)) && k.shape(-1) == q.shape(-1) &&
               v.shape() == with(k, k.shape(-2), v.shape(-1)),
           ShapeError, kOp, ": query (…, L, E), key (…, S, E) and value (…, S, V) do not match; query=", q.shape(),
           " key=", k.shape(), " value=", v.shape());
  if (!how.mask) return;
  const Array& m = *how.mask;
  const Dims scores = with(q, q.shape(-2), k.shape(-2));
  DL_CHECK(m.dtype() == DType::b8 || m.dtype() == q.dtype(), DTypeError, kOp, ": attn_mask must be bool or ", q.dtype(),
           " as the query, got ", m.dtype());
  DL_CHECK(m.device() == q.device(), DeviceError, kOp, ": tensors must be on one device, got query on ",
           name(q.device()), " and attn_mask on ", name(m.device()));
  bool fits = m.ndim() <= scores.size();
  for (int i = 1; fits && i <= m.ndim(); ++i) fits = m.shape(-i) == 1 || m.shape(-i) == scores[scores.size() - i];
  DL_CHECK(fits, ShapeError, kOp, ": attn_mask must broadcast to (…, L, S)=", scores, ", got ", m.shape(),
           "; query=", q.shape(), " key=", k.shape());
}

// The mask over every head, its rows contiguous; a stand-in where there is none.
Array wide_mask(const Array& q, const Array& k, const AttentionMask& how) {
  if (!how.mask) return q;
  Array m = *how.mask;
  while (m.ndim() < 2) m = m.unsqueeze(0);
  Dims rows = m.shape();
  rows[rows.size() - 1] = k.shape(-2);
  m = m.expand(rows);
  if (m.shape(-1) > 1 && m.stride(-1) != 1) m = contiguous(m);
  return m.expand(with(q, q.shape(-2), k.shape(-2)));
}

// The block of queries [first, first + rows) of one head, and the keys it may see.
struct Block {
  int64_t first, rows, keys;
};

struct Attention {
  Stack q, k, v, mask;
  const AttentionMask& how;
  int64_t heads, queries, keys, width, value_width, block_rows, blocks;

  Attention(const Array& query, const Array& key, const Array& value, const AttentionMask& given)
      : q(query), k(key), v(value), mask(wide_mask(query, key, given)), how(given) {
    heads = static_cast<int64_t>(q.offsets.size());
    queries = query.shape(-2);
    keys = key.shape(-2);
    width = query.shape(-1);
    value_width = value.shape(-1);
    block_rows = std::min(std::max(kScores / std::max<int64_t>(keys, 1), kLeastRows), queries);
    blocks = queries ? (queries + block_rows - 1) / block_rows : 0;
  }

  Block block(int64_t index) const {
    const int64_t first = index * block_rows, rows = std::min(block_rows, queries - first);
    return {first, rows, how.causal ? std::min(keys, first + rows) : keys};
  }
  // What describes(block, products) appends for each kind of block: each one where causal, else the full and the last.
  template <class F>
  std::vector<ShapedGemm> products(const F& describe) const {
    std::vector<ShapedGemm> out;
    for (int64_t i = how.causal ? 0 : std::max<int64_t>(blocks - 2, 0); i < blocks; ++i) describe(block(i), &out);
    return out;
  }
  size_t kind(int64_t index) const {
    return static_cast<size_t>(how.causal || blocks == 1 ? index : index + 1 == blocks);
  }

  // (m, k) by (k, n); a, b and c give the strides.
  ShapedGemm shaped(int64_t m, int64_t n, int64_t depth, const Matrix& a, const Matrix& b, const Matrix& c,
                    bool accumulate = false) const {
    Gemm g{};
    g.dtype = q.x.dtype();
    g.m = m;
    g.n = n;
    g.k = depth;
    g.a.stride = a.row;
    g.a.k_stride = a.column;
    g.b.stride = b.column;
    g.b.k_stride = b.row;
    g.c_rows = {.p = 1, .q = 1, .stride_n = c.row, .stride_p = 0, .stride_q = 0};
    g.c_stride = c.column;
    g.accumulate = accumulate;
    return ShapedGemm(g);
  }

  AttentionArgs args(int64_t head, const Block& b, void* scores, void* dp, const Array& stats) const {
    AttentionArgs a{.scores = scores,
                    .dp = dp,
                    .stats = stats.data<char>() + (head * queries + b.first) * 2 * item(),
                    .keys = b.keys,
                    .first = b.first,
                    .causal = how.causal,
                    .scale = how.scale};
    if (!how.mask) return a;
    const Matrix m = mask.at(head, b.first);
    a.mask = m.data;
    a.mask_step = m.row;
    a.added = mask.x.dtype() != DType::b8;
    return a;
  }

  AttentionArgs device_args(const Array& stats) const {
    AttentionArgs a{
        .scores = nullptr, .stats = stats.raw(), .keys = keys, .first = 0, .causal = how.causal, .scale = how.scale};
    a.device.q = q.heads();
    a.device.k = k.heads();
    a.device.v = v.heads();
    a.device.queries = queries;
    a.device.width = width;
    a.device.value_width = value_width;
    if (!how.mask) return a;
    a.mask = mask.x.raw();
    a.added = mask.x.dtype() != DType::b8;
    a.device.mask = mask.heads();
    return a;
  }

  int64_t item() const { return static_cast<int64_t>(itemsize(q.x.dtype())); }
  Array scratch(int matrices) const { return Array::empty({matrices, block_rows, keys}, q.x.dtype()); }
  int64_t row_grain() const { return std::max<int64_t>(kRowGrain / std::max<int64_t>(keys, 1), 1); }
  // How many tasks of `rows` queries and `products` products each make one worth a thread.
  int64_t grain(int64_t rows, double products) const {
    const double one =
        products * static_cast<double>(rows) * static_cast<double>(keys) * static_cast<double>(width + value_width);
    return std::max<int64_t>(static_cast<int64_t>(kTaskFlops / (one + 1)), 1);
  }
};

void clear(const Array& x) { std::memset(x.raw(), 0, static_cast<size_t>(x.size()) * itemsize(x.dtype())); }

}  // namespace

Array attention_fwd(const Array& q, const Array& k, const Array& v, const AttentionMask& how, Array* stats) {
  check(q, k, v, how);
  const Attention a(q, k, v, how);
  const Dims shape = with(q, a.queries, a.value_width);
  const Stack y(Array::empty_strided(shape, dense_like(shape, q.strides()), q.dtype(), q.device()));
  const Array kept = Array::empty({a.heads, a.queries, 2}, q.dtype(), q.device());
  if (stats) *stats = kept;
  if (y.x.size() == 0) return y.x;
  const Row<AttentionArgs>& row = forward_kernels.choose(q.device(), q.dtype(), {});
  if (q.device() != Device::cpu) {
    AttentionArgs args = a.device_args(kept);
    args.device.y = y.heads();
    launch(row, args, a.heads, 1);
    return y.x;
  }
  const std::vector<ShapedGemm> products = a.products([&](const Block& b, std::vector<ShapedGemm>* out) {
    const Matrix s{nullptr, b.keys, 1};
    out->push_back(a.shaped(b.rows, b.keys, a.width, a.q.at(0, 0), turned(a.k.at(0, 0)), s));
    out->push_back(a.shaped(b.rows, a.value_width, b.keys, s, a.v.at(0, 0), y.at(0, 0)));
  });
  parallel_for(a.heads * a.blocks, a.grain(a.block_rows, 2), [&](int64_t begin, int64_t end) {
    const Array scores = a.scratch(1);
    for (int64_t t = begin; t < end; ++t) {
      const int64_t head = t / a.blocks;
      const Block b = a.block(t % a.blocks);
      const ShapedGemm* multiply = &products[2 * a.kind(t % a.blocks)];
      multiply[0](a.q.at(head, b.first).data, a.k.at(head, 0).data, scores.raw());
      launch(row, a.args(head, b, scores.raw(), nullptr, kept), b.rows, a.row_grain());
      multiply[1](scores.raw(), a.v.at(head, 0).data, y.at(head, b.first).data);
    }
  });
  return y.x;
}

void attention_bwd(const Array& g, const Array& q, const Array& k, const Array& v, const AttentionMask& how,
                   const Array& stats, Array* dq, Array* dk, Array* dv) {
  check(q, k, v, how);
  DL_CHECK(g.shape() == with(q, q.shape(-2), v.shape(-1)) && g.dtype() == q.dtype(), ShapeError, kOp, ": the gradient ",
           g.shape(), " ", g.dtype(), " does not belong to query=", q.shape(), " and value=", v.shape());
  const Attention a(q, k, v, how);
  *dq = Array::empty_like(q);
  *dk = Array::empty_like(k);
  *dv = Array::empty_like(v);
  const Stack dy(g), query(*dq), key(*dk), value(*dv);
  const Row<AttentionArgs>& row = backward_kernels.choose(q.device(), q.dtype(), {});
  if (q.device() != Device::cpu) {
    AttentionArgs args = a.device_args(stats);
    args.device.g = dy.heads();
    args.device.dq = query.heads();
    args.device.dk = key.heads();
    args.device.dv = value.heads();
    return launch(row, args, a.heads, 1);
  }
  if (a.queries == 0 || (how.causal && a.queries < a.keys)) {  // keys that no query looks at
    clear(*dk);
    clear(*dv);
  }
  // From the last block to the first: the last sees the most keys, so its products store what the others add to.
  const std::vector<ShapedGemm> products = a.products([&](const Block& b, std::vector<ShapedGemm>* out) {
    const Matrix s{nullptr, b.keys, 1};
    const bool add = b.first + b.rows < a.queries;
    out->push_back(a.shaped(b.rows, b.keys, a.width, a.q.at(0, 0), turned(a.k.at(0, 0)), s));
    out->push_back(a.shaped(b.rows, b.keys, a.value_width, dy.at(0, 0), turned(a.v.at(0, 0)), s));
    out->push_back(a.shaped(b.rows, a.width, b.keys, s, a.k.at(0, 0), query.at(0, 0)));
    out->push_back(a.shaped(b.keys, a.width, b.rows, turned(s), a.q.at(0, 0), key.at(0, 0), add));
    out->push_back(a.shaped(b.keys, a.value_width, b.rows, turned(s), dy.at(0, 0), value.at(0, 0), add));
  });
  const int64_t grain = a.heads < kFewHeads ? std::max<int64_t>(a.heads, 1) : a.grain(a.queries, 5);
  parallel_for(a.heads, grain, [&](int64_t begin, int64_t end) {
    const Array weights = a.scratch(1), scores = a.scratch(1);
    for (int64_t head = begin; head < end; ++head)
      for (int64_t i = a.blocks; i-- > 0;) {
        const Block b = a.block(i);
        const ShapedGemm* multiply = &products[5 * a.kind(i)];
        const void *qs = a.q.at(head, b.first).data, *gs = dy.at(head, b.first).data;
        multiply[0](qs, a.k.at(head, 0).data, weights.raw());
        multiply[1](gs, a.v.at(head, 0).data, scores.raw());
        launch(row, a.args(head, b, weights.raw(), scores.raw(), stats), b.rows, a.row_grain());
        multiply[2](scores.raw(), a.k.at(head, 0).data, query.at(head, b.first).data);
        multiply[3](scores.raw(), qs, key.at(head, 0).data);
        multiply[4](weights.raw(), gs, value.at(head, 0).data);
      }
  });
}

}  // namespace dl
