// Where points of a grid lie in an image: the pixels they read and their weights. V is a Vec or a scalar.
#pragma once
#include "ops/grid_sample/grid_sample.h"
#include "simd/math.h"

namespace dl::DL_ISA_NS {

template <class V>
DL_HD V floor(V x) {
  const V r = round_even(x);
  return select(r > x, r - V(typename ScalarOf<V>::type(1)), r);
}

// A place along one axis and its slope against the grid's number.
template <class V>
struct Place {
  V at, slope;
};

// To [0, last]; NaN, which compares false, to 0.
template <class V>
DL_HD Place<V> clamped(Place<V> x, V last) {
  const V zero(typename ScalarOf<V>::type(0));
  const auto above = x.at > zero, below = x.at < last;
  return {select(above, select(below, x.at, last), zero), select(above, select(below, x.slope, zero), zero)};
}

// Between the mirrors at `low` and `low` + span.
template <class V>
DL_HD Place<V> reflected(Place<V> x, V low, V span) {
  using T = typename ScalarOf<V>::type;
  const V zero(T(0)), from = x.at - low;
  const auto left = from < zero;
  const V away = select(left, zero - from, from), slope = select(left, zero - x.slope, x.slope);
  const V flips = floor(away / span), rest = away - flips * span;
  const auto odd = flips - V(T(2)) * floor(flips * V(T(0.5))) != zero;
  return {select(odd, low + span - rest, low + rest), select(odd, zero - slope, slope)};
}

template <class V>
DL_HD Place<V> place(V u, int64_t size, GridPadding padding, bool align_corners) {
  using T = typename ScalarOf<V>::type;
  const V n(static_cast<T>(size)), one(T(1)), half(T(0.5));
  const Place<V> x = align_corners ? Place<V>{(u + one) * half * (n - one), (n - one) * half}
                                   : Place<V>{((u + one) * n - one) * half, n * half};
  if (padding == GridPadding::zeros) return x;
  if (padding == GridPadding::border) return clamped(x, n - one);
  if (!align_corners) return clamped(reflected(x, V(T(-0.5)), n), n - one);
  return size > 1 ? clamped(reflected(x, V(T(0)), n - one), n - one) : Place<V>{V(T(0)), V(T(0))};
}

// The pixel before a place, and the fraction of the way to the next; -2, which has no pixels around it, for a place
// that has none. nearest: the pixel, and no fraction.
template <class V>
struct Step {
  V first, part;
};
template <class V>
DL_HD Step<V> step_of(V at, int64_t size, bool nearest) {
  using T = typename ScalarOf<V>::type;
  const auto near = (at > V(T(-1))) & (at < V(static_cast<T>(size)));  // false for NaN
  const V inside = select(near, at, V(T(-2))), first = nearest ? round_even(inside) : floor(inside);
  return {first, nearest ? V(T(0)) : inside - first};
}

// Of the pixels around a place, (0, 0), (0, 1), (1, 0) and (1, 1), by the fractions of the way to row and column 1.
template <class V>
DL_HD DL_INLINE void corner_weights(V down, V right, V (&weight)[4]) {
  const V one(typename ScalarOf<V>::type(1)), rest_right = one - right, rest_down = one - down;
  weight[0] = rest_down * rest_right;
  weight[1] = rest_down * right;
  weight[2] = down * rest_right;
  weight[3] = down * right;
}

// The slopes of the surface over four pixels, times g.
template <class V>
DL_HD DL_INLINE void add_slopes(const V* x, V g, V down, V right, V* sum_down, V* sum_right) {
  const V one(typename ScalarOf<V>::type(1));
  *sum_right = *sum_right + g * ((x[1] - x[0]) * (one - down) + (x[3] - x[2]) * down);
  *sum_down = *sum_down + g * ((x[2] - x[0]) * (one - right) + (x[3] - x[1]) * right);
}

}  // namespace dl::DL_ISA_NS
