// Tasks of gemm.h: one tile of C over one part of K. Called by gemm.cpp.
//   for kc of the part: [pack B's patches]; for a panel of rows: pack A; for panels of B: micro-kernel
// A's panel stays in L1 while B's block streams from L2 (128 bytes per 14 cycles on AVX-512).
// Limit: the multiply-add units; for few columns the packing of A, for one row the reading of B.
#include "blocks/gemm/ahead.h"
#include "blocks/gemm/edges.h"
#include "blocks/gemm/micro.h"
#include "blocks/gemm/task.h"

namespace dl::DL_ISA_NS {

// Columns [begin, end) of C from panels of B that lie the same way.
template <class T>
struct Segment {
  Panels<T> b;
  int64_t begin, end;
};

// B of columns n and rows from k0 on: in place, from `packed`, or as just packed into `scratch`.
template <class T>
static DL_INLINE void segments(const GemmArgs& args, Range n, int64_t k0, int64_t kc, Segment<T> (&out)[2]) {
  using S = Shape<T>;
  const Gemm& g = args.g;
  if (g.b.patches || args.b_by_task) {
    out[0] = {{static_cast<const T*>(args.scratch), kc * S::NR, S::NR}, n.begin, n.end};
    out[1] = {{}, 0, 0};
    return;
  }
  const int64_t direct = args.direct_panels * S::NR;
  const int64_t split = n.begin > direct ? n.begin : n.end < direct ? n.end : direct;
  out[0] = {{static_cast<const T*>(g.b.data) + k0 * g.b.k_stride + n.begin, S::NR, g.b.k_stride}, n.begin, split};
  const T* packed = nullptr;  // there is none where every column is read in place
  if (split < n.end) packed = static_cast<const T*>(args.packed) + (split - direct) * g.k + k0 * S::NR;
  out[1] = {{packed, g.k * S::NR, S::NR}, split, n.end};
}

// Cuts rows into panels of at most MR, alike and even, so that no thin one is left over; `together` rows at a time.
template <class T>
static DL_INLINE int64_t cut_rows(Range m, int64_t together, int64_t* row) {
  int64_t panels = 0;
  for (row[0] = m.begin; row[panels] < m.end;) {
    const int64_t end = together == 1 ? m.end : (row[panels] / together + 1) * together;
    const int64_t left = (end < m.end ? end : m.end) - row[panels], of = (left + Shape<T>::MR - 1) / Shape<T>::MR;
    const int64_t even = ((left + of - 1) / of + 1) & ~int64_t{1};
    row[panels + 1] = row[panels] + (even < left ? even : left);
    ++panels;
  }
  return panels;
}

// One panel of A, from k.begin on, against the patches of columns n: each tap's where it is inside the image.
template <class T, class BlockOf>
static DL_INLINE void multiply_taps(const GemmArgs& args, int64_t part, Range rows, Range n, Range k, int64_t block,
                                    int64_t blocks, const BlockOf& block_of, AForm form, const T* a) {
  using S = Shape<T>;
  const int64_t channels = args.g.b.patches->channels;
  for (int64_t j = n.begin, end; j < n.end; j = end) {
    end = (j / channels + 1) * channels;
    end = end < n.end ? end : n.end;
    const auto of = [&](int64_t i) __attribute__((always_inline)) { return terms_of_column(args, j, block_of(i)); };
    const Blocks used = those_with(blocks, of);
    const Range terms = of(block);
    if (terms.empty() && block != used.first) continue;
    Out<T> o;
    place(args, part, rows.begin, static_cast<int>(rows.end - rows.begin), block == used.first, block == used.last, o);
    const int64_t skipped = terms.begin - k.begin, kc = k.end - k.begin;
    const Panels<T> b{static_cast<const T*>(args.scratch) + (j - n.begin) * kc + skipped * S::NR, kc * S::NR, S::NR};
    run_panel<T>(form, a + skipped * (form == AForm::k_major ? S::MR : 1), 0, b, terms.end - terms.begin, o, j, end);
  }
}

template <class T>
constexpr int64_t kStep = 2 * Shape<T>::NR;  // columns between two steps of fetching ahead
constexpr int64_t kFarElements = 1 << 18;    // of A, beyond what L2 keeps

template <class T>
static void task(const GemmArgs& args, int64_t t) {
  using S = Shape<T>;
  const Gemm& g = args.g;
  const Range m = part_of(t % args.tiles_m, args.tile_m, g.m);
  const Range n = part_of(t / args.tiles_m % args.tiles_n, args.tile_n, g.n);
  const int64_t part = t / (args.tiles_m * args.tiles_n);
  const Range k = part_of(part, args.part_k, g.k);
  const bool edges = args.together > 1;
  const bool far_rows = along_k(g.a) && g.m * g.k > kFarElements;
  const int64_t steps = (n.end - n.begin + kStep<T> - 1) / kStep<T>;
  const int64_t depth = edges ? args.depth : S::KC;
  const int64_t blocks = k.end - k.begin <= depth ? 1 : (k.end - k.begin + depth - 1) / depth;
  const auto block_of = [&](int64_t b) { return part_of(b, depth, k.end - k.begin, k.begin); };
  const AForm packed = k_major<T>(g.a) ? AForm::k_major : AForm::panel;
  int64_t row[kMostPanels + 1];
  const int64_t panels = cut_rows<T>(m, edges && g.a.patches ? args.together : 1, row);
  alignas(64) T one_panel[S::MR * S::kPitch];
  T *b_block = static_cast<T*>(args.scratch), *a_block = b_block + args.b_block_elements;

  int64_t k0 = k.begin;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t kc = (k.end - k0 + blocks - block - 1) / (blocks - block);  // even: no thin last block
    if (g.b.patches) pack_b_patches(g.b, k0, kc, n.begin, n.end, b_block, args.together);
    if (args.b_by_task) pack_b_block(g.b, k0, kc, n.begin, n.end, b_block);
    Ahead<T> next_b;
    if (args.b_by_task && along_k(g.b) && block + 1 < blocks)
      next_b = {static_cast<const T*>(g.b.data) + n.begin * g.b.stride + k0 + kc, g.b.stride, n.end - n.begin, kc,
                panels * steps};
    if (args.a_in_block) pack_a_block(g.a, row, panels, k0, kc, a_block);
    Segment<T> b[2];
    segments(args, n, k0, kc, b);
    for (int64_t p = 0; p < panels; ++p) {
      const int rows = static_cast<int>(row[p + 1] - row[p]);
      Blocks used{0, blocks - 1};
      int64_t terms = kc;
      if (edges && g.a.patches) {
        const auto of = [&](int64_t i) { return terms_of_row(args, row[p], block_of(i)); };
        used = those_with(blocks, of);
        if (of(block).empty()) terms = 0;
        if (!terms && block != used.first) continue;
      }
      const T* panel = args.a_in_block ? a_block + p * kBlockPitch<T> : one_panel;
      const bool in_place = args.a_in_place && (rows == 1 || rows % 2 == 0);  // an odd count reads a row beyond
      if (in_place)
        panel = static_cast<const T*>(g.a.data) + row[p] * g.a.stride + k0;
      else if (!args.a_in_block)
        pack_a(g.a, row[p], rows, k0, terms, g.m, one_panel, args.together);
      if (edges && g.b.patches) {
        multiply_taps(args, part, {row[p], row[p + 1]}, n, {k0, k0 + kc}, block, blocks, block_of, packed, panel);
        continue;
      }
      Out<T> o;
      place(args, part, row[p], rows, block == used.first, block == used.last, o);
      Ahead<T> next_a;
      if (far_rows && !in_place && p + 1 < panels)
        next_a = {static_cast<const T*>(g.a.data) + row[p + 1] * g.a.stride + k0, g.a.stride, row[p + 2] - row[p + 1],
                  kc, steps};
      for (const Segment<T>& s : b) {
        Panels<T> from = s.b;
        const int64_t step = next_a.any() || next_b.any() ? kStep<T> : s.end - s.begin;
        for (int64_t j = s.begin; j < s.end; j += step, from.data += step / S::NR * from.panel_stride) {
          next_a.step();
          next_b.step();
          run_panel<T>(in_place ? AForm::in_place : packed, panel, g.a.stride, from, terms, o, j,
                       j + step < s.end ? j + step : s.end);
        }
      }
    }
    k0 += kc;
  }
}

