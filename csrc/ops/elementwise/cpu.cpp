// out[i] = f(in0[i], in1[i], in2[i]) over a Nest. Called by elementwise.cpp on a range of elements.
// Limit: memory bandwidth, except pow (a double exp and log a lane, some 60 operations) and exp, log (about 20).
#include "ops/elementwise/divisions.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/formula.h"
#include "simd/bf16.h"
#include "simd/stream.h"
#include "simd/walk.h"

namespace dl::DL_ISA_NS {

template <class T>
static DL_INLINE const T* operand(const ElementwiseArgs& a, int k) {
  return static_cast<const T*>(a.in[k] ? a.in[k] : a.scalar[k]);
}

// F of N operands at their own indices.
template <class F, int N, class T>
static DL_INLINE auto apply(const T* p, int64_t i, const T* q, int64_t j, const T* r, int64_t k, const T* s,
                            int64_t l) {
  if constexpr (N == 1)
    return F::of(p[i]);
  else if constexpr (N == 2)
    return F::of(p[i], q[j]);
  else if constexpr (N == 3)
    return F::of(p[i], q[j], r[k]);
  else
    return F::of(p[i], q[j], r[k], s[l]);
}

// One run with each operand's step (0 or 1) known at compile time, so that the compiler vectorises it. ivdep: out may
// be an operand itself (in place), never a shifted one.
template <int S0, int S1, int S2, class Body>
static DL_INLINE void unit_steps(int64_t n, const Body& body) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) body(i, i * S0, i * S1, i * S2);
}

// run(out, offsets, n): a run of n elements whose first lies at out[offsets[0]]. A result that goes past the caches is
// dense in the nest's order, and made in tiles of several runs.
template <int K, class R, class Run>
static DL_INLINE void each_run(const ElementwiseArgs& a, int64_t begin, int64_t end, const Run& run) {
  R* out = static_cast<R*>(a.out);
  const bool past = a.past_caches;
  each_tile(out + begin, end - begin, past, [&](R* to, int64_t first, int64_t m) __attribute__((always_inline)) {
    R* o = past ? to - (begin + first) : out;
    walk<K>(a.nest, begin + first, begin + first + m,
            [&](const int64_t* at, int64_t n) __attribute__((always_inline)) { run(o + at[0], at, n); });
  });
}

// Any formula of plain scalars: N operands of type T, a result of type R.
template <class F, class R, class T, int N>
static void map(const ElementwiseArgs& a, int64_t begin, int64_t end) {
  const T* x[4] = {};
  int64_t step[4] = {};
  for (int k = 0; k < N; ++k) x[k] = operand<T>(a, k), step[k] = a.nest.stride[k + 1][0];
  const int64_t so = a.nest.stride[0][0], s0 = step[0], s1 = step[1], s2 = step[2], s3 = step[3];
  const bool unit = so == 1 && s3 == 0 && ((s0 | s1 | s2) & ~int64_t(1)) == 0;
  const int pattern = unit ? static_cast<int>(s0 * 4 + s1 * 2 + s2) : -1;
  each_run<N + 1, R>(a, begin, end, [&](R* o, const int64_t* at, int64_t n) __attribute__((always_inline)) {
    const T *p = x[0] + at[1], *q = p, *r = p, *s = p;
    if constexpr (N > 1) q = x[1] + at[2];
    if constexpr (N > 2) r = x[2] + at[3];
    if constexpr (N > 3) s = x[3] + at[4];
    const auto body = [=](int64_t i, int64_t i0, int64_t i1, int64_t i2)
                          __attribute__((always_inline)) { o[i] = apply<F, N>(p, i0, q, i1, r, i2, s, 0); };
    if (pattern == 4) return unit_steps<1, 0, 0>(n, body);  // f(x), x + 2, clamp
    if constexpr (N > 1) {
      if (pattern == 6) return unit_steps<1, 1, 0>(n, body);  // x + y
      if (pattern == 2) return unit_steps<0, 1, 0>(n, body);  // 2 - y, row[i] + y
    }
    if constexpr (N > 2)
      if (pattern == 7) return unit_steps<1, 1, 1>(n, body);
    for (int64_t i = 0; i < n; ++i) o[i * so] = apply<F, N>(p, i * s0, q, i * s1, r, i * s2, s, i * s3);
  });
}

