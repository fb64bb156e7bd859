// Attention and its gradients (attention.h) without scores in memory: a block of threads takes a tile of queries, or of
// keys where their gradients are summed, and walks over the tiles of the other side in order. A tile of scores is a
// product of slabs in shared memory; forward, its softmax is made online (Milakov & Gimelshein, "Online normalizer
// calculation for softmax", 2018), and what was summed before is scaled when the largest score grows. The backward
// makes the scores again for each gradient: no atomics. Called by attention.cpp for all heads at once.
// Limit: the multiply-adds; each thread keeps kEach × kEach sums and reads 2 kEach operands for kEach² of them. Two
// blocks fit an SM: 42 KB of shared memory, and at most 128 registers a thread.
#include <optional>

#include "cuda/reduce.cuh"
#include "cuda/scratch.h"
#include "ops/attention/formula.h"
#include "ops/attention/tiles.cuh"

namespace dl::cuda {

// Over the threads of a row: half a warp.
template <class Op, class T>
__device__ T row_reduce(T v) {
  DL_UNROLL
  for (int distance = kSide / 2; distance > 0; distance /= 2) v = Op()(v, __shfl_xor_sync(~0u, v, distance));
  return v;
}

// The scores of one head.
template <class T>
struct Scores {
  const AttentionArgs& a;
  int64_t head;
  T factor;
  __device__ Scores(const AttentionArgs& a, int64_t head) : a(a), head(head), factor(static_cast<T>(a.scale)) {}