// ---- Few rows: R rows of A against 4 columns of B at a time, all contiguous along k.
constexpr int kDotColumns = 4;

template <class T, int R, int C>
static DL_INLINE void dot_tile(const GemmArgs& args, int64_t i0, int64_t j, const Out<T>& o) {
  using V = Vec<T>;
  const Gemm& g = args.g;
  const T *a = static_cast<const T*>(g.a.data) + i0 * g.a.stride, *b = static_cast<const T*>(g.b.data) + j * g.b.stride;
  V acc[R][C];
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) acc[i][c] = V(T(0));
  int64_t k = 0;
  for (; k < g.k; k += V::size) {
    const int left = g.k - k < V::size ? static_cast<int>(g.k - k) : V::size;
    V bv[C];
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) bv[c] = load_part(b + c * g.b.stride + k, left);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) {
      const V av = load_part(a + i * g.a.stride + k, left);
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) acc[i][c] = muladd(av, bv[c], acc[i][c]);
    }
  }
  T tile[R][C];
  for (int i = 0; i < R; ++i)
    for (int c = 0; c < C; ++c) tile[i][c] = sum_lanes(acc[i][c]);
  scatter_tile(&tile[0][0], C, o, j, C);
}

template <class T, int R>
static void dot_rows(const GemmArgs& args, int64_t i0, Range n) {
  Out<T> o;
  place(args, 0, i0, R, true, true, o);
  int64_t j = n.begin;
  for (; j + kDotColumns <= n.end; j += kDotColumns) dot_tile<T, R, kDotColumns>(args, i0, j, o);
  for (; j < n.end; ++j) dot_tile<T, R, 1>(args, i0, j, o);
}