// Two operands whose formula no vector unit has, or that are rarely long: one loop for every step.
template <class F, class T>
static void plain(const ElementwiseArgs& a, int64_t begin, int64_t end) {
  T* out = static_cast<T*>(a.out);
  const T *x = operand<T>(a, 0), *y = operand<T>(a, 1);
  const auto& s = a.nest.stride;
  const int64_t so = s[0][0], sx = s[1][0], sy = s[2][0];
  walk<3>(a.nest, begin, end, [&](const int64_t* at, int64_t n) {
    T* o = out + at[0];
    const T *p = x + at[1], *q = y + at[2];
    for (int64_t i = 0; i < n; ++i) o[i * so] = F::of(p[i * sx], q[i * sy]);
  });
}

// n <= V::size elements as a vector of a perhaps wider type; the rest reads as the first.
template <class V, class T>
static DL_INLINE V load_lanes(const T* p, int64_t step, int n) {
  typedef T Lanes __attribute__((vector_size(V::size * sizeof(T))));
  Lanes t;
  if (step == 1 && n == V::size)
    __builtin_memcpy(&t, p, sizeof t);
  else
    for (int i = 0; i < V::size; ++i) t[i] = p[(i < n ? i : 0) * step];
  return __builtin_convertvector(t, typename V::Native);
}

template <class V, class T>
static DL_INLINE void store_lanes(V v, T* p, int64_t step, int n) {
  typedef T Lanes __attribute__((vector_size(V::size * sizeof(T))));
  const Lanes t = __builtin_convertvector(v.v, Lanes);
  if (step == 1 && n == V::size)
    __builtin_memcpy(p, &t, sizeof t);
  else
    for (int i = 0; i < n; ++i) p[i * step] = t[i];
}

// Formulas of whole vectors, computed in W.
template <class F, class W, class T, int N>
static void lanes(const ElementwiseArgs& a, int64_t begin, int64_t end) {
  using V = Vec<W>;
  const T *x = operand<T>(a, 0), *y = N > 1 ? operand<T>(a, 1) : x, *z = N > 2 ? operand<T>(a, 2) : x;
  const auto& s = a.nest.stride;
  const int64_t so = s[0][0], sx = s[1][0], sy = N > 1 ? s[2][0] : 0, sz = N > 2 ? s[3][0] : 0;
  each_run<N + 1, T>(a, begin, end, [&](T* o, const int64_t* at, int64_t n) __attribute__((always_inline)) {
    const T *p = x + at[1], *q = p, *r = p;
    if constexpr (N > 1) q = y + at[2];
    if constexpr (N > 2) r = z + at[3];
    for (int64_t i = 0; i < n; i += V::size) {
      const int m = static_cast<int>(n - i < V::size ? n - i : V::size);
      const V a0 = load_lanes<V>(p + i * sx, sx, m);
      V v;
      if constexpr (N == 1) {
        v = F::of(a0);
      } else {
        const V a1 = load_lanes<V>(q + i * sy, sy, m);
        if constexpr (N == 2)
          v = F::of(a0, a1);
        else
          v = F::of(a0, a1, load_lanes<V>(r + i * sz, sz, m));
      }
      store_lanes(v, o + i * so, so, m);
    }
  });
}