  // Makes the score of its product, or -inf; whether the query may look at the key.
  __device__ bool score(int64_t query, int64_t key, T& s) const {
    const bool inside = query < a.device.queries && key < a.keys && !(a.causal && key > query);
    s = inside ? s * factor : T(-INFINITY);
    if (!inside || !a.mask) return inside;
    const AttentionHeads& m = a.device.mask;
    const int64_t at = m.at[head] + query * m.row + key * m.column;
    if (a.added) {
      const T added = static_cast<const T*>(a.mask)[at];
      s += added;
      return added > T(-INFINITY);
    }
    const bool open = static_cast<const uint8_t*>(a.mask)[at] != 0;
    if (!open) s = T(-INFINITY);
    return open;
  }
  __device__ T* stats(int64_t query) const { return static_cast<T*>(a.stats) + 2 * (head * a.device.queries + query); }
};

// Which block this is: of all heads' tiles, those with the most work first where causal, and of parts of the columns.
struct Block {
  int64_t head, tile, part;
  __device__ Block(int64_t tiles, int64_t parts, bool of_keys)
      : head(blockIdx.x / (tiles * parts)), tile(blockIdx.x / parts % tiles), part(blockIdx.x % parts) {
    if (!of_keys) tile = tiles - 1 - tile;
  }
};

template <class T>
static __global__ void __launch_bounds__(kThreads, 2)
    forward_kernel(const __grid_constant__ AttentionArgs a, int64_t tiles_of_queries, int64_t parts) {
  constexpr int N = kEach<T>;
  Tiles<T>& tiles = shared<Tiles<T>>();
  const AttentionDevice& d = a.device;
  const Block block(tiles_of_queries, parts, false);
  const int64_t first = block.tile * kTile<T>, first_column = block.part * kTile<T>;
  const View<T> q(d.q, block.head, d.queries, d.width), k(d.k, block.head, a.keys, d.width);
  const View<T> v(d.v, block.head, a.keys, d.value_width), y(d.y, block.head, d.queries, d.value_width);
  const Scores<T> scores(a, block.head);
  Sums<T> out;
  T largest[N], sum[N];
  bool looks[N];
  clear<T>(out);
  DL_UNROLL
  for (int i = 0; i < N; ++i) {
    largest[i] = T(-INFINITY);
    sum[i] = T(0);
    looks[i] = false;
  }
  const int64_t end = a.causal && first + kTile<T> < a.keys ? first + kTile<T> : a.keys;
  for (int64_t key = 0; key < end; key += kTile<T>) {
    Sums<T> s;
    T scale[N];
    multiply_rows(tiles, q, first, k, key, s);
    DL_UNROLL
    for (int i = 0; i < N; ++i) {
      T most = T(-INFINITY);
      DL_UNROLL
      for (int j = 0; j < N; ++j) {
        looks[i] |= scores.score(first + row_of<T>(i), key + column_of(j), s[i][j]);
        most = MaxOf()(most, s[i][j]);
      }
      most = MaxOf()(largest[i], row_reduce<MaxOf>(most));
      const T shift = most == T(-INFINITY) ? T(0) : most;  // no score yet: every weight is 0
      scale[i] = exp_falling(largest[i] - shift);
      largest[i] = most;
      sum[i] *= scale[i];
      DL_UNROLL
      for (int j = 0; j < N; ++j) {
        s[i][j] = exp_falling(s[i][j] - shift);
        sum[i] += s[i][j];
        tiles.weight[column_of(j)][row_of<T>(i)] = s[i][j];
      }
    }
    multiply_weights(tiles, v, key, first_column, s);
    DL_UNROLL
    for (int i = 0; i < N; ++i) DL_UNROLL
    for (int j = 0; j < N; ++j) out[i][j] = out[i][j] * scale[i] + s[i][j];
  }
  DL_UNROLL
  for (int i = 0; i < N; ++i) {
    const int64_t query = first + row_of<T>(i);
    const T total = row_reduce<SumOf>(sum[i]);
    const bool some = row_reduce<MaxOf>(static_cast<int>(looks[i])) > 0;
    const bool none = largest[i] == T(-INFINITY);  // it looks nowhere, or at scores of -inf, which gives NaN
    const T part = !none ? T(1) / total : some ? T(NAN) : T(0);
    if (query >= d.queries) continue;
    DL_UNROLL
    for (int j = 0; j < N; ++j)
      if (y.has(query, first_column + column_of(j))) y(query, first_column + column_of(j)) = out[i][j] * part;
    if (block.part > 0 || thread_column() > 0) continue;
    scores.stats(query)[0] = none && !some ? T(0) : largest[i];
    scores.stats(query)[1] = part;
  }
}

// What a pass over all tiles gives: Σ p dp of each query, dq, dk or dv.
enum class Pass { dots, query, key, value };

template <class T, Pass kPass>
static __global__ void __launch_bounds__(kThreads, 2)
    backward_kernel(const __grid_constant__ AttentionArgs a, T* dots, int64_t tiles_of_rows, int64_t parts) {
  constexpr int N = kEach<T>;
  constexpr bool kByKey = kPass == Pass::key || kPass == Pass::value;  // rows are keys, columns queries
  Tiles<T>& tiles = shared<Tiles<T>>();
  const AttentionDevice& d = a.device;
  const Block block(tiles_of_rows, parts, kByKey);
  const int64_t first = block.tile * kTile<T>, first_column = block.part * kTile<T>;
  const View<T> q(d.q, block.head, d.queries, d.width), k(d.k, block.head, a.keys, d.width);
  const View<T> v(d.v, block.head, a.keys, d.value_width), g(d.g, block.head, d.queries, d.value_width);
  const Scores<T> scores(a, block.head);
  Sums<T> out;
  clear<T>(out);
  const int64_t others = kByKey ? d.queries : a.causal && first + kTile<T> < a.keys ? first + kTile<T> : a.keys;
  for (int64_t at = kByKey && a.causal ? first : 0; at < others; at += kTile<T>) {
    Sums<T> p, dp;
    multiply_rows(tiles, kByKey ? k : q, first, kByKey ? q : k, at, p);
    if constexpr (kPass != Pass::value) multiply_rows(tiles, kByKey ? v : g, first, kByKey ? g : v, at, dp);
    DL_UNROLL
    for (int i = 0; i < N; ++i) DL_UNROLL
    for (int j = 0; j < N; ++j) {
      const int64_t row = first + row_of<T>(i), column = at + column_of(j);
      const int64_t query = kByKey ? column : row, key = kByKey ? row : column;
      T weight = p[i][j];
      const bool looks = scores.score(query, key, weight);
      if (looks) {
        const T* stats = scores.stats(query);
        weight = exp_falling(weight - stats[0]) * stats[1];
        if constexpr (kPass == Pass::query || kPass == Pass::key)
          weight = weight * (dp[i][j] - dots[block.head * d.queries + query]) * scores.factor;
      }
      if (!looks) weight = T(0);
      if constexpr (kPass == Pass::dots)
        out[i][0] += weight * (looks ? dp[i][j] : T(0));
      else
        tiles.weight[column_of(j)][row_of<T>(i)] = weight;
    }
    if constexpr (kPass != Pass::dots) {
      multiply_weights(tiles, kPass == Pass::query ? k : kPass == Pass::key ? q : g, at, first_column, p);
      DL_UNROLL
      for (int i = 0; i < N; ++i) DL_UNROLL
      for (int j = 0; j < N; ++j) out[i][j] += p[i][j];
    }
  }
  if constexpr (kPass == Pass::dots) {
    DL_UNROLL
    for (int i = 0; i < N; ++i) {
      const T dot = row_reduce<SumOf>(out[i][0]);
      const int64_t query = first + row_of<T>(i);
      if (query < d.queries && thread_column() == 0) dots[block.head * d.queries + query] = dot;
    }
  } else {
    const View<T> to = kPass == Pass::query ? View<T>(d.dq, block.head, d.queries, d.width)
                       : kPass == Pass::key ? View<T>(d.dk, block.head, a.keys, d.width)
                                            : View<T>(d.dv, block.head, a.keys, d.value_width);
    DL_UNROLL
    for (int i = 0; i < N; ++i) DL_UNROLL
    for (int j = 0; j < N; ++j) {
      const int64_t r = first + row_of<T>(i), c = first_column + column_of(j);
      if (to.has(r, c)) to(r, c) = out[i][j];
    }
  }
}

// The heads' offsets in device memory, which live as long as this does.
class Held {
 public:
  Held(const AttentionArgs& given, int64_t heads) : a(given) {
    AttentionDevice& d = a.device;
    int used = 0;
    for (AttentionHeads* m : {&d.q, &d.k, &d.v, &d.y, &d.g, &d.dq, &d.dk, &d.dv, &d.mask})
      if (m->at) m->at = tables_[used++].emplace(m->at, static_cast<std::size_t>(heads)).as<int64_t>();
  }
  AttentionArgs a;

