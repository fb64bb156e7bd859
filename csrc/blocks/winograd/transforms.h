// The transforms of winograd.h, a register of channels at a time. For blocks/winograd/cpu.cpp only.
// Bᵀ, G and Aᵀ at 0, 1, -1, ½, -2, ∞: rows of Bᵀ are the coefficients of M(x)/(x - point), M = x(x²-1)(x-½)(x+2), G's
// are (1, a, a²)/M'(a), Aᵀ's powers of the points. Limit: 14, 8 and 12 operations a column or row, for some 36 K
// multiply-adds of the products.
#pragma once
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

using V = Vec<float>;

struct PatchColumn {
  static DL_INLINE void of(const V (&d)[6], V (&o)[6]) {
    const V e = d[4] - d[2], f = d[3] - d[1];
    const V even = muladd(V(1.5f), d[3], e), odd = muladd(V(1.5f), d[2], f);
    o[0] = muladd(V(1.5f), f, (d[0] - d[2]) + e);
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = muladd(V(2.0f), f, e);
    o[4] = muladd(V(-0.5f), f, e);
    o[5] = muladd(V(1.5f), e, (d[5] - d[3]) - f);
  }
};

struct FilterColumn {
  static DL_INLINE void of(const V (&g)[3], V (&o)[6]) {
    const V s = g[0] + g[2];
    o[0] = g[0];
    o[1] = (s + g[1]) * V(1.0f / 3);
    o[2] = (g[1] - s) * V(1.0f / 3);
    o[3] = muladd(V(0.25f), g[2], muladd(V(0.5f), g[1], g[0])) * V(-16.0f / 15);
    o[4] = muladd(V(4.0f), g[2], muladd(V(-2.0f), g[1], g[0])) * V(1.0f / 15);
    o[5] = g[2];
  }
};

struct ResultColumn {
  static DL_INLINE void of(const V (&m)[6], V (&o)[4]) {
    const V s = m[1] + m[2], d = m[1] - m[2];
    o[0] = (m[0] + s) + (m[3] + m[4]);
    o[1] = muladd(V(-2.0f), m[4], muladd(V(0.5f), m[3], d));
    o[2] = muladd(V(4.0f), m[4], muladd(V(0.25f), m[3], s));
    o[3] = muladd(V(-8.0f), m[4], muladd(V(0.125f), m[3], d)) + m[5];
  }
};

struct GradientColumn {
  static DL_INLINE void of(const V (&g)[4], V (&o)[6]) {
    const V s = g[0] + g[2], d = g[1] + g[3];
    o[0] = g[0];
    o[1] = s + d;
    o[2] = s - d;
    o[3] = muladd(V(0.125f), g[3], muladd(V(0.25f), g[2], muladd(V(0.5f), g[1], g[0])));
    o[4] = muladd(V(-8.0f), g[3], muladd(V(4.0f), g[2], muladd(V(-2.0f), g[1], g[0])));
    o[5] = g[3];
  }
};

struct WeightColumn {
  static DL_INLINE void of(const V (&u)[6], V (&o)[3]) {
    const V s = (u[1] + u[2]) * V(1.0f / 3), d = (u[1] - u[2]) * V(1.0f / 3);
    const V a = u[3] * V(16.0f / 15), b = u[4] * V(1.0f / 15);
    o[0] = (u[0] + d) + (b - a);
    o[1] = muladd(V(-2.0f), b, muladd(V(-0.5f), a, s));
    o[2] = muladd(V(4.0f), b, muladd(V(-0.25f), a, d)) + u[5];
  }
};

// The From×From values load(r, s) to To×To, for store(r, s, value), by Column along both dimensions.
template <int From, int To, class Column, class Load, class Store>
static DL_INLINE void both_ways(const Load& load, const Store& store) {
  V half[From][To];  // [s][r]
#pragma GCC unroll 6
  for (int s = 0; s < From; ++s) {
    V in[From];
#pragma GCC unroll 6
    for (int r = 0; r < From; ++r) in[r] = load(r, s);
    Column::of(in, half[s]);
  }
#pragma GCC unroll 6
  for (int r = 0; r < To; ++r) {
    V in[From], out[To];
#pragma GCC unroll 6
    for (int s = 0; s < From; ++s) in[s] = half[s][r];
    Column::of(in, out);
#pragma GCC unroll 6
    for (int s = 0; s < To; ++s) store(r, s, out[s]);
  }
}

}  // namespace dl::DL_ISA_NS