// Moves bits only: T is an unsigned type of the element's width.
template <class T>
static void where(const ElementwiseArgs& a, int64_t begin, int64_t end) {
  const uint8_t* condition = operand<uint8_t>(a, 0);
  const T *x = operand<T>(a, 1), *y = operand<T>(a, 2);
  const auto& s = a.nest.stride;
  const int64_t so = s[0][0], sc = s[1][0], sx = s[2][0], sy = s[3][0];
  const bool unit = so == 1 && sc == 1 && ((sx | sy) & ~int64_t(1)) == 0;
  each_run<4, T>(a, begin, end, [&](T* o, const int64_t* at, int64_t n) __attribute__((always_inline)) {
    const uint8_t* c = condition + at[1];
    const T *p = x + at[2], *q = y + at[3];
    const auto body = [=](int64_t i, int64_t ic, int64_t ix, int64_t iy) __attribute__((always_inline)) {
      const T yes = p[ix], no = q[iy];  // both are read, so that the choice needs no branch
      o[i] = c[ic] ? yes : no;
    };
    if (unit && sx && sy) return unit_steps<1, 1, 1>(n, body);
    if (unit && sx) return unit_steps<1, 1, 0>(n, body);
    if (unit && sy) return unit_steps<1, 0, 1>(n, body);
    if (unit) return unit_steps<1, 0, 0>(n, body);
    for (int64_t i = 0; i < n; ++i) o[i * so] = c[i * sc] ? p[i * sx] : q[i * sy];
  });
}

// A kernel of float32 for bfloat16; a number is a float32 then. R: what the results are, bfloat16 or a comparison's
// bytes.
template <int N, class R>
static void through_float(void (*kernel)(const ElementwiseArgs&, int64_t, int64_t), const ElementwiseArgs& a,
                          int64_t begin, int64_t end) {
  constexpr bool kNarrow = __is_same(R, BFloat16);
  alignas(64) float held[N][kWideTile], y[kWideTile];
  ElementwiseArgs wide = a;
  wide.past_caches = false;
  wide.nest.ndim = 1;
  const int64_t so = a.nest.stride[0][0];
  wide.nest.stride[0][0] = kNarrow ? 1 : so;
  walk<N + 1>(a.nest, begin, end, [&](const int64_t* at, int64_t n) {
    const auto run = [&](void* to, int64_t first, int64_t m) {
      for (int k = 0; k < N; ++k) {
        if (!a.in[k]) continue;
        const int64_t step = a.nest.stride[k + 1][0];
        widen_run(static_cast<const BFloat16*>(a.in[k]) + at[k + 1] + first * step, step, held[k], step ? m : 1);
        wide.in[k] = held[k];
        wide.nest.stride[k + 1][0] = step ? 1 : 0;
      }
      wide.nest.size[0] = m;
      wide.out = kNarrow ? y : to;
      kernel(wide, 0, m);
      if constexpr (kNarrow) narrow_run(y, static_cast<BFloat16*>(to), so, m);
    };
    R* out = static_cast<R*>(a.out) + at[0];
    each_tile(out, n, a.past_caches && so == 1, [&](R* to, int64_t first, int64_t m) {
      for (int64_t i = 0; i < m; i += kWideTile) run(to + i * so, first + i, m - i < kWideTile ? m - i : kWideTile);
    });
  });
}

#define KERNEL(NAME, FUNCTION) \
  void NAME(const ElementwiseArgs& a, int64_t b, int64_t e) { FUNCTION(a, b, e); }
#define BF16(NAME, N) \
  void NAME##_bf16(const ElementwiseArgs& a, int64_t b, int64_t e) { through_float<N, BFloat16>(NAME##_f32, a, b, e); }
