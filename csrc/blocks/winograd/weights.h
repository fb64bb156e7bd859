// Gradients of filters, F(3×3, 4×4): a task is block_k × block_c channels of dw, summed over a part of the tiles. For
// cpu.cpp only.
//   dw = Gᵀ[ sum over tiles of (A dy Aᵀ) ⊙ (Bᵀ x B) ]G
//   for a block of tiles: transform patches and gradients; for each of 36: sums += gradientsᵀ · patches
// Limit: the transforms, made anew for each block of the other operand's channels, take a third beside the products.
#pragma once
#include "blocks/winograd/tiles.h"

namespace dl::DL_ISA_NS {

// The tiles' gradients to d: [36][tile][block_k].
static void gradients(const WinogradArgs& a, Block t, Block k, const float* zeros, float* d) {
  const Winograd& g = a.g;
  for (int64_t i = 0; i < t.count; ++i, d += a.block_k) {
    const Tile4 tile = tile_at(a, t.begin + i);
    const float* pixel[16];
    for (int64_t r = 0; r < 4; ++r)
      for (int64_t s = 0; s < 4; ++s) {
        const bool inside = tile.p + r < g.p && tile.q + s < g.q;
        pixel[r * 4 + s] = inside ? g.dy + ((tile.image * g.p + tile.p + r) * g.q + tile.q + s) * g.k + k.begin : zeros;
      }
    for (int64_t x = 0; x < k.count; x += V::size) {
      const int lanes = k.count - x < V::size ? static_cast<int>(k.count - x) : V::size;
      both_ways<4, 6, GradientColumn>(
          [&](int r, int s) __attribute__((always_inline)) { return load_part(pixel[r * 4 + s] + x, lanes); },
          [&](int r, int s, V y) __attribute__((always_inline)) { y.store(d + (r * 6 + s) * a.u_plane + x); });
    }
  }
}

// R or fewer rows of the sums: channels k of the gradients, which lie side by side.
template <int R = S::MR>
static DL_INLINE void turned_panel(const float* d, int64_t pitch, const Panels<float>& v, int64_t tiles,
                                   const Out<float>& o, int64_t c) {
  if constexpr (R > 2) {
    if (o.count <= R - 2) return turned_panel<R - 2>(d, pitch, v, tiles, o, c);
  } else if constexpr (R == 2) {
    if (o.count == 1) return turned_panel<1>(d, pitch, v, tiles, o, c);
  }
  row_panel<float, R, AForm::turned>(d, pitch, v, tiles, o, 0, c);
}

static void add_block(const WinogradArgs& a, int64_t tiles, Block k, Block c, const float* d, const float* v, bool add,
                      float* sums) {
  for (int i = 0; i < kProducts; ++i, d += a.u_plane, v += a.v_plane, sums += a.m_plane)
    each_panel(k.count, [&](int64_t row, int rows) {
      Out<float> o = rows_at(sums + row * a.block_c, a.block_c, rows, add);
      turned_panel(d + row, a.block_k, Panels<float>{v, S::NR, a.block_c}, tiles, o, c.count);
    });
}

// Sums to dw: [k][3][3][c] of all channels. Returns whether all are finite.
static bool weights(const WinogradArgs& a, Block k, Block c, const float* sums, float* dw) {
  V seen(0.0f);  // stays 0, or becomes NaN
  for (int64_t i = 0; i < k.count; ++i, sums += a.block_c)
    for (int64_t x = 0; x < c.count; x += V::size) {
      const int lanes = c.count - x < V::size ? static_cast<int>(c.count - x) : V::size;
      float* to = dw + (k.begin + i) * 9 * a.g.c + c.begin + x;
      both_ways<6, 3, WeightColumn>(
          [&](int r, int s)
              __attribute__((always_inline)) { return load_part(sums + (r * 6 + s) * a.m_plane + x, lanes); },
          [&](int r, int s, V y) __attribute__((always_inline)) {
            seen = muladd(y, V(0.0f), seen);
            store_part(to + (r * 3 + s) * a.g.c, y, lanes);
          });
    }
  return sum_lanes(seen) == 0.0f;
}

static bool weights_task(const WinogradArgs& a, int64_t index) {
  const int64_t part = index % a.parts, block = index / a.parts;
  const Block c = block_of(block % a.tasks_c, a.block_c, a.g.c), k = block_of(block / a.tasks_c, a.block_k, a.g.k);
  const Block tiles = block_of(part, a.part_tiles, a.tiles);
  float *d = a.scratch, *v = d + kProducts * a.u_plane, *sums = v + kProducts * a.v_plane,
        *zeros = sums + kProducts * a.m_plane;
  __builtin_memset(zeros, 0, static_cast<size_t>(a.block_c + a.block_k) * sizeof(float));
  for (int64_t done = 0; done < tiles.count; done += a.block_t) {
    const int64_t left = tiles.count - done;
    const Block t{tiles.begin + done, left < a.block_t ? left : a.block_t};
    patches(a, t, c, a.block_c, zeros, v);
    gradients(a, t, k, zeros, d);
    add_block(a, t.count, k, c, d, v, done > 0, sums);
  }
  return weights(a, k, c, sums, a.dw + part * 9 * a.g.k * a.g.c);
}

}  // namespace dl::DL_ISA_NS
