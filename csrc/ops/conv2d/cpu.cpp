// Convolutions of one channel a group, vectorised over the channels. Called by depthwise.cpp on a range of rows.
//   y[n,p,q,c] = b[c] + sum over the taps inside the image of x[…,c] w[r,s,c]; dx and dw likewise
// Limit: two loads for each multiply-add, x and w both from L1: half the peak.
#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/first_layer_sums.h"
#include "simd/vec.h"

namespace dl::DL_ISA_NS {

template <class T>
static DL_INLINE int lanes(int64_t left) {
  return left < Vec<T>::size ? static_cast<int>(left) : Vec<T>::size;
}

// The taps i of `kernel` with 0 <= at + i * dilation < size.
struct Span {
  int64_t begin, end;
};
static DL_INLINE Span inside(int64_t at, int64_t dilation, int64_t kernel, int64_t size) {
  int64_t begin = 0, end = kernel;
  while (begin < end && at + begin * dilation < 0) ++begin;
  while (end > begin && at + (end - 1) * dilation >= size) --end;
  return {begin, end};
}

template <class T>
static void depthwise_fwd(const DepthwiseArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const ConvShape& s = a.shape;
  const T *taps = static_cast<const T*>(a.taps), *bias = static_cast<const T*>(a.bias);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t n = row / s.p, h = row % s.p * s.stride_h - s.top;
    const Span rs = inside(h, s.dilation_h, s.r, s.h);
    const T* image = static_cast<const T*>(a.x) + n * a.x_stride[0];
    for (int64_t q = 0; q < s.q; ++q) {
      const int64_t w = q * s.stride_w - s.left;
      const Span ss = inside(w, s.dilation_w, s.s, s.w);
      T* y = static_cast<T*>(a.out) + (row * s.q + q) * s.c;
      for (int64_t c = 0; c < s.c; c += V::size) {
        const int count = lanes<T>(s.c - c);
        V acc = bias ? load_part(bias + c, count) : V(T(0));
        for (int64_t i = rs.begin; i < rs.end; ++i)
          for (int64_t j = ss.begin; j < ss.end; ++j) {
            const T* x = image + (h + i * s.dilation_h) * a.x_stride[1] + (w + j * s.dilation_w) * a.x_stride[2] + c;
            acc = muladd(load_part(x, count), load_part(taps + (i * s.s + j) * s.c + c, count), acc);
          }
        store_part(y + c, acc, count);
      }
    }
  }
}

// Input row h is read by output row p through tap i when p * stride = h + pad - i * dilation.
static DL_INLINE int64_t reader(int64_t at, int64_t stride, int64_t size) {  // -1: none
  return at >= 0 && at % stride == 0 && at / stride < size ? at / stride : -1;
}

template <class T>
static void depthwise_bwd_x(const DepthwiseArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const ConvShape& s = a.shape;
  const T* taps = static_cast<const T*>(a.taps);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t n = row / s.h, h = row % s.h;
    for (int64_t w = 0; w < s.w; ++w) {
      T* dx = static_cast<T*>(a.out) + (row * s.w + w) * s.c;
      for (int64_t c = 0; c < s.c; c += V::size) {
        const int count = lanes<T>(s.c - c);
        V acc(T(0));
        for (int64_t i = 0; i < s.r; ++i) {
          const int64_t p = reader(h + s.top - i * s.dilation_h, s.stride_h, s.p);
          if (p < 0) continue;
          for (int64_t j = 0; j < s.s; ++j) {
            const int64_t q = reader(w + s.left - j * s.dilation_w, s.stride_w, s.q);
            if (q < 0) continue;
            const T* g = static_cast<const T*>(a.g) + ((n * s.p + p) * s.q + q) * s.c + c;
            acc = muladd(load_part(g, count), load_part(taps + (i * s.s + j) * s.c + c, count), acc);
          }
        }
        store_part(dx + c, acc, count);
      }
    }
  }
}

// One tap of one row of y: sum over q of g x.
template <class T>
static DL_INLINE Vec<T> row_of_tap(const DepthwiseArgs& a, const T* g, const T* x, int64_t j, int count, Vec<T> acc) {
  const ConvShape& s = a.shape;
  for (int64_t q = 0; q < s.q; ++q) {
    const int64_t w = q * s.stride_w - s.left + j * s.dilation_w;
    if (w < 0 || w >= s.w) continue;
    acc = muladd(load_part(g + q * s.c, count), load_part(x + w * a.x_stride[2], count), acc);
  }
  return acc;
}

template <class T>
static void depthwise_bwd_w(const DepthwiseArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  const ConvShape& s = a.shape;
  for (int64_t chunk = begin; chunk < end; ++chunk) {
    const int64_t first = chunk * a.chunk_rows, stop = first + a.chunk_rows, rows = s.n * s.p;
    T* out = static_cast<T*>(a.out) + chunk * s.r * s.s * s.c;
    __builtin_memset(out, 0, static_cast<size_t>(s.r * s.s * s.c) * sizeof(T));
    for (int64_t row = first; row < stop && row < rows; ++row) {
      const int64_t n = row / s.p;
      const T* g = static_cast<const T*>(a.g) + row * s.q * s.c;
      for (int64_t i = 0; i < s.r; ++i) {
        const int64_t h = row % s.p * s.stride_h - s.top + i * s.dilation_h;
        if (h < 0 || h >= s.h) continue;
        const T* x = static_cast<const T*>(a.x) + n * a.x_stride[0] + h * a.x_stride[1];
        for (int64_t j = 0; j < s.s; ++j) {
          T* sum = out + (i * s.s + j) * s.c;
          for (int64_t c = 0; c < s.c; c += V::size) {
            const int count = lanes<T>(s.c - c);
            store_part(sum + c, row_of_tap(a, g + c, x + c, j, count, load_part(sum + c, count)), count);
          }
        }
      }
    }
  }
}

void depthwise_fwd_f32(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_fwd<float>(a, b, e); }
void depthwise_fwd_f64(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_fwd<double>(a, b, e); }
void depthwise_bwd_x_f32(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_x<float>(a, b, e); }
void depthwise_bwd_x_f64(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_x<double>(a, b, e); }
void depthwise_bwd_w_f32(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_w<float>(a, b, e); }
void depthwise_bwd_w_f64(const DepthwiseArgs& a, int64_t b, int64_t e) { depthwise_bwd_w<double>(a, b, e); }

void first_layer_fwd_f32(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_fwd<float>(a, b, e); }
void first_layer_fwd_f64(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_fwd<double>(a, b, e); }
void first_layer_bwd_w_f32(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_bwd_w<float>(a, b, e); }
void first_layer_bwd_w_f64(const FirstLayerArgs& a, int64_t b, int64_t e) { first_layer_bwd_w<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
