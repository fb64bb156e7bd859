// How batch norm cuts x into parts, and its channels' values laid out as the kernels read them.
#pragma once
#include <algorithm>
#include <numeric>
#include <vector>

#include "core/array.h"
#include "ops/norm/norm.h"

namespace dl {
namespace {

constexpr int64_t kPart = 65536;    // elements: 256 KB of float32, some 15–20 µs at memory speed, and it fits L2
constexpr int64_t kVector = 16;     // floats of the widest vector
constexpr int64_t kShortRow = 64;   // 4 such vectors: what the sums keep in registers
constexpr int64_t kLongRow = 1024;  // joined rows beyond it would push their parameters out of L1

// How x lies in memory and how it is cut into parts; see NormArgs.
struct Plan {
  NormArgs args{};
  int64_t parts = 0, grain = 1;
};

Plan make_plan(const Array& x, int64_t stream_bytes) {
  Plan plan;
  NormArgs& a = plan.args;
  a.total = x.size();
  a.channels = x.shape(1);
  a.inner = 1;
  for (int d = 0; d < x.ndim(); ++d)
    if (d != 1 && a.channels > 1 && x.shape(d) > 1 && x.stride(d) < x.stride(1)) a.inner *= x.shape(d);
  a.stream = a.total * static_cast<int64_t>(itemsize(x.dtype())) >= stream_bytes;
  if (a.inner == 1) {
    int64_t pixels = kVector / std::gcd(a.channels, kVector);
    if (pixels * a.channels > kLongRow) pixels = 1;
    while (pixels * a.channels < kShortRow) pixels *= 2;
    a.width = std::min(pixels * a.channels, a.total);
    a.lanes = a.width;
    a.stream = a.stream && a.width % kVector == 0 && a.total % kVector == 0;
    a.step = std::max<int64_t>(16, kPart / a.width);
    plan.parts = (a.total + a.step * a.width - 1) / (a.step * a.width);
  } else {
    a.lanes = 1;
    a.step = std::min(a.inner, kPart);
    a.stream = a.stream && a.inner % kVector == 0;
    plan.parts = a.total / a.inner * ((a.inner + a.step - 1) / a.step);
    plan.grain = std::max<int64_t>(1, kPart / a.step);
  }
  return plan;
}

// visit(lane, channel, elements) for each sum of each part, in order.
template <class Visit>
void each_sum(const Plan& plan, const Visit& visit) {
  const NormArgs& a = plan.args;
  const int64_t segments = a.inner == 1 ? 1 : (a.inner + a.step - 1) / a.step;
  for (int64_t p = 0; p < plan.parts; ++p) {
    if (a.inner > 1) {
      visit(p, 0, p / segments % a.channels, std::min(a.step, a.inner - p % segments * a.step));
      continue;
    }
    const int64_t n = std::min(a.step * a.width, a.total - p * a.step * a.width), rows = n / a.width;
    for (int64_t j = 0; j < a.width; ++j) {
      const int64_t count = rows + (j < n - rows * a.width);
      if (count) visit(p, j, j % a.channels, count);
    }
  }
}

// The kernels' parameters: `count` vectors of C values, each laid out over the lanes.
template <class T>
class Params {
 public:
  Params(const Plan& plan, int count)
      : lanes_(plan.args.inner == 1 ? plan.args.width : plan.args.channels),
        channels_(plan.args.channels),
        values_(static_cast<size_t>(count * lanes_)) {}
  void set(int k, int64_t channel, double value) {
    for (int64_t j = channel; j < lanes_; j += channels_) values_[static_cast<size_t>(k * lanes_ + j)] = T(value);
  }
  NormArgs bind(NormArgs a) const {
    a.params = values_.data();
    a.lanes = lanes_;
    return a;
  }

 private:
  int64_t lanes_, channels_;
  std::vector<T> values_;
};

}  // namespace
}  // namespace dl