 private:
  std::optional<Scratch> tables_[9];
};

template <class T>
static int64_t tiles_of(int64_t n) {
  return (n + kTile<T> - 1) / kTile<T>;
}
static Shape shape_of(int64_t blocks) {
  return {.blocks = dim3(static_cast<unsigned>(blocks)), .threads = dim3(kThreads)};
}

template <class T>
static void forward(const AttentionArgs& a, int64_t heads) {
  const Held held(a, heads);
  const int64_t tiles = tiles_of<T>(a.device.queries), parts = tiles_of<T>(a.device.value_width);
  launch("attention_fwd", forward_kernel<T>, shape_of(heads * tiles * parts), held.a, tiles, parts);
}

template <class T, Pass kPass>
static void pass(const AttentionArgs& a, T* dots, int64_t heads, int64_t rows, int64_t columns) {
  const int64_t tiles = tiles_of<T>(rows), parts = tiles_of<T>(columns);
  if (tiles && parts)
    launch("attention_bwd", backward_kernel<T, kPass>, shape_of(heads * tiles * parts), a, dots, tiles, parts);
}

template <class T>
static void backward(const AttentionArgs& given, int64_t heads) {
  const Held held(given, heads);
  const AttentionArgs& a = held.a;
  const AttentionDevice& d = a.device;
  const Scratch scratch(static_cast<std::size_t>(heads * d.queries) * sizeof(T));
  T* dots = scratch.as<T>();
  pass<T, Pass::dots>(a, dots, heads, d.queries, 1);
  pass<T, Pass::query>(a, dots, heads, d.queries, d.width);
  pass<T, Pass::key>(a, dots, heads, a.keys, d.width);
  pass<T, Pass::value>(a, dots, heads, a.keys, d.value_width);
}

void attention_fwd_f32(const AttentionArgs& a, int64_t, int64_t n) { forward<float>(a, n); }
void attention_fwd_f64(const AttentionArgs& a, int64_t, int64_t n) { forward<double>(a, n); }
void attention_bwd_f32(const AttentionArgs& a, int64_t, int64_t n) { backward<float>(a, n); }
void attention_bwd_f64(const AttentionArgs& a, int64_t, int64_t n) { backward<double>(a, n); }

}  // namespace dl::cuda
