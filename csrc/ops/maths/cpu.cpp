// out[i] = f(x[i]) over dense memory. Called by maths.cpp on a range of elements.
// Limit: the polynomials, 20 to 60 operations a lane; float64 trigonometry and logarithms of other bases are scalar.
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC 12 warns inside its own AVX-512 headers
#include "ops/maths/formula.h"
#include "ops/maths/maths.h"
#include "ops/maths/single.h"
#include "simd/bf16.h"
#include "simd/stream.h"

namespace dl::DL_ISA_NS {

template <class F, class T>
static void vectors(const MathsArgs& a, int64_t begin, int64_t end) {
  using V = Vec<T>;
  each_tile(static_cast<T*>(a.out) + begin, end - begin, a.past_caches, [&](T* y, int64_t first, int64_t m) {
    const T* x = static_cast<const T*>(a.x) + begin + first;
    int64_t i = 0;
    for (; i + V::size <= m; i += V::size) F::of(V::load(x + i)).store(y + i);
    if (const int n = static_cast<int>(m - i)) store_n(y + i, F::of(load_n(x + i, n)), n);
  });
}

// As vectors, of angles. The large ones are replaced after a tile's loop: a call inside it would keep the polynomial's
// constants out of registers.
template <class F>
static __attribute__((noinline)) void replace_large(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (!(x[i] > -single::kTrigMax && x[i] < single::kTrigMax)) y[i] = static_cast<float>(F::exact(x[i]));
}
static DL_INLINE Vec<int32_t> larger(Vec<int32_t> a, Vec<int32_t> b) { return select(a > b, a, b); }
template <class F>
static void angles(const MathsArgs& a, int64_t begin, int64_t end) {
  using V = Vec<float>;
  using I = Vec<int32_t>;
  each_tile(static_cast<float*>(a.out) + begin, end - begin, a.past_caches, [&](float* y, int64_t first, int64_t m) {
    const float* x = static_cast<const float*>(a.x) + begin + first;
    I largest(0);  // as bits, which NaN has the most of
    int64_t i = 0;
    for (; i + V::size <= m; i += V::size) {
      const V v = V::load(x + i);
      largest = larger(largest, bits_of(abs(v)));
      F::of(v).store(y + i);
    }
    if (const int n = static_cast<int>(m - i)) {
      const V v = load_n(x + i, n);
      largest = larger(largest, bits_of(abs(v)));
      store_n(y + i, F::of(v), n);
    }
    if (max_lanes(largest) >= bits_of(V(single::kTrigMax))[0]) replace_large<F>(x, y, m);
  });
}

// float32 data in lanes of double. `n` lanes count; a whole vector's is a constant, so that a copy is one instruction.
template <class F>
static DL_INLINE void widened_step(const float* x, float* y, int n) {
  using V = Vec<double>;
  typedef float Half __attribute__((vector_size(V::size * sizeof(float))));
  const size_t bytes = sizeof(float) * static_cast<size_t>(n);
  Half t{};
  __builtin_memcpy(&t, x, bytes);
  const V v = F::of(V(__builtin_convertvector(t, V::Native)));
  t = __builtin_convertvector(v.v, Half);
  __builtin_memcpy(y, &t, bytes);
}
template <class F>
static void widened(const MathsArgs& a, int64_t begin, int64_t end) {
  constexpr int size = Vec<double>::size;
  const float* x = static_cast<const float*>(a.x);
  float* y = static_cast<float*>(a.out);
  int64_t i = begin;
  for (; i + size <= end; i += size) widened_step<F>(x + i, y + i, size);
  if (i < end) widened_step<F>(x + i, y + i, static_cast<int>(end - i));
}

static void through_float(void (*kernel)(const MathsArgs&, int64_t, int64_t), const MathsArgs& a, int64_t begin,
                          int64_t end) {
  alignas(64) float x[kWideTile], y[kWideTile];
  const MathsArgs wide{.x = x, .out = y, .past_caches = false};
  for (int64_t i = begin; i < end; i += kWideTile) {
    const int64_t n = end - i < kWideTile ? end - i : kWideTile;
    widen_run(static_cast<const BFloat16*>(a.x) + i, 1, x, n);
    kernel(wide, 0, n);
    narrow_run(y, static_cast<BFloat16*>(a.out) + i, 1, n);
  }
}

#define LIBM_F64(NAME) \
  void NAME##_f64(const MathsArgs& a, int64_t begin, int64_t end) { \
    const double* x = static_cast<const double*>(a.x); \
    double* y = static_cast<double*>(a.out); \
    for (int64_t i = begin; i < end; ++i) y[i] = __builtin_##NAME(x[i]); \
  }
#define BF16(NAME) \
  void NAME##_bf16(const MathsArgs& a, int64_t b, int64_t e) { through_float(NAME##_f32, a, b, e); }
#define SINGLE(NAME, F) \
  LIBM_F64(NAME) \
  void NAME##_f32(const MathsArgs& a, int64_t b, int64_t e) { vectors<single::F, float>(a, b, e); } \
  BF16(NAME)
#define ANGLES(NAME, F) \
  LIBM_F64(NAME) \
  void NAME##_f32(const MathsArgs& a, int64_t b, int64_t e) { angles<single::F>(a, b, e); } \
  BF16(NAME)
#define WIDE(NAME, F) \
  LIBM_F64(NAME) \
  void NAME##_f32(const MathsArgs& a, int64_t b, int64_t e) { widened<wide::F>(a, b, e); } \
  BF16(NAME)
#define VECTORS(NAME, F) \
  void NAME##_f32(const MathsArgs& a, int64_t b, int64_t e) { vectors<F, float>(a, b, e); } \
  void NAME##_f64(const MathsArgs& a, int64_t b, int64_t e) { vectors<F, double>(a, b, e); } \
  BF16(NAME)

ANGLES(sin, Sin)
ANGLES(cos, Cos)
ANGLES(tan, Tan)
SINGLE(asin, Asin)
SINGLE(acos, Acos)
SINGLE(atan, Atan)
WIDE(sinh, Sinh)
WIDE(cosh, Cosh)
SINGLE(log2, Log2)
SINGLE(log10, Log10)
SINGLE(exp2, Exp2)
VECTORS(erf, Erf)
VECTORS(expm1, Expm1)
VECTORS(log1p, Log1p)
VECTORS(rsqrt, Rsqrt)
VECTORS(floor, Floor)
VECTORS(ceil, Ceil)
VECTORS(round, Round)
VECTORS(trunc, Trunc)

}  // namespace dl::DL_ISA_NS
