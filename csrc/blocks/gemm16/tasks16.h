// Tasks of gemm16.h: a tile of C over one part of K. For cpu_<isa>.cpp, whose multiply_panels stands before it:
//   for kc of the part: pack B's block; for 32 rows: pack A, or read it in place; for 32 columns: multiply_panels
// C is written once, past the caches where it is larger.
#pragma once
#include "blocks/gemm/task.h"
#include "blocks/gemm16/panels16.h"
#include "simd/stream.h"

namespace dl::DL_ISA_NS {

// Whether rows [i0, i0 + rows) can be read where they are: whole halves, a row's step in one line of the cache.
static DL_INLINE bool readable(const GemmOperand& a, const Bits16* first, int rows, int64_t kc) {
  return !a.patches && !a.tap_offset && a.k_stride == 1 && kc > 0 && kc % kStep == 0 && rows % 16 == 0 &&
         a.stride % kStep == 0 && reinterpret_cast<uintptr_t>(first) % 64 == 0;
}

// The rows from i0 on are needed after `panels` products: product p's share of them.
static DL_INLINE Ahead part_of_next(const GemmOperand& a, int64_t i0, int64_t end, int64_t k0, int64_t p,
                                    int64_t panels) {
  if (a.patches || a.tap_offset || a.k_stride != 1) return {nullptr, 0, 0};
  const int64_t rows = end > i0 ? upto32(end - i0) : 0, first = rows * p / panels, next = rows * (p + 1) / panels;
  return {static_cast<const Bits16*>(a.data) + (i0 + first) * a.stride + k0, a.stride, static_cast<int>(next - first)};
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
static DL_INLINE void store_whole(const Gemm& g, bool past_caches, const float* sums, int64_t i0, int rows, int64_t j) {
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
    const __m512i rounded = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    if (past_caches)
      _mm512_stream_si512(reinterpret_cast<__m512i*>(c), rounded);
    else
      _mm512_storeu_si512(c, rounded);
  }
}

// 32 × 32 sums to C, or to this part's partial sums.
static DL_INLINE void store_block(const Gemm16Args& all, int64_t part, const float* sums, int64_t i0, int rows,
                                  int64_t j, int columns) {
  const GemmArgs& args = all.cut;
  const Gemm& g = args.g;
  const bool usual = all.c_dtype == DType::bf16 && g.c_stride == 1 && !g.bias_m;
  if (usual && args.parts == 1 && columns == 32) return store_whole(g, all.past_caches, sums, i0, rows, j);
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
  const int64_t blocks = k.end - k.begin <= kTileRun ? 1 : (k.end - k.begin + kTileRun - 1) / kTileRun;
  const int64_t panels = (n.end - n.begin + 31) / 32;
  alignas(64) float one_block[32 * 32];
  auto* a_panel = static_cast<Bits16*>(args.scratch);
  Bits16* b_block = a_panel + all.a_panel_elements;
  auto* all_sums = reinterpret_cast<float*>(b_block + args.b_block_elements);

  int64_t k0 = k.begin;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t even = (k.end - k0 + blocks - block - 1) / (blocks - block),
                  whole = (even + kStep - 1) / kStep * kStep;
    const int64_t kc = k0 + whole < k.end ? whole : k.end - k0, steps = (kc + kStep - 1) / kStep;
    const int64_t pitch = steps * kBlock, wanted = t / args.tiles_m * blocks + block;
    if (*args.held != wanted) pack_columns(g.b, n.begin, n.end - n.begin, k0, kc, b_block, pitch);
    *args.held = wanted;
    const bool last = block + 1 == blocks;
    for (int64_t i0 = m.begin, tile = 0; i0 < m.end; i0 += 32) {
      const int rows = upto32(m.end - i0);
      const RowsOfA in_place{static_cast<const Bits16*>(g.a.data) + i0 * g.a.stride + k0, g.a.stride};
      const bool packed = !readable(g.a, in_place.data, rows, kc);
      if (packed) pack_rows(g.a, i0, rows, k0, kc, a_panel);
      for (int64_t j = n.begin, p = 0; j < n.end; j += 32, ++p, ++tile) {
        const int columns = upto32(n.end - j);
        float* sums = blocks == 1 ? one_block : all_sums + tile * 32 * 32;
        const Bits16* b = b_block + p * pitch;
        const Ahead ahead = part_of_next(g.a, i0 + 32, m.end, k0, p, panels);
        if (packed)
          multiply_panels(PanelOfA{a_panel}, b, steps, sums, block > 0, rows, columns, ahead);
        else
          multiply_panels(in_place, b, steps, sums, block > 0, rows, columns, ahead);
        if (last) store_block(all, part, sums, i0, rows, j, columns);
      }
    }
    k0 += kc;
  }
}

static void band_task16(const Gemm16Args& all, int64_t t) {
  const GemmArgs& args = all.cut;
  const Gemm& g = args.g;
  const Band& x = args.band;
  const Patches& p = *g.a.patches;
  const Range m = part_of(t % args.tiles_m, args.tile_m, x.cells), n = part_of(t / args.tiles_m, args.tile_n, g.n);
  const int64_t steps = g.k / kStep, pitch = steps * kBlock;
  const int64_t length = m.end - m.begin + x.reach, plane = x.phase * x.phase * length * kStep;
  int32_t offset[kMostBandSteps];
  alignas(64) float sums[32 * 32];
  auto* cells = static_cast<Bits16*>(args.scratch);
  Bits16* b_block = cells + x.elements;
  step_offsets(p, x, length, plane, offset);
  copy_band(args, m.begin + x.first, length, cells, plane);
  if (*args.held != t / args.tiles_m) pack_band_b(args, n.begin, n.end - n.begin, b_block, pitch);
  *args.held = t / args.tiles_m;
  for (int64_t i0 = m.begin; i0 < m.end; i0 += 32) {
    const int rows = upto32(m.end - i0);
    int64_t pixel[32];
    if (pixels_of_cells(x, p, i0, rows, x.cells, pixel).empty()) continue;
    const CellsOfA a{cells + (i0 - m.begin) * kStep, offset};
    for (int64_t j = n.begin, panel = 0; j < n.end; j += 32, ++panel) {
      const int columns = upto32(n.end - j);
      multiply_panels(a, b_block + panel * pitch, steps, sums, false, rows, columns, Ahead{nullptr, 0, 0});
      for (int i = 0; i < rows; ++i)
        for (int half = 0; pixel[i] >= 0 && half * 16 < columns; ++half)
          store_sums(g, all.c_dtype, _mm512_load_ps(sums + i / 16 * 512 + half * 256 + i % 16 * 16), pixel[i],
                     j + half * 16, first(columns - half * 16));
    }
  }
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
