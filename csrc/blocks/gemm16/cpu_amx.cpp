// Tasks of gemm16.h on tiles: a tile of C over one part of K. Called by gemm16.cpp.
//   for kc of the part: pack B's block unless it is shared; for 32 rows: pack A; for 32 columns: 4 tiles += 2 × 2
// A step of 32 k is 4 products of 16 cycles on 4 loaded tiles. A's panel (32 × 384: 24 KB) stays in L1, B's block (384
// × 512: 384 KB) and the sums that a K of several blocks keeps (512 × 512: 1 MB) in L2. C is written once. Limit: the
// tile unit; for few columns the packing of A.
#include "blocks/gemm/task.h"
#include "blocks/gemm/tile_sums.h"
#include "blocks/gemm16/gemm16.h"
#include "blocks/gemm16/pack.h"

namespace dl::DL_ISA_NS {

// Tiles 0 to 3: C's quarters; 4, 5: A's halves; 6, 7: B's. R and C: halves in use. Loads stand between products, which
// hides them (89 % of the peak against 77 % in a group).
template <int R, int C>
static DL_INLINE void multiply(const Bits16* a, const Bits16* b, int64_t steps, float* sums, bool add) {
  begin_sums<R, C>(sums, add);
  for (; steps > 0; --steps, a += kBlock, b += kBlock) {
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (C == 2) {
      _tile_loadd(7, b + kBlock / 2, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
#pragma GCC unroll 32
    for (int i = 0; i < 32; ++i) __builtin_prefetch(b + kBlock + i * 32);  // from L2, or the next panel's
    if constexpr (R == 2) {
      _tile_loadd(5, a + kBlock / 2, 64);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (C == 2) _tile_dpbf16ps(3, 5, 7);
    }
  }
  keep_sums<R, C>(sums);
}

static DL_INLINE void multiply_panels(const Bits16* a, const Bits16* b, int64_t steps, float* sums, bool add, int rows,
                                      int columns) {
  if (rows > 16 && columns > 16) return multiply<2, 2>(a, b, steps, sums, add);
  if (rows > 16) return multiply<2, 1>(a, b, steps, sums, add);
  if (columns > 16) return multiply<1, 2>(a, b, steps, sums, add);
  multiply<1, 1>(a, b, steps, sums, add);
}

static DL_INLINE __mmask16 first(int n) { return static_cast<__mmask16>(n >= 16 ? 0xffff : n <= 0 ? 0 : (1 << n) - 1); }

static DL_INLINE __m512 finished(const Gemm& g, __m512 x, int64_t i, int64_t j, __mmask16 columns) {
  if (g.bias_n) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(columns, static_cast<const float*>(g.bias_n) + j));
  if (g.bias_m) x = _mm512_add_ps(x, _mm512_set1_ps(static_cast<const float*>(g.bias_m)[i]));
  if (g.relu) x = relu_of<float>(Vec<float>(x)).v;
  return x;
}

// 16 columns of row i from j on, sums finished or not, to C.
static DL_INLINE void store_sums(const Gemm& g, DType c_dtype, __m512 x, int64_t i, int64_t j, __mmask16 columns) {
  const int64_t at = row_offset(g.c_rows, i) + j * g.c_stride;
  if (c_dtype == DType::f32) {
    float* c = static_cast<float*>(g.c) + at;
    if (g.c_stride == 1) {
      if (g.accumulate) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(columns, c));
      return _mm512_mask_storeu_ps(c, columns, finished(g, x, i, j, columns));
    }
    float lanes[16];
    if (g.accumulate) {
      for (int v = 0; v < 16; ++v) lanes[v] = columns >> v & 1 ? c[v * g.c_stride] : 0;
      x = _mm512_add_ps(x, _mm512_loadu_ps(lanes));
    }
    _mm512_storeu_ps(lanes, finished(g, x, i, j, columns));
    for (int v = 0; v < 16 && columns >> v & 1; ++v) c[v * g.c_stride] = lanes[v];
    return;
  }
  Bits16* c = static_cast<Bits16*>(g.c) + at;
  const __m256i rounded = (__m256i)_mm512_cvtneps_pbh(finished(g, x, i, j, columns));
  if (g.c_stride == 1) return _mm256_mask_storeu_epi16(c, columns, rounded);
  Bits16 lanes[16];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), rounded);
  for (int v = 0; v < 16 && columns >> v & 1; ++v) c[v * g.c_stride] = lanes[v];
}

