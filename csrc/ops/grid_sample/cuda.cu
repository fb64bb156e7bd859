// An image at the places of a grid, and the gradients (grid_sample.h), for all points at once. Called by
// grid_sample.cpp. y: a thread an element, beside its neighbours in memory, which locates its point itself. dgrid: a
// thread a point of planes, a warp a point whose channels are neighbours. dx: the four pixels of every point are sorted
// by pixel, and a thread adds what its element gets in the order of the points: the CPU's bits, and no atomics.
// Limit: loads of four pixels at unrelated places; dx: the sort's passes.
#include "cuda/reduce.cuh"
#include "cuda/segments.cuh"
#include "ops/grid_sample/formula.h"

namespace dl::cuda {

// A point: its four pixels (row * W + column, or -1 outside), their weights, the fractions of the way to row and column
// 1, and their slopes against the grid.
template <class T>
struct Located {
  int64_t pixel[4];
  T weight[4], down, right, down_slope, right_slope;

  __device__ Located(const GridSampleArgs& a, const T* uv) {
    const Place<T> x = place(uv[0], a.w, a.padding, a.align_corners), y = place(uv[1], a.h, a.padding, a.align_corners);
    const Step<T> column = step_of(x.at, a.w, a.nearest), row = step_of(y.at, a.h, a.nearest);
    corner_weights(row.part, column.part, weight);
    down = row.part;
    right = column.part;
    down_slope = y.slope;
    right_slope = x.slope;
    const int64_t r = to_int(row.first), c = to_int(column.first);
    DL_UNROLL
    for (int k = 0; k < 4; ++k) {
      const int64_t at_row = r + k / 2, at_column = c + k % 2;
      const bool inside = at_row >= 0 && at_row < a.h && at_column >= 0 && at_column < a.w && !(a.nearest && k > 0);
      pixel[k] = inside ? at_row * a.w + at_column : -1;
    }
  }
};

// Where channel c of pixel or place `at` of an image lies; `size`: pixels or places of an image.
__device__ __forceinline__ int64_t element(const GridSampleArgs& a, int64_t image, int64_t size, int64_t at,
                                           int64_t c) {
  return a.channels_last ? (image * size + at) * a.c + c : (image * a.c + c) * size + at;
}

// Element `item` of images of `size` pixels or places, in memory order.
struct Element {
  int64_t image, at, channel;
  __device__ Element(const GridSampleArgs& a, int64_t item, int64_t size) {
    const int64_t of = a.c * size;
    image = item / of;
    at = a.channels_last ? item % of / a.c : item % size;
    channel = a.channels_last ? item % a.c : item % of / size;
  }
};

template <class T>
static __global__ void forward_kernel(GridSampleArgs a, int64_t items) {
  const int64_t places = a.p * a.q;
  const T *x = static_cast<const T*>(a.x), *grid = static_cast<const T*>(a.grid);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Element y(a, item, places);
    const Located<T> point(a, grid + 2 * (y.image * places + y.at));
    T sum = T(0);
    DL_UNROLL
    for (int k = 0; k < 4; ++k)
      if (point.pixel[k] >= 0) sum += x[element(a, y.image, a.h * a.w, point.pixel[k], y.channel)] * point.weight[k];
    static_cast<T*>(a.out)[item] = sum;
  }
}

// kLanes threads a point.
template <class T, int kLanes>
static __global__ void gradient_grid_kernel(GridSampleArgs a, int64_t points) {
  const int64_t places = a.p * a.q;
  const T *x = static_cast<const T*>(a.x), *g = static_cast<const T*>(a.g), *grid = static_cast<const T*>(a.grid);
  T* out = static_cast<T*>(a.out);
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  for (int64_t i = first_item() / kLanes; i < points; i += item_step() / kLanes) {  // a warp's lanes stay together
    const Located<T> point(a, grid + 2 * i);
    const int64_t image = i / places;
    T down = T(0), right = T(0);
    for (int64_t c = lane; c < a.c; c += kLanes) {
      T around[4];
      DL_UNROLL
      for (int k = 0; k < 4; ++k)
        around[k] = point.pixel[k] < 0 ? T(0) : x[element(a, image, a.h * a.w, point.pixel[k], c)];
      add_slopes(around, g[element(a, image, places, i % places, c)], point.down, point.right, &down, &right);
    }
    if constexpr (kLanes > 1) {
      down = warp_reduce<SumOf>(down);
      right = warp_reduce<SumOf>(right);
    }
    if (lane > 0) continue;
    out[2 * i] = right * point.right_slope;
    out[2 * i + 1] = down * point.down_slope;
  }
}

