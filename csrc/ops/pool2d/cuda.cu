// Max and average pools (pool2d.h) for all rows or planes at once: a thread an element of y, or of dx, which adds the
// windows that cover it in ascending order. Neighbouring threads take neighbouring elements in memory. The axes' tables
// go to the device with the launch.
// Limit: memory bandwidth: windows that overlap are read again from the caches.
#include "cuda/launch.h"
#include "cuda/scratch.h"
#include "ops/pool2d/pool2d.h"

namespace dl::cuda {

// An axis with its tables in device memory, which live as long as this does.
class HeldAxis {
 public:
  explicit HeldAxis(const PoolAxis& a)
      : windows_(a.windows, static_cast<std::size_t>(a.out)),
        cover_at_(a.cover_at, static_cast<std::size_t>(a.cover_at ? a.in + 1 : 0)),
        covers_(a.covers, static_cast<std::size_t>(a.cover_at ? a.cover_at[a.in] : 0)),
        axis(a) {
    axis.windows = windows_.as<PoolWindow>();
    axis.cover_at = cover_at_.as<int32_t>();
    axis.covers = covers_.as<PoolCover>();
  }

 private:
  Scratch windows_, cover_at_, covers_;

 public:
  PoolAxis axis;
};

// Item `item` of images of channels × rows × columns in either layout: where its plane begins, the step between
// neighbours of the plane, and its place.
struct Place {
  int64_t image, channel, row, column;

  __device__ Place(const PoolArgs& a, int64_t item, int64_t rows, int64_t columns) {
    if (a.channels_last) {
      channel = item % a.channels;
      item /= a.channels;
    }
    column = item % columns;
    row = item / columns % rows;
    image = item / columns / rows;
    if (!a.channels_last) {
      channel = image % a.channels;
      image /= a.channels;
    }
  }
  // Of the same plane of images of other sizes.
  __device__ int64_t at(const PoolArgs& a, int64_t rows, int64_t columns, int64_t r, int64_t c) const {
    return a.channels_last ? ((image * rows + r) * columns + c) * a.channels + channel
                           : ((image * a.channels + channel) * rows + r) * columns + c;
  }
};

template <class T, class I>
static __global__ void max_fwd_kernel(PoolArgs a, int64_t items) {
  const T* x = static_cast<const T*>(a.x);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Place p(a, item, a.h.out, a.w.out);
    const PoolWindow h = a.h.windows[p.row], w = a.w.windows[p.column];
    const bool none = h.first >= h.last || w.first >= w.last;
    T best = T(-INFINITY);
    int64_t tap = none ? a.h.taps * a.w.taps : h.first * a.w.taps + w.first;
    for (int64_t r = h.first; r < h.last; ++r)
      for (int64_t s = w.first; s < w.last; ++s) {
        const T v = x[p.at(a, a.h.in, a.w.in, h.start + r * a.h.dilation, w.start + s * a.w.dilation)];
        if (!(v > best || v != v)) continue;
        best = v;
        tap = r * a.w.taps + s;
      }
    static_cast<T*>(a.y)[item] = best;
    if (a.taps) static_cast<I*>(a.taps)[item] = static_cast<I>(tap);
  }
}

template <class T, class I>
static __global__ void max_bwd_kernel(PoolArgs a, int64_t items) {
  const T* g = static_cast<const T*>(a.x);
  const I* taps = static_cast<const I*>(a.taps);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Place p(a, item, a.h.in, a.w.in);
    T sum = T(0);
    for (int32_t i = a.h.cover_at[p.row]; i < a.h.cover_at[p.row + 1]; ++i)
      for (int32_t j = a.w.cover_at[p.column]; j < a.w.cover_at[p.column + 1]; ++j) {
        const PoolCover u = a.h.covers[i], v = a.w.covers[j];
        const int64_t at = p.at(a, a.h.out, a.w.out, u.out, v.out);
        if (static_cast<int64_t>(taps[at]) == u.tap * a.w.taps + v.tap) sum += g[at];
      }
    static_cast<T*>(a.y)[item] = sum;
  }
}

