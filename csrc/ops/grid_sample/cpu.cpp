// An image at the places of a grid, and the gradients (grid_sample.h). A block of points is located at once, in
// vectors, and serves all channels: as vector lanes where the image is channels-last, else plane after plane, in
// gathers. Limit: the loads of four pixels at unrelated places; for a single channel the places' arithmetic, some 60
// operations.
#include "blocks/images/lanes.h"
#include "ops/grid_sample/formula.h"

namespace dl::DL_ISA_NS {

constexpr int kPoints = 64;  // located at once: 3 KB of float32, a multiple of every vector

template <class T>
struct Points {
  using Int = typename Lane<T>::Int;
  Int pixel[4]
           [kPoints];  // row * W + column of the pixels around the point, (0, 0), (0, 1), (1, 0), (1, 1); -1: outside
  T weight[4][kPoints];
  T down[kPoints], right[kPoints];  // the fractions of the way to row and column 1, and their slopes against the grid
  T down_slope[kPoints], right_slope[kPoints];

  void locate(const GridSampleArgs& a, const T* grid, int n) {
    using V = Vec<T>;
    T us[kPoints] = {}, vs[kPoints] = {};
    for (int i = 0; i < n; ++i) us[i] = grid[2 * i], vs[i] = grid[2 * i + 1];
    for (int i = 0; i < n; i += V::size) {
      const Place<V> x = place(V::load(us + i), a.w, a.padding, a.align_corners);
      const Place<V> y = place(V::load(vs + i), a.h, a.padding, a.align_corners);
      const Step<V> column = step_of(x.at, a.w, a.nearest), row = step_of(y.at, a.h, a.nearest);
      V corner[4];
      corner_weights(row.part, column.part, corner);
      for (int k = 0; k < 4; ++k) corner[k].store(weight[k] + i);
      column.part.store(right + i);
      row.part.store(down + i);
      x.slope.store(right_slope + i);
      y.slope.store(down_slope + i);
      const Vec<Int> j = to_int(column.first), r = to_int(row.first);
      const Vec<Int> none(Int(-1)), width(static_cast<Int>(a.w)), height(static_cast<Int>(a.h));
      for (int k = 0; k < 4; ++k) {
        const Vec<Int> at_row = r + Vec<Int>(Int(k / 2)), at_column = j + Vec<Int>(Int(k % 2));
        auto inside = (at_row > none) & (at_row < height) & (at_column > none) & (at_column < width);
        if (a.nearest && k > 0) inside = inside & ~inside;
        select(inside, at_row * width + at_column, none).store(pixel[k] + i);
      }
    }
  }
};

// Where image `n` of x, of y or g, and row `row` of the grid begin; and how far apart channels and pixels lie.
struct Strides {
  int64_t pixels, places, pixel, x_channel, y_channel;
  explicit Strides(const GridSampleArgs& a)
      : pixels(a.h * a.w),
        places(a.p * a.q),
        pixel(a.channels_last ? a.c : 1),
        x_channel(a.channels_last ? 1 : pixels),
        y_channel(a.channels_last ? 1 : places) {}
};

template <class T>
struct Pixel {
  const Points<T>& points;
  int64_t i;
  const T* x;  // the image
  int64_t channels;
  T* y;

  template <int K, bool kFull>
  DL_INLINE void run(int64_t c, int n) const {
    using V = Vec<T>;
    V sum[K];
    for (int k = 0; k < K; ++k) sum[k] = V(T(0));
    for (int t = 0; t < 4; ++t) {
      if (points.pixel[t][i] < 0) continue;
      const T* from = x + points.pixel[t][i] * channels + c;
      for (int k = 0; k < K; ++k) sum[k] = sum[k] + load<kFull>(from + k * V::size, n) * V(points.weight[t][i]);
    }
    for (int k = 0; k < K; ++k) store<kFull>(y + c + k * V::size, sum[k], n);
  }
};

// The channels of a point, fewer than a vector; kChannels says how many where the compiler can know.
template <int kChannels, class T>
static DL_INLINE void sample_pixel(const Points<T>& points, int i, const T* x, int64_t channels, T* y) {
  if constexpr (kChannels > 0) channels = kChannels;
  T sum[kChannels > 0 ? kChannels : Vec<T>::size] = {};
  for (int t = 0; t < 4; ++t) {
    if (points.pixel[t][i] < 0) continue;
    const T *from = x + points.pixel[t][i] * channels, weight = points.weight[t][i];
    for (int64_t c = 0; c < channels; ++c) sum[c] += from[c] * weight;
  }
  for (int64_t c = 0; c < channels; ++c) y[c] = sum[c];
}

// A plane at n points. Pixels outside read pixel 0 and are dropped.
template <class T>
static void sample_plane(const Points<T>& points, int n, const T* x, T* y) {
  for (int i = 0; i < n; ++i) {
    T sum = T(0);
    for (int t = 0; t < 4; ++t) {
      const auto at = points.pixel[t][i];
      const T value = x[at < 0 ? 0 : at] * points.weight[t][i];
      sum += at < 0 ? T(0) : value;
    }
    y[i] = sum;
  }
}

template <class T>
static void forward(const GridSampleArgs& a, int64_t begin, int64_t end) {
  const Strides s(a);
  Points<T> points;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / a.p;
    const T *x = static_cast<const T*>(a.x) + image * a.c * s.pixels,
            *grid = static_cast<const T*>(a.grid) + row * a.q * 2;
    for (int64_t q = 0; q < a.q; q += kPoints) {
      const int n = a.q - q < kPoints ? static_cast<int>(a.q - q) : kPoints;
      points.locate(a, grid + 2 * q, n);
      T* y = static_cast<T*>(a.out) + image * a.c * s.places + (row % a.p * a.q + q) * s.pixel;
      if (!a.channels_last)
        for (int64_t c = 0; c < a.c; ++c) sample_plane(points, n, x + c * s.pixels, y + c * s.places);
      else if (a.c >= Vec<T>::size)
        for (int i = 0; i < n; ++i) each_block<T>(a.c, Pixel<T>{points, i, x, a.c, y + i * a.c});
      else if (a.c == 3)
        for (int i = 0; i < n; ++i) sample_pixel<3>(points, i, x, a.c, y + i * a.c);
      else
        for (int i = 0; i < n; ++i) sample_pixel<0>(points, i, x, a.c, y + i * a.c);
    }
  }
}