// The pixel, counted over the images from `first` on, and the weight of each corner of their points.
template <class T>
static __global__ void locate_kernel(GridSampleArgs a, int64_t first, int64_t points, int64_t* pixel, T* weight) {
  const int64_t places = a.p * a.q;
  const T* grid = static_cast<const T*>(a.grid) + 2 * first * places;
  for (int64_t i = first_item(); i < points; i += item_step()) {
    const Located<T> point(a, grid + 2 * i);
    DL_UNROLL
    for (int k = 0; k < 4; ++k) {
      pixel[4 * i + k] = point.pixel[k] < 0 ? -1 : i / places * (a.h * a.w) + point.pixel[k];
      weight[4 * i + k] = point.weight[k];
    }
  }
}

template <class T>
static __global__ void gradient_x_kernel(GridSampleArgs a, int64_t first, int64_t items, const T* weight,
                                         const KeyedPlace* sorted, const int32_t* start) {
  const int64_t places = a.p * a.q, pixels = a.h * a.w;
  const T* g = static_cast<const T*>(a.g);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Element x(a, item, pixels);
    const int64_t pixel = x.image * pixels + x.at;
    T sum = T(0);
    for (int32_t i = start[pixel]; i < start[pixel + 1]; ++i) {
      const int64_t corner = place_of(sorted[i]), point = corner / 4;
      sum += g[element(a, first + point / places, places, point % places, x.channel)] * weight[corner];
    }
    static_cast<T*>(a.out)[first * pixels * a.c + item] = sum;
  }
}

template <class T>
static void forward(const GridSampleArgs& a, int64_t rows) {
  launch("grid_sample_fwd", forward_kernel<T>, grid_stride(rows * a.q * a.c), a, rows * a.q * a.c);
}

template <class T>
static void gradient_grid(const GridSampleArgs& a, int64_t rows) {
  const int64_t points = rows * a.q;
  if (a.channels_last)
    launch("grid_sample_bwd_grid", gradient_grid_kernel<T, 32>, grid_stride(points * 32), a, points);
  else
    launch("grid_sample_bwd_grid", gradient_grid_kernel<T, 1>, grid_stride(points), a, points);
}

// As many images at a time as 32-bit pixels and corners can number.
template <class T>
static void gradient_x(const GridSampleArgs& a, int64_t units) {
  const int64_t images = units / ((a.c + kGridChannels - 1) / kGridChannels), places = a.p * a.q, pixels = a.h * a.w;
  const int64_t most = INT32_MAX / (pixels > 4 * places ? pixels : 4 * places), batch = most < images ? most : images;
  for (int64_t first = 0; first < images; first += batch) {
    const int64_t count = images - first < batch ? images - first : batch, points = count * places;
    const Scratch pixel(static_cast<std::size_t>(4 * points) * sizeof(int64_t));
    const Scratch weight(static_cast<std::size_t>(4 * points) * sizeof(T));
    launch("grid_sample_bwd_x", locate_kernel<T>, grid_stride(points), a, first, points, pixel.as<int64_t>(),
           weight.as<T>());
    const Segments by_pixel(pixel.as<const int64_t>(), 4 * points, count * pixels, -1);
    const int64_t items = count * pixels * a.c;
    launch("grid_sample_bwd_x", gradient_x_kernel<T>, grid_stride(items), a, first, items, weight.as<const T>(),
           by_pixel.items, by_pixel.start);
  }
}

#define KERNELS(T, NAME) \
  void grid_sample_fwd_##NAME(const GridSampleArgs& a, int64_t, int64_t n) { forward<T>(a, n); } \
  void grid_sample_bwd_x_##NAME(const GridSampleArgs& a, int64_t, int64_t n) { gradient_x<T>(a, n); } \
  void grid_sample_bwd_grid_##NAME(const GridSampleArgs& a, int64_t, int64_t n) { gradient_grid<T>(a, n); }
KERNELS(float, f32)
KERNELS(double, f64)

}  // namespace dl::cuda