template <class T>
static __global__ void avg_fwd_kernel(PoolArgs a, int64_t items) {
  const T* x = static_cast<const T*>(a.x);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Place p(a, item, a.h.out, a.w.out);
    const PoolWindow h = a.h.windows[p.row], w = a.w.windows[p.column];
    T sum = T(0);
    for (int64_t r = h.first; r < h.last; ++r) {
      T row = T(0);
      for (int64_t s = w.first; s < w.last; ++s)
        row += x[p.at(a, a.h.in, a.w.in, h.start + r * a.h.dilation, w.start + s * a.w.dilation)];
      sum += row;
    }
    const double divisor = a.divisor != 0 ? a.divisor : static_cast<double>(h.span * w.span);
    static_cast<T*>(a.y)[item] = sum / static_cast<T>(divisor);
  }
}

template <class T>
static __global__ void avg_bwd_kernel(PoolArgs a, int64_t items) {
  const T* g = static_cast<const T*>(a.x);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Place p(a, item, a.h.in, a.w.in);
    T sum = T(0);
    for (int32_t i = a.h.cover_at[p.row]; i < a.h.cover_at[p.row + 1]; ++i) {
      T row = T(0);
      for (int32_t j = a.w.cover_at[p.column]; j < a.w.cover_at[p.column + 1]; ++j) {
        const int64_t u = a.h.covers[i].out, v = a.w.covers[j].out;
        const double share = a.divisor != 0 ? 1 / a.divisor : a.h.windows[u].share * a.w.windows[v].share;
        row += g[p.at(a, a.h.out, a.w.out, u, v)] * static_cast<T>(share);
      }
      sum += row;
    }
    static_cast<T*>(a.y)[item] = sum;
  }
}

// n: rows (channels last) or planes; `rows` and `columns` are those of what is written.
static int64_t items_of(const PoolArgs& a, int64_t n, int64_t rows, int64_t columns) {
  return a.channels_last ? n * columns * a.channels : n * rows * columns;
}

static void run(const char* name, void (*kernel)(PoolArgs, int64_t), PoolArgs a, int64_t items) {
  const HeldAxis h(a.h), w(a.w);
  a.h = h.axis;
  a.w = w.axis;
  launch(name, kernel, grid_stride(items), a, items);
}

template <class T>
static void max_fwd(const PoolArgs& a, int64_t n) {
  const int64_t items = items_of(a, n, a.h.out, a.w.out);
  run("max_pool2d_fwd", a.wide ? max_fwd_kernel<T, int32_t> : max_fwd_kernel<T, uint8_t>, a, items);
}
template <class T>
static void max_bwd(const PoolArgs& a, int64_t n) {
  const int64_t items = items_of(a, n, a.h.in, a.w.in);
  run("max_pool2d_bwd", a.wide ? max_bwd_kernel<T, int32_t> : max_bwd_kernel<T, uint8_t>, a, items);
}
template <class T>
static void avg_fwd(const PoolArgs& a, int64_t n) {
  run("avg_pool2d_fwd", avg_fwd_kernel<T>, a, items_of(a, n, a.h.out, a.w.out));
}
template <class T>
static void avg_bwd(const PoolArgs& a, int64_t n) {
  run("avg_pool2d_bwd", avg_bwd_kernel<T>, a, items_of(a, n, a.h.in, a.w.in));
}

void max_pool2d_fwd_f32(const PoolArgs& a, int64_t, int64_t n) { max_fwd<float>(a, n); }
void max_pool2d_fwd_f64(const PoolArgs& a, int64_t, int64_t n) { max_fwd<double>(a, n); }
void max_pool2d_bwd_f32(const PoolArgs& a, int64_t, int64_t n) { max_bwd<float>(a, n); }
void max_pool2d_bwd_f64(const PoolArgs& a, int64_t, int64_t n) { max_bwd<double>(a, n); }
void avg_pool2d_fwd_f32(const PoolArgs& a, int64_t, int64_t n) { avg_fwd<float>(a, n); }
void avg_pool2d_fwd_f64(const PoolArgs& a, int64_t, int64_t n) { avg_fwd<double>(a, n); }
void avg_pool2d_bwd_f32(const PoolArgs& a, int64_t, int64_t n) { avg_bwd<float>(a, n); }
void avg_pool2d_bwd_f64(const PoolArgs& a, int64_t, int64_t n) { avg_bwd<double>(a, n); }

}  // namespace dl::cuda
