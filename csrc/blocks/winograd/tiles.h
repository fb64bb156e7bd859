// What tasks of both kinds share: blocks, tiles, the patches of x. For blocks/winograd/cpu.cpp only.
#pragma once
#include "blocks/gemm/micro.h"
#include "blocks/winograd/transforms.h"
#include "blocks/winograd/winograd.h"

namespace dl::DL_ISA_NS {

using S = Shape<float>;
constexpr int kProducts = 36;

struct Block {
  int64_t begin, count;
};
static DL_INLINE Block block_of(int64_t index, int64_t size, int64_t total) {
  const int64_t begin = index * size, left = total - begin;
  return {begin, left < size ? left : size};
}

struct Tile4 {
  int64_t image, p, q;  // its first pixel
};
static DL_INLINE Tile4 tile_at(const WinogradArgs& a, int64_t t) {
  return {t / (a.tiles_h * a.tiles_w), t / a.tiles_w % a.tiles_h * 4, t % a.tiles_w * 4};
}

// Patches of the tiles to v: [36][tile][pitch].
static void patches(const WinogradArgs& a, Block t, Block c, int64_t pitch, const float* zeros, float* v) {
  const Winograd& g = a.g;
  for (int64_t i = 0; i < t.count; ++i, v += pitch) {
    const Tile4 tile = tile_at(a, t.begin + i);
    const float* image = g.x + tile.image * g.x_n + c.begin;
    const float* pixel[kProducts];
    for (int64_t r = 0; r < 6; ++r) {
      const int64_t h = tile.p - g.top + r;
      const bool inside = h >= 0 && h < g.h;
      for (int64_t s = 0; s < 6; ++s) {
        const int64_t w = tile.q - g.left + s;
        pixel[r * 6 + s] = inside && w >= 0 && w < g.w ? image + h * g.x_h + w * g.x_w : zeros;
      }
    }
    for (int64_t x = 0; x < c.count; x += V::size) {
      const int lanes = c.count - x < V::size ? static_cast<int>(c.count - x) : V::size;
      const auto store = [&](int r, int s, V y)
                             __attribute__((always_inline)) { y.store(v + (r * 6 + s) * a.v_plane + x); };
      if (lanes == V::size)
        both_ways<6, 6, PatchColumn>(
            [&](int r, int s) __attribute__((always_inline)) { return V::load(pixel[r * 6 + s] + x); }, store);
      else
        both_ways<6, 6, PatchColumn>(
            [&](int r, int s) __attribute__((always_inline)) { return load_n(pixel[r * 6 + s] + x, lanes, 0.0f); },
            store);
    }
  }
}

// Cuts rows into panels alike and even, so that no thin one is left over: f(first, count).
template <class F>
static DL_INLINE void each_panel(int64_t rows, const F& f) {
  const int64_t panels = (rows + S::MR - 1) / S::MR;
  int64_t row = 0;
  for (int64_t i = 0; i < panels; ++i) {
    const int64_t left = rows - row, even = ((left + panels - i - 1) / (panels - i) + 1) & ~int64_t{1};
    const int64_t count = even < left ? even : left;
    f(row, static_cast<int>(count));
    row += count;
  }
}

// Rows of sums, `pitch` apart.
static DL_INLINE Out<float> rows_at(float* sums, int64_t pitch, int rows, bool add) {
  Out<float> o;
  for (int i = 0; i < rows; ++i) o.rows[i] = sums + i * pitch;
  o.count = rows;
  o.stride = 1;
  o.bias_n = o.bias_m = nullptr;
  o.add = add;
  o.relu = false;
  return o;
}

}  // namespace dl::DL_ISA_NS
