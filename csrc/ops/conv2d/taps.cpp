#include "ops/conv2d/taps.h"

#include <algorithm>

namespace dl {

void set_taps(Taps& t, const Array& image, int64_t channels, const Array& w, const std::vector<Tap>& rows,
              const std::vector<Tap>& columns) {
  bool together = image.stride(3) == channels;
  for (size_t i = 1; i < columns.size(); ++i) together &= columns[i].distance == columns[i - 1].distance + 1;
  Patches& x = t.patches;
  x.h = image.shape(2);
  x.w = image.shape(3);
  x.stride_n = image.stride(0);
  x.stride_h = image.stride(2);
  x.stride_w = image.stride(3);
  x.channels = channels;
  x.run_width = together && !columns.empty() ? static_cast<int64_t>(columns.size()) : 1;
  for (const Tap& r : rows)
    for (size_t i = 0; i < columns.size(); ++i) {
      t.weight.push_back(r.index * w.stride(2) + columns[i].index * w.stride(3));
      if (together && i > 0) continue;
      t.dh.push_back(static_cast<int32_t>(r.distance));
      t.dw.push_back(static_cast<int32_t>(columns[i].distance));
      t.offset.push_back(r.distance * x.stride_h + columns[i].distance * x.stride_w);
    }
  x.runs = static_cast<int64_t>(t.dh.size());
  if (!rows.empty() && !columns.empty()) {
    x.dh_min = std::min(rows.front().distance, rows.back().distance);
    x.dh_end = std::max(rows.front().distance, rows.back().distance) + 1;
    x.dw_min = columns.front().distance;
    x.dw_end = columns.back().distance + 1;
  }
  x.dh = t.dh.data();
  x.dw = t.dw.data();
  x.offset = t.offset.data();
}

std::vector<Tap> forward_taps(int64_t kernel, int64_t dilation, int64_t pad) {
  std::vector<Tap> taps;
  for (int64_t i = 0; i < kernel; ++i) taps.push_back({i, i * dilation - pad});
  return taps;
}

std::vector<Tap> phase_taps(int64_t kernel, int64_t dilation, int64_t pad, int64_t stride, int64_t phase) {
  std::vector<Tap> taps;
  for (int64_t i = kernel - 1; i >= 0; --i)
    if ((phase + pad - i * dilation) % stride == 0) taps.push_back({i, (phase + pad - i * dilation) / stride});
  return taps;
}

}  // namespace dl
