// A task of winograd.h: block_t tiles of 4×4 pixels × block_k channels of y. Called by winograd.cpp.
//   for a block of channels of x: transform filters (unless held) and patches
//     for each of 36: sums (+)= patches · filters
//   sums to pixels, plus bias, or the ReLU of it
// All of it stays in L2. Filters are transformed by each task (as long as 10 tiles' products) or, where one block has
// all channels, once a thread: to read them ready from memory would be four times the bytes.
// Limit: the multiply-add units, at two thirds of the time for 64 channels; then the transforms.
#include "blocks/winograd/winograd.h"

#include "blocks/winograd/tiles.h"
#include "blocks/winograd/weights.h"
#include "simd/relu.h"
#include "simd/stream.h"

namespace dl::DL_ISA_NS {

// Filters of channels c × k to u: [36][panel of NR of k][c][NR], zero beyond the last k.
static void filters(const WinogradArgs& a, Block k, Block c, float* u) {
  const Winograd& g = a.g;
  alignas(64) float taps[9][S::W][S::NR];
  for (int64_t j = 0; j < k.count; j += S::NR, u += c.count * S::NR) {
    const int columns = k.count - j < S::NR ? static_cast<int>(k.count - j) : S::NR;
    for (int64_t i = 0; i < c.count; i += S::W) {
      const int64_t rows = c.count - i < S::W ? c.count - i : S::W;
      for (int64_t tap = 0; tap < 9; ++tap) {
        const GemmOperand b{.data = g.filters + tap / 3 * g.w_r + tap % 3 * g.w_s + (c.begin + i) * g.w_c,
                            .stride = g.w_k,
                            .k_stride = g.w_c,
                            .tap_offset = nullptr,
                            .tap_channels = 0,
                            .patches = nullptr};
        if (g.w_c == 1)  // the next channels: filters lie too far apart for memory to work ahead by itself
          for (int col = 0; col < columns; ++col)
            __builtin_prefetch(static_cast<const float*>(b.data) + (k.begin + j + col) * g.w_k + S::W);
        pack_b_panel(b, k.begin + j, columns, 0, rows, &taps[tap][0][0]);
      }
      for (int64_t row = 0; row < rows; ++row)
        for (int v = 0; v < S::NR; v += S::W) {
          float* to = u + (i + row) * S::NR + v;
          both_ways<3, 6, FilterColumn>(
              [&](int r, int s) __attribute__((always_inline)) { return V::load(&taps[r * 3 + s][row][v]); },
              [&](int r, int s, V x) __attribute__((always_inline)) { x.store(to + (r * 6 + s) * a.u_plane); });
        }
    }
  }
}

static void products(const WinogradArgs& a, int64_t tiles, int64_t channels, int64_t pitch, const float* v,
                     const float* u, int64_t k, bool add, float* m) {
  for (int i = 0; i < kProducts; ++i, v += a.v_plane, u += a.u_plane, m += a.m_plane)
    each_panel(tiles, [&](int64_t row, int rows) {
      const Out<float> o = rows_at(m + row * a.block_k, a.block_k, rows, add);
      run_panel<float>(AForm::in_place, v + row * pitch, pitch, Panels<float>{u, channels * S::NR, S::NR}, channels, o,
                       0, k);
    });
}

// Sums of the tiles to pixels of y. Returns whether all are finite.
static bool results(const WinogradArgs& a, Block t, Block k, const float* m) {
  const Winograd& g = a.g;
  V seen(0.0f);  // stays 0, or becomes NaN
  alignas(64) float nowhere[V::size];
  for (int64_t i = 0; i < t.count; ++i, m += a.block_k) {
    const Tile4 tile = tile_at(a, t.begin + i);
    float* pixel[16];
    for (int64_t r = 0; r < 4; ++r)
      for (int64_t s = 0; s < 4; ++s) {
        const bool inside = tile.p + r < g.p && tile.q + s < g.q;
        pixel[r * 4 + s] =
            inside ? g.y + ((tile.image * g.p + tile.p + r) * g.q + tile.q + s) * g.k + k.begin : nullptr;
      }
    for (int64_t x = 0; x < k.count; x += V::size) {
      const int lanes = k.count - x < V::size ? static_cast<int>(k.count - x) : V::size;
      const V bias = g.bias ? load_part(g.bias + k.begin + x, lanes) : V(0.0f);
      both_ways<6, 4, ResultColumn>(
          [&](int r, int s)
              __attribute__((always_inline)) { return load_part(m + (r * 6 + s) * a.m_plane + x, lanes); },
          [&](int r, int s, V y) __attribute__((always_inline)) {
            y = y + bias;
            seen = muladd(y, V(0.0f), seen);
            if (g.relu) y = relu_of<float>(y);
            float* to = pixel[r * 4 + s] ? pixel[r * 4 + s] + x : nowhere;
            if (lanes < V::size)
              store_n(to, y, lanes);
            else if (a.past_caches)
              stream(to, y);
            else
              y.store(to);
          });
    }
  }
  if (a.past_caches) stream_end();
  return sum_lanes(seen) == 0.0f;
}

static bool task(const WinogradArgs& a, int64_t index) {
  const Block t = block_of(a.held_filters ? index % a.tasks_t : index / a.tasks_k, a.block_t, a.tiles);
  const int64_t block = a.held_filters ? index / a.tasks_t : index % a.tasks_k;
  const Block k = block_of(block, a.block_k, a.g.k);
  float *u = a.scratch, *v = u + kProducts * a.u_plane, *m = v + kProducts * a.v_plane,
        *zeros = m + kProducts * a.m_plane;
  __builtin_memset(zeros, 0, static_cast<size_t>(a.block_c) * sizeof(float));
  for (int64_t first = 0; first < a.g.c; first += a.block_c) {
    const Block c = block_of(first / a.block_c, a.block_c, a.g.c);
    const int64_t pitch = (c.count + S::W - 1) / S::W * S::W;
    if (!a.held_filters || *a.held != block) filters(a, k, c, u);
    *a.held = block;
    patches(a, t, c, pitch, zeros, v);
    products(a, t.count, c.count, pitch, v, u, k.count, first > 0, m);
  }
  return results(a, t, k, m);
}

void winograd_f32(const WinogradArgs& a, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end && !__atomic_load_n(a.unfit, __ATOMIC_RELAXED); ++t)
    if (!task(a, t)) __atomic_store_n(a.unfit, 1, __ATOMIC_RELAXED);
}

void winograd_weights_f32(const WinogradArgs& a, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < end && !__atomic_load_n(a.unfit, __ATOMIC_RELAXED); ++t)
    if (!weights_task(a, t)) __atomic_store_n(a.unfit, 1, __ATOMIC_RELAXED);
}

}  // namespace dl::DL_ISA_NS
