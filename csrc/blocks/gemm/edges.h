// Taps outside the image are left out: of 3×3 taps that is a tenth at 14² and a fifth at 7². Pixels are taken one by
// one and of each all images (GemmArgs::together): a panel of rows has one pixel, and a block of K is a part of one
// tap's channels (A's patches) or of one row of pixels (B's). For blocks/gemm/cpu.cpp only.
#pragma once
#include "blocks/gemm/patches.h"
#include "blocks/gemm/task.h"

namespace dl::DL_ISA_NS {

// Of blocks 0, 1, ..., those that add to a sum. Where none does, the first adds nothing.
struct Blocks {
  int64_t first, last;
};
template <class F>
static DL_INLINE Blocks those_with(int64_t blocks, const F& terms) {
  int64_t first = 0, last = blocks - 1;
  while (first < last && terms(first).empty()) ++first;
  if (terms(first).empty()) return {0, 0};
  while (terms(last).empty()) --last;
  return {first, last};
}

struct Place {
  int64_t h, w;
};
static DL_INLINE Place tap_at(const Patches& s, int64_t column) {
  const int64_t tap = column / s.channels, run = tap / s.run_width;
  return {s.dh[run], s.dw[run] + tap % s.run_width};
}

// Of the block `k`: all of it, or nothing where its tap is outside for the pixel of row i.
static DL_INLINE Range terms_of_row(const GemmArgs& args, int64_t i, Range k) {
  const Patches& s = *args.g.a.patches;
  const Place tap = tap_at(s, k.begin);
  const int64_t pixel = i / args.together;
  const int64_t h = pixel / s.q * s.step_h + tap.h, w = pixel % s.q * s.step_w + tap.w;
  return h >= 0 && h < s.h && w >= 0 && w < s.w ? k : Range{k.begin, k.begin};
}

// Of the block `k`, a part of a row of pixels: those from which the tap of `column` is inside.
static DL_INLINE Range terms_of_column(const GemmArgs& args, int64_t column, Range k) {
  const Patches& s = *args.g.b.patches;
  const Place tap = tap_at(s, column);
  const int64_t row = k.begin / (s.q * args.together), h = row * s.step_h + tap.h;
  if (h < 0 || h >= s.h || tap.w >= s.w) return {k.begin, k.begin};
  const int64_t q_begin = tap.w < 0 ? (-tap.w + s.step_w - 1) / s.step_w : 0;
  const int64_t q_end = (s.w - 1 - tap.w) / s.step_w + 1;
  Range inside{(row * s.q + q_begin) * args.together, (row * s.q + q_end) * args.together};
  inside.begin = inside.begin < k.begin ? k.begin : inside.begin;
  inside.end = inside.end > k.end ? k.end : inside.end;
  return inside.begin < inside.end ? inside : Range{k.begin, k.begin};
}

}  // namespace dl::DL_ISA_NS