template <class T>
static void dot_task(const GemmArgs& args, int64_t t) {
  const Range n = part_of(t, args.tile_n, args.g.n);
  int64_t i = 0;
  for (; i + 4 <= args.g.m; i += 4) dot_rows<T, 4>(args, i, n);
  if (args.g.m - i == 3) return dot_rows<T, 3>(args, i, n);
  if (args.g.m - i == 2) return dot_rows<T, 2>(args, i, n);
  if (args.g.m - i == 1) return dot_rows<T, 1>(args, i, n);
}

template <class T>
static void tasks(const GemmArgs& args, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end; ++t) args.dot ? dot_task<T>(args, t) : task<T>(args, t);
}

// Panels [begin, end) of B. Rows that lie along n are read across all of them, some rows at a time: panel by panel,
// each of its 128 bytes would wait for memory.
template <class T>
static void pack(const GemmArgs& args, int64_t begin, int64_t end) {
  using S = Shape<T>;
  const Gemm& g = args.g;
  const int64_t depth = g.b.stride == 1 ? S::W : g.k;
  for (int64_t k0 = 0; k0 < g.k; k0 += depth)
    for (int64_t t = begin; t < end; ++t) {
      const int64_t j = (args.direct_panels + t) * S::NR, left = g.n - j, kc = g.k - k0 < depth ? g.k - k0 : depth;
      pack_b_panel(g.b, j, static_cast<int>(left < S::NR ? left : S::NR), k0, kc,
                   static_cast<T*>(args.packed) + t * S::NR * g.k + k0 * S::NR);
    }
}

// C's row = the parts' rows added in order, then the epilogue.
template <class T>
static void sum(const GemmArgs& args, int64_t begin, int64_t end) {
  const Gemm& g = args.g;
  GemmArgs whole = args;
  whole.parts = 1;
  for (int64_t i = begin; i < end; ++i) {
    Out<T> o;
    place(whole, 0, i, 1, true, true, o);
    const T* first = static_cast<const T*>(args.partials) + i * g.n;
    for (int64_t j = 0; j < g.n; j += Vec<T>::size) {
      const int n = g.n - j < Vec<T>::size ? static_cast<int>(g.n - j) : Vec<T>::size;
      Vec<T> acc[1][1] = {{load_part(first + j, n)}};
      for (int64_t p = 1; p < args.parts; ++p) acc[0][0] = acc[0][0] + load_part(first + p * g.m * g.n + j, n);
      if (o.stride == 1) {
        store_tile<T, 1, 1>(acc, o, j, n);
      } else {
        T tile[Vec<T>::size];
        acc[0][0].store(tile);
        scatter_tile(tile, Vec<T>::size, o, j, n);
      }
    }
  }
}

void gemm_f32(const GemmArgs& a, int64_t b, int64_t e) { tasks<float>(a, b, e); }
void gemm_f64(const GemmArgs& a, int64_t b, int64_t e) { tasks<double>(a, b, e); }
void gemm_pack_f32(const GemmArgs& a, int64_t b, int64_t e) { pack<float>(a, b, e); }
void gemm_pack_f64(const GemmArgs& a, int64_t b, int64_t e) { pack<double>(a, b, e); }
void gemm_sum_f32(const GemmArgs& a, int64_t b, int64_t e) { sum<float>(a, b, e); }
void gemm_sum_f64(const GemmArgs& a, int64_t b, int64_t e) { sum<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
