// The launchers that the manifests name, called directly on exact-size buffers, against the shared formula on the host:
// equal bits on the shim and, built by nvcc, on a GPU. Under AddressSanitizer this is the run that sees every access.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "blocks/copy/copy.h"
#include "check.h"
#include "core/flush_subnormals.h"
#include "ops/activation/activation.h"
#include "ops/activation/formula.h"

namespace dl::cuda {
#define KERNELS(NAME) \
  void NAME##_fwd_f32(const ActArgs&, int64_t begin, int64_t end); \
  void NAME##_fwd_f64(const ActArgs&, int64_t begin, int64_t end); \
  void NAME##_bwd_f32(const ActArgs&, int64_t begin, int64_t end); \
  void NAME##_bwd_f64(const ActArgs&, int64_t begin, int64_t end);
KERNELS(relu)
KERNELS(leaky_relu)
KERNELS(sigmoid)
KERNELS(tanh)
KERNELS(elu)
KERNELS(celu)
KERNELS(gelu)
KERNELS(gelu_tanh)
KERNELS(silu)
KERNELS(mish)
KERNELS(softplus)
KERNELS(logsigmoid)
KERNELS(hardtanh)
KERNELS(hardsigmoid)
KERNELS(hardswish)
KERNELS(softsign)
#undef KERNELS
void copy_i64(const CopyArgs&, int64_t begin, int64_t end);
}  // namespace dl::cuda

using namespace check;
namespace cuda = dl::cuda;

namespace {

using Launcher = void (*)(const dl::ActArgs&, int64_t begin, int64_t end);

constexpr std::size_t kSizes[] = {1, 2, 3, 4, 5, 7, 64, 255, 1027};
constexpr std::size_t kOffsets[] = {0, 1, 4};  // of the operands, in elements: aligned, misaligned, aligned

template <class T>
std::vector<T> samples(std::size_t n, unsigned seed) {
  const T special[] = {0, T(-0.0), 1, -1, 100, -100, INFINITY, -INFINITY, NAN, T(1e-30), T(0.1), T(-17.5)};
  return numbers<T>(n, [&](std::size_t i) {
    const std::uint32_t r = static_cast<std::uint32_t>(i + seed) * 2654435761u;
    return i < 12 ? special[i] : T(static_cast<std::int32_t>(r)) / T(1 << 28);
  });
}

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0 || (a != a && b != b);
}

template <template <class> class F, class T>
void check_forward(Launcher launcher) {
  for (const std::size_t n : kSizes)
    for (const std::size_t offset : kOffsets) {
      const auto x = samples<T>(offset + n, 1);
      Device<T> in(x), out(std::vector<T>(offset + n, T(NAN)));  // all of it is copied back
      const dl::ActArgs args{.x = in.at + offset, .g = nullptr, .out = out.at + offset, .alpha = 0.25, .beta = 1.5};
      launcher(args, 0, n);
      const auto y = out.host();
      const dl::FlushSubnormals flush;  // as on the device, and in every kernel of the CPU
      for (std::size_t i = offset; i < offset + n; ++i) EXPECT(same_bits(y[i], F<T>::fwd(x[i], T(0.25), T(1.5))));
    }
}

template <template <class> class F, class T>
void check_backward(Launcher launcher) {
  for (const std::size_t n : kSizes)
    for (const std::size_t offset : kOffsets) {
      const auto g = samples<T>(offset + n, 2), saved = samples<T>(n, 3);  // saved is aligned always
      Device<T> grad(g), in(saved), out(n);
      const dl::ActArgs args{.x = in.at, .g = grad.at + offset, .out = out.at, .alpha = 0.25, .beta = 1.5};
      launcher(args, 0, n);
      const auto dx = out.host();
      const dl::FlushSubnormals flush;
      for (std::size_t i = 0; i < n; ++i) EXPECT(same_bits(dx[i], F<T>::bwd(g[offset + i], saved[i], T(0.25), T(1.5))));
    }
}

#define ACTIVATION(NAME, FORMULA) \
  TEST(NAME##_forward) { \
    check_forward<cuda::FORMULA, float>(cuda::NAME##_fwd_f32); \
    check_forward<cuda::FORMULA, double>(cuda::NAME##_fwd_f64); \
  } \
  TEST(NAME##_backward) { \
    check_backward<cuda::FORMULA, float>(cuda::NAME##_bwd_f32); \
    check_backward<cuda::FORMULA, double>(cuda::NAME##_bwd_f64); \
  }
ACTIVATION(relu, Relu)
ACTIVATION(leaky_relu, LeakyRelu)
ACTIVATION(sigmoid, Sigmoid)
ACTIVATION(tanh, Tanh)
ACTIVATION(elu, Elu)
ACTIVATION(celu, Celu)
ACTIVATION(gelu, Gelu)
ACTIVATION(gelu_tanh, GeluTanh)
ACTIVATION(silu, Silu)
ACTIVATION(mish, Mish)
ACTIVATION(softplus, Softplus)
ACTIVATION(logsigmoid, LogSigmoid)
ACTIVATION(hardtanh, Hardtanh)
ACTIVATION(hardsigmoid, Hardsigmoid)
ACTIVATION(hardswish, Hardswish)
ACTIVATION(softsign, Softsign)

TEST(an_activation_may_write_over_its_input) {
  const auto x = samples<float>(1001, 4);
  Device<float> io(x);
  cuda::leaky_relu_fwd_f32({.x = io.at, .g = nullptr, .out = io.at, .alpha = 0.25, .beta = 1.5}, 0, 1001);
  const auto y = io.host();
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT(same_bits(y[i], cuda::LeakyRelu<float>::fwd(x[i], 0.25f, 1.5f)));
}

TEST(an_activation_covers_more_than_a_grid) {
  const std::size_t n = 4 * 132 * 8 * 256 + 1029;  // grid_stride's most blocks, each thread a 16-byte load, and more
  const auto x = samples<float>(n, 5);
  Device<float> in(x), out(n);
  cuda::relu_fwd_f32({.x = in.at, .g = nullptr, .out = out.at, .alpha = 0, .beta = 0}, 0, n);
  const auto y = out.host();
  for (std::size_t i = 0; i < n; ++i) EXPECT(same_bits(y[i], cuda::Relu<float>::fwd(x[i], 0, 0)));
}

TEST(copy_walks_a_strided_nest_and_converts) {
  // dst (5, 3) row-major; src the transpose of a (3, 7) array's first five columns.
  const auto x = numbers<double>(21, [](std::size_t i) { return static_cast<double>(i) + 0.5; });
  Device<double> src(x);
  Device<int64_t> dst(std::vector<int64_t>(15, -1));
  const dl::Nest nest{.ndim = 2, .size = {3, 5}, .stride = {{1, 3}, {7, 1}}};
  const dl::CopyArgs args{.src = src.at,
                          .dst = dst.at,
                          .scalar = {},
                          .src_dtype = dl::DType::f64,
                          .dst_dtype = dl::DType::i64,
                          .nest = nest};
  cuda::copy_i64(args, 0, 15);
  const auto got = dst.host();
  for (int r = 0; r < 5; ++r)
    for (int c = 0; c < 3; ++c) EXPECT(got[r * 3 + c] == 7 * c + r);
}

}  // namespace
