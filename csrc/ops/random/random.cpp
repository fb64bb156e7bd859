#include "ops/random/random.h"

#include <cmath>
#include <utility>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/launch.h"
#include "core/rng.h"

namespace dl {
namespace {

constexpr int64_t kWords = 64;   // a group of the generator
constexpr int64_t kGrain = 512;  // groups: 32768 words, some 10 µs of rand, 60 µs of randn

Kernels<RandomArgs> uniform_kernels("rand"), normal_kernels("randn"), integer_kernels("randint");

// Fills x, dense and row-major, with the next numbers of the global generator.
void fill(Kernels<RandomArgs>& kernels, const Array& x, RandomArgs args) {
  const int64_t draws = x.dtype() == DType::f32 ? kWords : kWords / 2, groups = (x.size() + draws - 1) / draws;
  const PhiloxState state = take_positions(groups * kWords);
  args.out = x.raw();
  args.n = x.size();
  args.seed = state.seed;
  args.position = state.position;
  launch(kernels.choose(x.device(), x.dtype(), args), args, groups, kGrain, OnInterrupt::finish);
}

void fill_any_layout(const char* op, Kernels<RandomArgs>& kernels, const Array& x, const RandomArgs& args) {
  DL_CHECK(is_floating(x.dtype()), DTypeError, op, ": needs a float32 or float64 tensor, got ", x.dtype(), " of shape ",
           x.shape());
  if (x.is_contiguous()) {
    fill(kernels, x, args);
  } else {
    const Array rows = Array::empty(x.shape(), x.dtype(), x.device());
    fill(kernels, rows, args);
    copy_into(x, rows);
  }
  x.bump_version();
}

double below(double high, double low, DType dtype) {
  return dtype == DType::f32 ? std::nextafter(static_cast<float>(high), static_cast<float>(low))
                             : std::nextafter(high, low);
}

}  // namespace

void uniform_(const Array& x, double low, double high) {
  DL_CHECK(low <= high && std::isfinite(high - low), ValueError, "uniform_: needs finite low <= high, got low=", low,
           " high=", high);
  fill_any_layout("uniform_", uniform_kernels, x, {.a = low, .b = high, .top = below(high, low, x.dtype())});
}

void normal_(const Array& x, double mean, double std) {
  DL_CHECK(std >= 0, ValueError, "normal_: the standard deviation must not be negative, got ", std);
  DL_CHECK(std::isfinite(mean) && std::isfinite(std), ValueError, "normal_: needs a finite mean and std, got ", mean,
           " and ", std);
  fill_any_layout("normal_", normal_kernels, x, {.a = mean, .b = std});
}

Array rand(const Dims& shape, DType dtype, Device device) {
  const Array out = Array::empty(shape, dtype, device);
  uniform_(out, 0, 1);
  return out;
}

Array randn(const Dims& shape, DType dtype, Device device) {
  const Array out = Array::empty(shape, dtype, device);
  normal_(out, 0, 1);
  return out;
}

Array randint(int64_t low, int64_t high, const Dims& shape, Device device) {
  DL_CHECK(low < high, ValueError, "randint: needs low < high, got low=", low, " high=", high);
  const Array out = Array::empty(shape, DType::i64, device);
  fill(integer_kernels, out, {.low = low, .range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low)});
  return out;
}

// Fisher and Yates' shuffle: element i changes places with one of 0 … i.
Array randperm(int64_t n) {
  DL_CHECK(n >= 0, ValueError, "randperm: n must not be negative, got ", n);
  const Array bits = Array::empty({n}, DType::i64), out = Array::empty({n}, DType::i64);
  fill(integer_kernels, bits, {});
  const auto* w = bits.data<uint64_t>();
  auto* p = out.data<int64_t>();
  for (int64_t i = 0; i < n; ++i) p[i] = i;
  for (int64_t i = n - 1; i > 0; --i) {
    const auto j = static_cast<int64_t>(static_cast<unsigned __int128>(w[i]) * static_cast<uint64_t>(i + 1) >> 64);
    std::swap(p[i], p[j]);
  }
  return out;
}

}  // namespace dl
