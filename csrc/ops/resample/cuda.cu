// Images in another size, and the gradient (resample.h), for all rows at once: a thread an element of y, or of dx,
// beside its neighbours in memory. An element of dx adds the elements of g that read it in ascending order. The axes'
// tables go to the device with the launch.
// Limit: memory bandwidth: pixels that several elements read come from the caches.
#include "cuda/launch.h"
#include "cuda/scratch.h"
#include "ops/resample/formula.h"
#include "ops/resample/resample.h"

namespace dl::cuda {

// An axis with its tables in device memory, which live as long as this does. T: the weights.
template <class T>
class HeldAxis {
  using Size = std::size_t;

 public:
  explicit HeldAxis(const ResampleAxis& a)
      : low_(a.low, forward(a)),
        high_(a.high, forward(a)),
        low_weight_(static_cast<const T*>(a.low_weight), forward(a)),
        high_weight_(static_cast<const T*>(a.high_weight), forward(a)),
        cover_at_(a.cover_at, static_cast<Size>(a.cover_at ? a.in + 1 : 0)),
        cover_(a.cover, covers(a)),
        cover_weight_(static_cast<const T*>(a.cover_weight), covers(a)),
        axis{.in = a.in,
             .out = a.out,
             .low = low_.as<int32_t>(),
             .high = high_.as<int32_t>(),
             .low_weight = low_weight_.template as<void>(),
             .high_weight = high_weight_.template as<void>(),
             .cover_at = cover_at_.as<int32_t>(),
             .cover = cover_.as<int32_t>(),
             .cover_weight = cover_weight_.template as<void>()} {}

 private:
  static Size forward(const ResampleAxis& a) { return static_cast<Size>(a.cover_at ? 0 : a.out); }
  static Size covers(const ResampleAxis& a) { return static_cast<Size>(a.cover_at ? a.cover_at[a.in] : 0); }

  Scratch low_, high_, low_weight_, high_weight_, cover_at_, cover_, cover_weight_;

 public:
  ResampleAxis axis;
};

// Element `item` of images of rows × columns × channels.
struct Place {
  int64_t channel, column, row, image;
  __device__ Place(int64_t item, int64_t rows, int64_t columns, int64_t channels)
      : channel(item % channels),
        column(item / channels % columns),
        row(item / channels / columns % rows),
        image(item / channels / columns / rows) {}
};

template <class T>
static __global__ void nearest_kernel(ResampleArgs a, int64_t items) {
  const T* x = static_cast<const T*>(a.x);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Place p(item, a.h.out, a.w.out, a.channels);
    const int64_t at = (p.image * a.h.in + a.h.low[p.row]) * a.w.in + a.w.low[p.column];
    static_cast<T*>(a.y)[item] = x[at * a.channels + p.channel];
  }
}

template <class T>
static __global__ void linear_kernel(ResampleArgs a, int64_t items) {
  const T *x = static_cast<const T*>(a.x), *h0 = static_cast<const T*>(a.h.low_weight);
  const T *h1 = static_cast<const T*>(a.h.high_weight), *w0 = static_cast<const T*>(a.w.low_weight);
  const T* w1 = static_cast<const T*>(a.w.high_weight);
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Place p(item, a.h.out, a.w.out, a.channels);
    const T* image = x + p.image * a.h.in * a.w.in * a.channels + p.channel;
    const T *top = image + a.h.low[p.row] * a.w.in * a.channels,
            *bottom = image + a.h.high[p.row] * a.w.in * a.channels;
    const int64_t i = a.w.low[p.column] * a.channels, j = a.w.high[p.column] * a.channels;
    static_cast<T*>(a.y)[item] =
        blend(top[i], top[j], bottom[i], bottom[j], h0[p.row], h1[p.row], w0[p.column], w1[p.column]);
  }
}

// What reads one row or column of x: elements `step` apart.
template <class T>
struct Covers {
  const int32_t* out;
  const T* weight;
  int64_t n, step;
  __device__ Covers(const ResampleAxis& axis, int64_t i, int64_t step)
      : out(axis.cover + axis.cover_at[i]),
        weight(static_cast<const T*>(axis.cover_weight) + axis.cover_at[i]),
        n(axis.cover_at[i + 1] - axis.cover_at[i]),
        step(step) {}
  template <class F>
  __device__ T sum(const F& of) const {
    T total = T(0);
    for (int64_t k = 0; k < n; ++k) total += of(out[k] * step) * weight[k];
    return total;
  }
};

template <class T>
static __global__ void gradient_kernel(ResampleArgs a, int64_t items) {
  for (int64_t item = first_item(); item < items; item += item_step()) {
    const Place p(item, a.h.in, a.w.in, a.channels);
    const T* g = static_cast<const T*>(a.x) + p.image * a.h.out * a.w.out * a.channels + p.channel;
    const Covers<T> h(a.h, p.row, a.w.out * a.channels), w(a.w, p.column, a.channels);
    const bool plane = a.channels == 1;  // the CPU's order of the sums
    const Covers<T>&outer = plane ? w : h, &inner = plane ? h : w;
    static_cast<T*>(a.y)[item] = outer.sum([&](int64_t i) { return inner.sum([&](int64_t j) { return g[i + j]; }); });
  }
}

// Weight: what the tables hold, float32 for uint8 images too.
template <class Weight>
static void run(const char* name, void (*kernel)(ResampleArgs, int64_t), ResampleArgs a, int64_t items) {
  const HeldAxis<Weight> h(a.h), w(a.w);
  a.h = h.axis;
  a.w = w.axis;
  launch(name, kernel, grid_stride(items), a, items);
}

void resample_nearest_u8(const ResampleArgs& a, int64_t, int64_t n) {
  run<float>("resample_nearest", nearest_kernel<uint8_t>, a, n * a.w.out * a.channels);
}
#define KERNELS(T, NAME) \
  void resample_nearest_##NAME(const ResampleArgs& a, int64_t, int64_t n) { \
    run<T>("resample_nearest", nearest_kernel<T>, a, n * a.w.out * a.channels); \
  } \
  void resample_linear_##NAME(const ResampleArgs& a, int64_t, int64_t n) { \
    run<T>("resample_linear", linear_kernel<T>, a, n * a.w.out * a.channels); \
  } \
  void resample_bwd_##NAME(const ResampleArgs& a, int64_t, int64_t n) { \
    run<T>("resample_bwd", gradient_kernel<T>, a, n * a.w.in * a.channels); \
  }
KERNELS(float, f32)
KERNELS(double, f64)

}  // namespace dl::cuda