#define FLOATS(NAME, F, N) \
  KERNEL(NAME##_f32, (map<F, float, float, N>)) \
  KERNEL(NAME##_f64, (map<F, double, double, N>)) \
  BF16(NAME, N)
#define INTEGERS(NAME, F, N) \
  KERNEL(NAME##_u8, (map<F, uint8_t, uint8_t, N>)) \
  KERNEL(NAME##_i32, (map<F, int32_t, int32_t, N>)) \
  KERNEL(NAME##_i64, (map<F, int64_t, int64_t, N>))
#define NUMBERS(NAME, F, N) \
  INTEGERS(NAME, F, N) \
  FLOATS(NAME, F, N)
#define COMPARISON(NAME, F) \
  KERNEL(NAME##_u8, (map<F, uint8_t, uint8_t, 2>)) \
  KERNEL(NAME##_i32, (map<F, uint8_t, int32_t, 2>)) \
  KERNEL(NAME##_i64, (map<F, uint8_t, int64_t, 2>)) \
  KERNEL(NAME##_f32, (map<F, uint8_t, float, 2>)) \
  KERNEL(NAME##_f64, (map<F, uint8_t, double, 2>)) \
  void NAME##_bf16(const ElementwiseArgs& a, int64_t b, int64_t e) { through_float<2, uint8_t>(NAME##_f32, a, b, e); }

NUMBERS(add, Add, 3)
NUMBERS(mul, Mul, 2)
NUMBERS(maximum, Maximum, 2)
NUMBERS(minimum, Minimum, 2)
NUMBERS(abs, Abs, 1)
NUMBERS(sign, Sign, 1)
NUMBERS(clamp, Clamp, 3)
INTEGERS(pow, PowInteger, 2)
FLOATS(add_relu, AddRelu, 2)
FLOATS(div, Div, 2)
FLOATS(sqrt, Sqrt, 1)
COMPARISON(eq, Eq)
COMPARISON(ne, Ne)
COMPARISON(lt, Lt)
COMPARISON(le, Le)
KERNEL(where_8, where<uint8_t>)
KERNEL(where_16, where<uint16_t>)
KERNEL(where_32, where<uint32_t>)
KERNEL(where_64, where<uint64_t>)

KERNEL(exp_f32, (lanes<Exp, float, float, 1>))
KERNEL(exp_f64, (lanes<Exp, double, double, 1>))
KERNEL(log_f32, (lanes<Log, float, float, 1>))
KERNEL(log_f64, (lanes<Log, double, double, 1>))
KERNEL(pow_f32, (lanes<PowLanes, double, float, 2>))
KERNEL(pow_f64, (map<PowScalar, double, double, 2>))
BF16(exp, 1)
BF16(log, 1)
BF16(pow, 2)

#define PLAIN_INTEGERS(NAME, F) \
  KERNEL(NAME##_u8, (plain<F, uint8_t>)) \
  KERNEL(NAME##_i32, (plain<F, int32_t>)) \
  KERNEL(NAME##_i64, (plain<F, int64_t>))
#define LANES_F32(NAME, F, W) \
  KERNEL(NAME##_f32, (lanes<F##Lanes, W, float, 2>)) \
  KERNEL(NAME##_f64, (plain<F, double>)) \
  BF16(NAME, 2)
PLAIN_INTEGERS(fmod, Fmod)
LANES_F32(fmod, Fmod, double)
PLAIN_INTEGERS(remainder, Remainder)
LANES_F32(remainder, Remainder, double)
PLAIN_INTEGERS(floor_divide, FloorDivide)
LANES_F32(floor_divide, FloorDivide, double)
LANES_F32(atan2, Atan2, float)
PLAIN_INTEGERS(bitwise_and, BitAnd)
PLAIN_INTEGERS(bitwise_or, BitOr)
PLAIN_INTEGERS(bitwise_xor, BitXor)

FLOATS(square_bwd, SquareBwd, 2)
FLOATS(sqrt_bwd, SqrtBwd, 2)
FLOATS(abs_bwd, AbsBwd, 2)
FLOATS(reciprocal_bwd, ReciprocalBwd, 2)
FLOATS(div_bwd_b, DivBwdB, 3)
FLOATS(maximum_bwd, MaximumBwd, 3)
FLOATS(minimum_bwd, MinimumBwd, 3)
FLOATS(clamp_bwd, ClampBwd, 4)
KERNEL(pow_bwd_a_f32, (lanes<PowBwdA<PowLanes>, double, float, 3>))
KERNEL(pow_bwd_a_f64, (map<PowBwdA<PowScalar>, double, double, 3>))
KERNEL(pow_bwd_b_f32, (lanes<PowBwdB, double, float, 3>))
KERNEL(pow_bwd_b_f64, (lanes<PowBwdB, double, double, 3>))
BF16(pow_bwd_a, 3)
BF16(pow_bwd_b, 3)

}  // namespace dl::DL_ISA_NS