// Whole rows of 32 sums to a bfloat16 C, the usual case: a register a row.
static DL_INLINE void store_whole(const Gemm& g, const float* sums, int64_t i0, int rows, int64_t j) {
  __m512 bias[2] = {};
  if (g.bias_n)
    for (int half = 0; half < 2; ++half)
      bias[half] = _mm512_loadu_ps(static_cast<const float*>(g.bias_n) + j + half * 16);
  for (int i = 0; i < rows; ++i) {
    const float* row = sums + i / 16 * 512 + i % 16 * 16;
    __m512 low = _mm512_load_ps(row), high = _mm512_load_ps(row + 256);
    if (g.bias_n) {
      low = _mm512_add_ps(low, bias[0]);
      high = _mm512_add_ps(high, bias[1]);
    }
    if (g.relu) {
      low = relu_of<float>(Vec<float>(low)).v;
      high = relu_of<float>(Vec<float>(high)).v;
    }
    Bits16* c = static_cast<Bits16*>(g.c) + row_offset(g.c_rows, i0 + i) + j;
    _mm512_storeu_si512(c, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

// 32 × 32 sums to C, or to this part's partial sums.
static DL_INLINE void store_block(const Gemm16Args& all, int64_t part, const float* sums, int64_t i0, int rows,
                                  int64_t j, int columns) {
  const GemmArgs& args = all.cut;
  const Gemm& g = args.g;
  const bool usual = all.c_dtype == DType::bf16 && g.c_stride == 1 && !g.bias_m;
  if (usual && args.parts == 1 && columns == 32) return store_whole(g, sums, i0, rows, j);
  for (int i = 0; i < rows; ++i)
    for (int half = 0; half * 16 < columns; ++half) {
      const __m512 x = _mm512_load_ps(sums + i / 16 * 512 + half * 256 + i % 16 * 16);
      const __mmask16 mask = first(columns - half * 16);
      const int64_t column = j + half * 16;
      if (args.parts == 1)
        store_sums(g, all.c_dtype, x, i0 + i, column, mask);
      else
        _mm512_mask_storeu_ps(static_cast<float*>(args.partials) + (part * g.m + i0 + i) * g.n + column, mask, x);
    }
}

static void task16(const Gemm16Args& all, int64_t t) {
  const GemmArgs& args = all.cut;
  const Gemm& g = args.g;
  const Range m = part_of(t % args.tiles_m, args.tile_m, g.m);
  const Range n = part_of(t / args.tiles_m % args.tiles_n, args.tile_n, g.n);
  const int64_t part = t / (args.tiles_m * args.tiles_n);
  const Range k = part_of(part, args.part_k, g.k);
  const int64_t blocks = k.end - k.begin <= kDepth ? 1 : (k.end - k.begin + kDepth - 1) / kDepth;
  alignas(64) Bits16 a_panel[32 * kDepth];
  alignas(64) float one_block[32 * 32];
  auto* b_block = static_cast<Bits16*>(args.scratch);
  auto* all_sums = reinterpret_cast<float*>(b_block + args.b_block_elements);

  int64_t k0 = k.begin;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t even = (k.end - k0 + blocks - block - 1) / (blocks - block),
                  whole = (even + kStep - 1) / kStep * kStep;
    const int64_t kc = k0 + whole < k.end ? whole : k.end - k0, steps = (kc + kStep - 1) / kStep;
    const Bits16* b = b_block;
    int64_t pitch = steps * kBlock;
    if (args.packed) {
      pitch = (g.k + kStep - 1) / kStep * kBlock;
      b = static_cast<const Bits16*>(args.packed) + n.begin / 32 * pitch + k0 / kStep * kBlock;
    } else {
      pack_columns(g.b, n.begin, n.end - n.begin, k0, kc, b_block, pitch);
    }
    const bool last = block + 1 == blocks;
    for (int64_t i0 = m.begin, tile = 0; i0 < m.end; i0 += 32) {
      const int rows = upto32(m.end - i0);
      pack_rows(g.a, i0, rows, k0, kc, a_panel);
      for (int64_t j = n.begin, p = 0; j < n.end; j += 32, ++p, ++tile) {
        const int columns = upto32(n.end - j);
        float* sums = blocks == 1 ? one_block : all_sums + tile * 32 * 32;
        multiply_panels(a_panel, b + p * pitch, steps, sums, block > 0, rows, columns);
        if (last) store_block(all, part, sums, i0, rows, j, columns);
      }
    }
    k0 += kc;
  }
}

void gemm16_tasks(const Gemm16Args& args, int64_t begin, int64_t end) {
  const TileConfig config;
  _tile_loadconfig(&config);
  for (int64_t t = begin; t < end; ++t) task16(args, t);
  _tile_release();
}

void gemm16_pack(const Gemm16Args& all, int64_t begin, int64_t end) {
  const GemmArgs& args = all.cut;
  const Gemm& g = args.g;
  const int64_t pitch = (g.k + kStep - 1) / kStep * kBlock;
  for (int64_t t = begin; t < end; ++t)
    pack_columns(g.b, t * 32, upto32(g.n - t * 32), 0, g.k, static_cast<Bits16*>(args.packed) + t * pitch, pitch);
}

// C's row = the parts' rows added in order, then the epilogue.
void gemm16_sum(const Gemm16Args& all, int64_t begin, int64_t end) {
  const GemmArgs& args = all.cut;
  const Gemm& g = args.g;
  for (int64_t i = begin; i < end; ++i)
    for (int64_t j = 0; j < g.n; j += 16) {
      const __mmask16 columns = first(g.n - j < 16 ? static_cast<int>(g.n - j) : 16);
      const float* at = static_cast<const float*>(args.partials) + i * g.n + j;
      __m512 x = _mm512_maskz_loadu_ps(columns, at);
      for (int64_t p = 1; p < args.parts; ++p) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(columns, at + p * g.m * g.n));
      store_sums(g, all.c_dtype, x, i, j, columns);
    }
}

}  // namespace dl::DL_ISA_NS
