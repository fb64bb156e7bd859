// out[i] = f(in0[i], in1[i], …) over a Nest. Called by elementwise.cpp on all elements at once. One long loop is
// map.cuh's; broadcast and strided operands find each element by division.
// Limit: memory bandwidth, but for pow of float32, which is computed in double as on the CPU.
#include "cuda/map.cuh"
#include "cuda/nest.cuh"
#include "ops/elementwise/divisions.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/formula.h"

namespace dl::cuda {

template <class Formula>
struct Of {
  template <class... V>
  __device__ __forceinline__ auto operator()(V... v) const {
    return Formula::of(v...);
  }
};

template <class F, class R, class S, class T, int N>
static __global__ void nest_kernel(F f, R* out, Operands<S, T, N> in, Nest nest, int64_t n) {
  for (int64_t i = first_item(); i < n; i += item_step()) {
    int64_t at[N + 1];
    nest_offsets(nest, i, at);
    T one[N];
    for (int k = 0; k < N; ++k) one[k] = in.one(k, at[k + 1]);
    out[at[0]] = rounded<R>(apply(f, one));
  }
}

template <class T>
static T number(const ElementwiseArgs& a, int k) {
  T v;
  __builtin_memcpy(&v, a.scalar[k], sizeof v);
  return v;
}

// Whether the nest is one loop in which `out` moves by 1 and each operand by 0 or 1.
static bool one_run(const Nest& nest, int operands) {
  bool one = nest.ndim == 1 && nest.stride[0][0] == 1;
  for (int k = 1; k <= operands; ++k) one &= nest.stride[k][0] == 0 || nest.stride[k][0] == 1;
  return one;
}

// T: what is computed in; a number is stored as the elements are, beside bfloat16 as a float32.
template <class Formula, class R, class S, class T, int N>
static void run(const ElementwiseArgs& a, int64_t n) {
  Operands<S, T, N> in{};
  for (int k = 0; k < N; ++k) {
    in.at[k] = static_cast<const S*>(a.in[k]);
    in.step[k] = a.nest.stride[k + 1][0];
    if (!a.in[k]) in.number[k] = static_cast<T>(number<typename Computed<S>::type>(a, k));
  }
  if (one_run(a.nest, N))
    map("elementwise", Of<Formula>{}, static_cast<R*>(a.out), in, n);
  else
    launch("elementwise", nest_kernel<Of<Formula>, R, S, T, N>, grid_stride(n), Of<Formula>{}, static_cast<R*>(a.out),
           in, a.nest, n);
}

// Moves bits only: T is an unsigned type of the element's width.
template <class T>
static __global__ void where_kernel(T* out, const uint8_t* condition, Operands<T, T, 2> in, Nest nest, int64_t n) {
  for (int64_t i = first_item(); i < n; i += item_step()) {
    int64_t at[4];
    nest_offsets(nest, i, at);
    out[at[0]] = condition[at[1]] ? in.one(0, at[2]) : in.one(1, at[3]);
  }
}
template <class T>
static void where(const ElementwiseArgs& a, int64_t n) {
  const Operands<T, T, 2> in{
      {static_cast<const T*>(a.in[1]), static_cast<const T*>(a.in[2])}, {number<T>(a, 1), number<T>(a, 2)}, {0, 0}};
  launch("where", where_kernel<T>, grid_stride(n), static_cast<T*>(a.out), static_cast<const uint8_t*>(a.in[0]), in,
         a.nest, n);
}

#define KERNEL(NAME, FUNCTION) \
  void NAME(const ElementwiseArgs& a, int64_t, int64_t n) { FUNCTION(a, n); }
#define FLOATS(NAME, F, N) \
  KERNEL(NAME##_f32, (run<F, float, float, float, N>)) \
  KERNEL(NAME##_f64, (run<F, double, double, double, N>)) \
  KERNEL(NAME##_bf16, (run<F, BFloat16, BFloat16, float, N>))
#define INTEGERS(NAME, F, N) \
  KERNEL(NAME##_u8, (run<F, uint8_t, uint8_t, uint8_t, N>)) \
  KERNEL(NAME##_i32, (run<F, int32_t, int32_t, int32_t, N>)) \
  KERNEL(NAME##_i64, (run<F, int64_t, int64_t, int64_t, N>))
#define NUMBERS(NAME, F, N) \
  INTEGERS(NAME, F, N) \
  FLOATS(NAME, F, N)
#define COMPARISON(NAME, F) \
  KERNEL(NAME##_u8, (run<F, uint8_t, uint8_t, uint8_t, 2>)) \
  KERNEL(NAME##_i32, (run<F, uint8_t, int32_t, int32_t, 2>)) \
  KERNEL(NAME##_i64, (run<F, uint8_t, int64_t, int64_t, 2>)) \
  KERNEL(NAME##_f32, (run<F, uint8_t, float, float, 2>)) \
  KERNEL(NAME##_f64, (run<F, uint8_t, double, double, 2>)) \
  KERNEL(NAME##_bf16, (run<F, uint8_t, BFloat16, float, 2>))
// float32 computed in double: the formula that the CPU computes in lanes of it.
#define WIDE(NAME, F32, F64, N) \
  KERNEL(NAME##_f32, (run<F32, float, float, double, N>)) \
  KERNEL(NAME##_f64, (run<F64, double, double, double, N>)) \
  KERNEL(NAME##_bf16, (run<F32, BFloat16, BFloat16, double, N>))

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
FLOATS(exp, Exp, 1)
FLOATS(log, Log, 1)
COMPARISON(eq, Eq)
COMPARISON(ne, Ne)
COMPARISON(lt, Lt)
COMPARISON(le, Le)
KERNEL(where_8, where<uint8_t>)
KERNEL(where_16, where<uint16_t>)
KERNEL(where_32, where<uint32_t>)
KERNEL(where_64, where<uint64_t>)
WIDE(pow, PowLanes, PowScalar, 2)

INTEGERS(fmod, Fmod, 2)
INTEGERS(remainder, Remainder, 2)
INTEGERS(floor_divide, FloorDivide, 2)
INTEGERS(bitwise_and, BitAnd, 2)
INTEGERS(bitwise_or, BitOr, 2)
INTEGERS(bitwise_xor, BitXor, 2)
WIDE(fmod, Fmod, Fmod, 2)
WIDE(remainder, Remainder, Remainder, 2)
WIDE(floor_divide, FloorDivide, FloorDivide, 2)
KERNEL(atan2_f32, (run<Atan2Lanes, float, float, float, 2>))
KERNEL(atan2_f64, (run<Atan2, double, double, double, 2>))
KERNEL(atan2_bf16, (run<Atan2Lanes, BFloat16, BFloat16, float, 2>))

FLOATS(square_bwd, SquareBwd, 2)
FLOATS(sqrt_bwd, SqrtBwd, 2)
FLOATS(abs_bwd, AbsBwd, 2)
FLOATS(reciprocal_bwd, ReciprocalBwd, 2)
FLOATS(div_bwd_b, DivBwdB, 3)
FLOATS(maximum_bwd, MaximumBwd, 3)
FLOATS(minimum_bwd, MinimumBwd, 3)
FLOATS(clamp_bwd, ClampBwd, 4)
WIDE(pow_bwd_a, PowBwdA<PowLanes>, PowBwdA<PowScalar>, 3)
WIDE(pow_bwd_b, PowBwdB, PowBwdB, 3)

}  // namespace dl::cuda
