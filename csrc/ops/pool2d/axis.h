// One axis of a pool: its windows, and who covers each input element. Makes PoolAxis; for pool2d.cpp.
#pragma once
#include <algorithm>
#include <vector>

#include "core/array.h"
#include "ops/pool2d/pool2d.h"

namespace dl {

inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }
inline int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }

struct Geometry {
  Dims kernel, stride, padding, dilation;
};

// The windows of one axis, and who covers each input.
class Axis {
 public:
  Axis(int64_t in, int64_t out, int64_t taps, int64_t dilation)
      : in_(in), taps_(taps), dilation_(dilation), windows_(static_cast<size_t>(out)) {}

  static Axis strided(const Geometry& p, int d, int64_t in, int64_t out, bool count_padding) {
    const int64_t kernel = p.kernel[d], padding = p.padding[d], dilation = p.dilation[d];
    Axis axis(in, out, kernel, dilation);
    for (int64_t o = 0; o < out; ++o) {
      const int64_t start = o * p.stride[d] - padding;
      const int64_t first = std::clamp<int64_t>(ceil_div(-start, dilation), 0, kernel);
      const int64_t last = std::clamp<int64_t>(ceil_div(in - start, dilation), first, kernel);
      const int64_t span = count_padding ? std::min(start + kernel, in + padding) - start : last - first;
      axis.set(o, start, first, last, span);
    }
    return axis;
  }
  static Axis adaptive(int64_t in, int64_t out) {
    Axis axis(in, out, 0, 1);
    axis.adaptive_ = true;
    for (int64_t o = 0; o < out; ++o) {
      const int64_t start = o * in / out, n = ceil_div((o + 1) * in, out) - start;
      axis.set(o, start, 0, n, n);
      axis.taps_ = std::max(axis.taps_, n);
    }
    return axis;
  }

  void find_covers() {
    at_.assign(static_cast<size_t>(in_ + 1), 0);
    each_tap([&](int64_t i, PoolCover) { ++at_[static_cast<size_t>(i + 1)]; });
    for (size_t i = 1; i < at_.size(); ++i) at_[i] += at_[i - 1];
    covers_.resize(static_cast<size_t>(at_.back()));
    std::vector<int32_t> next = at_;
    each_tap([&](int64_t i, PoolCover c) { covers_[static_cast<size_t>(next[static_cast<size_t>(i)]++)] = c; });
  }

  PoolAxis view() const {
    return {.in = in_,
            .out = static_cast<int64_t>(windows_.size()),
            .taps = taps_,
            .dilation = dilation_,
            .windows = windows_.data(),
            .cover_at = at_.data(),
            .covers = covers_.data()};
  }
  bool is_adaptive() const { return adaptive_; }
  // The input position of a tap of output o.
  int64_t position(int64_t o, int64_t tap) const { return windows_[static_cast<size_t>(o)].start + tap * dilation_; }
  int64_t inside() const {  // taps of all windows
    int64_t n = 0;
    for (const PoolWindow& w : windows_) n += w.last - w.first;
    return n;
  }

 private:
  void set(int64_t o, int64_t start, int64_t first, int64_t last, int64_t span) {
    windows_[static_cast<size_t>(o)] = {start, span, static_cast<int32_t>(first), static_cast<int32_t>(last),
                                        1 / static_cast<double>(std::max<int64_t>(span, 1))};
  }
  template <class Visit>
  void each_tap(const Visit& visit) const {
    for (size_t o = 0; o < windows_.size(); ++o)
      for (int32_t t = windows_[o].first; t < windows_[o].last; ++t)
        visit(position(static_cast<int64_t>(o), t), PoolCover{static_cast<int32_t>(o), t});
  }

  int64_t in_, taps_, dilation_;
  bool adaptive_ = false;
  std::vector<PoolWindow> windows_;
  std::vector<int32_t> at_;
  std::vector<PoolCover> covers_;
};

}  // namespace dl