template <class T>
static void gradient_x(const GridSampleArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const Strides s(a);
  Points<T> points;
  const int64_t blocks = (a.c + kGridChannels - 1) / kGridChannels;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t image = unit / blocks, c0 = unit % blocks * kGridChannels;
    const int64_t m = a.c - c0 < kGridChannels ? a.c - c0 : kGridChannels;
    const T* grid = static_cast<const T*>(a.grid) + image * s.places * 2;
    T* dx = static_cast<T*>(a.out) + image * a.c * s.pixels + c0 * s.x_channel;
    for (int64_t first = 0; first < s.places; first += kPoints) {
      const int n = s.places - first < kPoints ? static_cast<int>(s.places - first) : kPoints;
      const T* g = static_cast<const T*>(a.g) + image * a.c * s.places + c0 * s.y_channel + first * s.pixel;
      points.locate(a, grid + 2 * first, n);
      if (a.channels_last) {
        for (int i = 0; i < n; ++i)
          for (int t = 0; t < 4; ++t) {
            if (points.pixel[t][i] < 0) continue;
            const T *from = g + i * s.pixel, weight = points.weight[t][i];
            T* to = dx + points.pixel[t][i] * s.pixel;
            int64_t c = 0;
            for (; c + V::size <= m; c += V::size) (V::load(to + c) + V::load(from + c) * V(weight)).store(to + c);
            for (; c < m; ++c) to[c] += from[c] * weight;
          }
      } else {
        for (int64_t c = 0; c < m; ++c)
          for (int i = 0; i < n; ++i) {
            const T value = g[c * s.places + i];
            for (int t = 0; t < 4; ++t)
              if (points.pixel[t][i] >= 0) dx[c * s.pixels + points.pixel[t][i]] += value * points.weight[t][i];
          }
      }
    }
  }
}

template <class T>
static void gradient_grid(const GridSampleArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const Strides s(a);
  const int64_t whole = a.channels_last ? a.c / V::size * V::size : 0;  // channels in vectors
  Points<T> points;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / a.p;
    const T *x = static_cast<const T*>(a.x) + image * a.c * s.pixels,
            *grid = static_cast<const T*>(a.grid) + row * a.q * 2;
    T* out = static_cast<T*>(a.out) + row * a.q * 2;
    for (int64_t q = 0; q < a.q; q += kPoints) {
      const int n = a.q - q < kPoints ? static_cast<int>(a.q - q) : kPoints;
      points.locate(a, grid + 2 * q, n);
      const T* g = static_cast<const T*>(a.g) + image * a.c * s.places + (row % a.p * a.q + q) * s.pixel;
      T downs[kPoints] = {}, rights[kPoints] = {};
      for (int i = 0; i < n && whole; ++i) {
        const V down(points.down[i]), right(points.right[i]);
        V sum_down(T(0)), sum_right(T(0)), around[4];
        for (int64_t c = 0; c < whole; c += V::size) {
          for (int t = 0; t < 4; ++t)
            around[t] = points.pixel[t][i] < 0 ? V(T(0)) : V::load(x + points.pixel[t][i] * s.pixel + c);
          add_slopes(around, V::load(g + i * s.pixel + c), down, right, &sum_down, &sum_right);
        }
        downs[i] = sum_lanes(sum_down);
        rights[i] = sum_lanes(sum_right);
      }
      const auto add_channel = [&](int i, int64_t c) __attribute__((always_inline)) {
        T around[4];
        for (int t = 0; t < 4; ++t) {
          const auto at = points.pixel[t][i];
          const T value = x[c * s.x_channel + (at < 0 ? 0 : at) * s.pixel];
          around[t] = at < 0 ? T(0) : value;
        }
        add_slopes(around, g[c * s.y_channel + i * s.pixel], points.down[i], points.right[i], downs + i, rights + i);
      };
      if (a.channels_last)
        for (int i = 0; i < n; ++i)
          for (int64_t c = whole; c < a.c; ++c) add_channel(i, c);
      else
        for (int64_t c = 0; c < a.c; ++c)
          for (int i = 0; i < n; ++i) add_channel(i, c);
      for (int i = 0; i < n; ++i) {
        out[2 * (q + i)] = rights[i] * points.right_slope[i];
        out[2 * (q + i) + 1] = downs[i] * points.down_slope[i];
      }
    }
  }
}

#define KERNELS(T, NAME) \
  void grid_sample_fwd_##NAME(const GridSampleArgs& a, int64_t b, int64_t e) { forward<T>(a, b, e); } \
  void grid_sample_bwd_x_##NAME(const GridSampleArgs& a, int64_t b, int64_t e) { gradient_x<T>(a, b, e); } \
  void grid_sample_bwd_grid_##NAME(const GridSampleArgs& a, int64_t b, int64_t e) { gradient_grid<T>(a, b, e); }
KERNELS(float, f32)
KERNELS(double, f64)

}  // namespace dl::DL_ISA_NS
