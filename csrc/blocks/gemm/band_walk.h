// How the cells of a band (band.h) are walked over. For cpu_amx.cpp of gemm and gemm16 only.
#pragma once
#include "blocks/gemm/task.h"

namespace dl::DL_ISA_NS {

static DL_INLINE int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// f(i, n, src, pitch) for cells [begin + i, begin + i + n) of a phase: pixels of the image that lie `pitch` elements
// apart from src on, or zeros where src is null. `length` cells from `begin` on, which may lie before the first one.
template <class T, class F>
static DL_INLINE void walk_cells(const Band& x, const Patches& p, const T* images, int64_t phase, int64_t begin,
                                 int64_t length, const F& f) {
  const int64_t line = x.width * x.together;
  for (int64_t i = 0, n; i < length; i += n) {
    const int64_t cell = begin + i, row = cell / line, column = cell % line, group = row / x.height;
    const int64_t first = column / x.together, image = column % x.together;
    const int64_t h = row % x.height * x.phase + phase / x.phase, w = first * x.phase + phase % x.phase;
    const bool inside = cell >= 0 && group < x.groups && h < p.h && w < p.w;
    n = length - i;
    if (cell < 0) {
      n = -cell < n ? -cell : n;
    } else {
      const int64_t pixels = inside ? (p.w - w + x.phase - 1) / x.phase : x.width - first;
      const int64_t run = x.together == 1 ? pixels : x.together - image;
      n = run < n ? run : n;
    }
    if (!inside) {
      f(i, n, static_cast<const T*>(nullptr), 0);
      continue;
    }
    f(i, n, images + (group * x.together + image) * p.stride_n + h * p.stride_h + w * p.stride_w,
      x.together == 1 ? x.phase * p.stride_w : p.stride_n);
  }
}

// Where each tap's cells begin, from the cell of the task's first row; `length` cells a phase. Returns the phases that
// are used, a bit each.
static uint32_t tap_cells(const Patches& p, const Band& x, int64_t length, int64_t* cell) {
  uint32_t phases = 0;
  for (int64_t run = 0, tap = 0; run < p.runs; ++run)
    for (int64_t i = 0; i < p.run_width; ++i, ++tap) {
      const int64_t h = floor_div(p.dh[run], x.phase), w = floor_div(p.dw[run] + i, x.phase);
      const int64_t phase = (p.dh[run] - h * x.phase) * x.phase + (p.dw[run] + i - w * x.phase);
      cell[tap] = phase * length + (h * x.width + w) * x.together - x.first;
      phases |= 1u << phase;
    }
  return phases;
}

// Rows and columns of the grid that some cells lie in.
struct Box {
  int64_t top, bottom, left, right;  // both ends belong to it
  DL_INLINE bool empty() const { return top > bottom; }
};

// The pixel of C that each of `count` cells from i0 on is; -1 in the gaps and from `end` on.
static Box pixels_of_cells(const Band& x, const Patches& p, int64_t i0, int64_t count, int64_t end, int64_t* pixel) {
  int64_t n = i0 % x.together, w = i0 / x.together, q = w % x.width, h = w / x.width % x.height;
  int64_t group = w / x.width / x.height;
  Box box{p.p, -1, p.q, -1};
  for (int64_t i = 0; i < count; ++i) {
    const bool is_one = q < p.q && h < p.p && i0 + i < end;
    pixel[i] = is_one ? ((group * x.together + n) * p.p + h) * p.q + q : -1;
    if (is_one) {
      box.top = h < box.top ? h : box.top;
      box.bottom = h > box.bottom ? h : box.bottom;
      box.left = q < box.left ? q : box.left;
      box.right = q > box.right ? q : box.right;
    }
    if (++n < x.together) continue;
    n = 0;
    if (++q < x.width) continue;
    q = 0;
    if (++h < x.height) continue;
    h = 0;
    ++group;
  }
  return box;
}

// Whether the tap at distance (dh, dw) lies inside the image for any pixel of the box.
static DL_INLINE bool meets(const Patches& p, const Box& box, int64_t dh, int64_t dw) {
  return box.bottom * p.step_h + dh >= 0 && box.top * p.step_h + dh < p.h && box.right * p.step_w + dw >= 0 &&
         box.left * p.step_w + dw < p.w;
}

}  // namespace dl::DL_ISA_NS
