// Fourier transforms (stft.h), a block a row: Stockham's order, one pass a prime factor (fours together) between two
// lines in shared memory, or in global memory where a row is too long; a thread a butterfly, or two results of an odd
// factor's. The CPU's butterflies, hence its bits. Called by stft.cpp for all rows at once.
// Limit: shared memory's reads and writes, log N of each; memory bandwidth for short rows.
#include "cuda/launch.h"
#include "cuda/scratch.h"
#include "ops/stft/formula.h"

namespace dl::cuda {

constexpr std::size_t kSharedBytes = 48 << 10;  // what a block has without asking for more: 3072 complex float32 twice

template <class T>
struct Line {
  using Number = T;
  T* data;
  __device__ Complex<T> operator[](int64_t i) const { return {data[2 * i], data[2 * i + 1]}; }
  __device__ void set(int64_t i, Complex<T> z) const {
    data[2 * i] = z.re;
    data[2 * i + 1] = z.im;
  }
};

// f(i) for every i < n, by the threads of the block; then all of them have finished.
template <class F>
__device__ void each_of_block(int64_t n, const F& f) {
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) f(i);
  __syncthreads();
}

template <class T>
__device__ void pass_of(const Line<T>& x, const Line<T>& y, const T* roots, const Pass& p) {
  const int64_t butterflies = p.size / p.factor * p.stride;
  if (p.factor == 4) {
    each_of_block(butterflies, [&](int64_t i) {
      const int64_t q = i / p.stride, j = q * p.stride * p.unit;
      butterfly_of_4(x, y, wings(p, 4, q, i % p.stride), root<T>(roots, j), root<T>(roots, 2 * j),
                     root<T>(roots, 3 * j));
    });
  } else if (p.factor == 2) {
    each_of_block(butterflies, [&](int64_t i) {
      const int64_t q = i / p.stride;
      butterfly_of_2(x, y, wings(p, 2, q, i % p.stride), root<T>(roots, q * p.stride * p.unit));
    });
  } else {
    each_of_block(butterflies * (1 + p.factor / 2), [&](int64_t i) {
      const int64_t r = i / butterflies, q = i % butterflies / p.stride;
      const Wings w = wings(p, p.factor, q, i % p.stride);
      if (r == 0)
        y.set(w.to, odd_sum(x, w, p.factor));
      else
        odd_pair(x, y, w, p.factor, r, roots, p.points / p.factor * p.unit, q * p.stride * p.unit);
    });
  }
}

// The transform of a; the result is in the line that is handed back.
template <class T>
__device__ Line<T> transform(const DftArgs& args, Line<T> a, Line<T> b) {
  Pass p{args.transform, args.points / args.transform, args.transform, 1, 0};
  for (int i = 0; i < args.factors; ++i) {
    p.factor = args.factor[i];
    pass_of(a, b, static_cast<const T*>(args.roots), p);
    p.size /= p.factor;
    p.stride *= p.factor;
    const Line<T> t = a;
    a = b;
    b = t;
  }
  return a;
}

// The two lines of this block.
template <class T>
struct Lines {
  Line<T> a, b;
  __device__ explicit Lines(const DftArgs& args)
      : a{args.work ? static_cast<T*>(args.work) + 4 * args.transform * blockIdx.x : dynamic_shared<T>()},
        b{a.data + 2 * args.transform} {}
};

template <class T>
static __global__ void forward_kernel(const __grid_constant__ DftArgs args, int64_t rows) {
  const Lines<T> lines(args);
  const int64_t n = args.points, width = args.frequencies;
  const T* window = static_cast<const T*>(args.window);
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* x =
        static_cast<const T*>(args.x) + row / args.inner * args.outer_step + row % args.inner * args.inner_step;
    each_of_block(n, [&](int64_t i) {
      const T value = x[i] * (window ? window[i] : T(1));
      if (args.transform < n)
        lines.a.data[i] = value;  // even points are real parts, odd ones imaginary parts
      else
        lines.a.set(i, {value, T(0)});
    });
    const Line<T> z = transform(args, lines.a, lines.b);
    T* y = static_cast<T*>(args.y) + 2 * row * width;
    each_of_block(width, [&](int64_t k) {
      const Complex<T> c = frequency<T>(args, z, k);
      y[2 * k] = c.re;
      y[2 * k + 1] = c.im;
    });
  }
}

template <class T>
static __global__ void adjoint_kernel(const __grid_constant__ DftArgs args, int64_t rows) {
  const Lines<T> lines(args);
  const int64_t n = args.points, width = args.frequencies;
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* x = static_cast<const T*>(args.x) + 2 * row * width;
    each_of_block(n, [&](int64_t k) {
      lines.a.set(k, k < width ? Complex<T>{x[2 * k], -x[2 * k + 1]} : Complex<T>{T(0), T(0)});  // its conjugate
    });
    const Line<T> z = transform(args, lines.a, lines.b);
    T* y = static_cast<T*>(args.y) + row * n;
    each_of_block(n, [&](int64_t i) { y[i] = z[i].re; });
  }
}

template <class T>
static void run(const char* name, void (*kernel)(DftArgs, int64_t), DftArgs args, int64_t rows) {
  constexpr int64_t kMost = 132 * 16;  // as an H100's 132 SMs hold of small blocks; a block then takes several rows
  const int64_t blocks = rows < kMost ? rows : kMost, butterflies = (args.transform / 4 + 31) / 32 * 32;
  const auto threads = static_cast<unsigned>(butterflies < 32 ? 32 : butterflies < 256 ? butterflies : 256);
  const std::size_t bytes = static_cast<std::size_t>(4 * args.transform) * sizeof(T);
  const bool fits = bytes <= kSharedBytes;
  const Scratch lines(fits ? 0 : bytes * static_cast<std::size_t>(blocks));
  args.work = lines.as<void>();
  launch(name, kernel,
         {.blocks = dim3(static_cast<unsigned>(blocks)), .threads = dim3(threads), .shared_bytes = fits ? bytes : 0},
         args, rows);
}

void dft_fwd_f32(const DftArgs& a, int64_t, int64_t n) { run<float>("dft_fwd", forward_kernel<float>, a, n); }
void dft_fwd_f64(const DftArgs& a, int64_t, int64_t n) { run<double>("dft_fwd", forward_kernel<double>, a, n); }
void dft_bwd_f32(const DftArgs& a, int64_t, int64_t n) { run<float>("dft_bwd", adjoint_kernel<float>, a, n); }
void dft_bwd_f64(const DftArgs& a, int64_t, int64_t n) { run<double>("dft_bwd", adjoint_kernel<double>, a, n); }

}  // namespace dl::cuda
