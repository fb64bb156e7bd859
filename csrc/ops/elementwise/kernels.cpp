#include "core/kernel_table.h"
#include "core/work.h"
#include "ops/elementwise/elementwise.h"

namespace dl {

#define FLOATS(X, NAME) X(NAME, f32) X(NAME, f64) X(NAME, bf16)
#define INTEGERS(X, NAME) X(NAME, u8) X(NAME, i32) X(NAME, i64)
#define NUMBERS(X, NAME) INTEGERS(X, NAME) FLOATS(X, NAME)

// X(op, dtype) for every kernel of numbers.
#define FORWARD(X) \
  NUMBERS(X, add) \
  NUMBERS(X, mul) \
  NUMBERS(X, maximum) \
  NUMBERS(X, minimum) \
  NUMBERS(X, pow) \
  NUMBERS(X, abs) \
  NUMBERS(X, sign) \
  NUMBERS(X, clamp) \
  NUMBERS(X, eq) \
  NUMBERS(X, ne) \
  NUMBERS(X, lt) \
  NUMBERS(X, le) \
  NUMBERS(X, remainder) \
  NUMBERS(X, fmod) \
  NUMBERS(X, floor_divide) \
  INTEGERS(X, bitwise_and) \
  INTEGERS(X, bitwise_or) \
  INTEGERS(X, bitwise_xor) \
  FLOATS(X, add_relu) \
  FLOATS(X, atan2) \
  FLOATS(X, div) \
  FLOATS(X, sqrt) \
  FLOATS(X, exp) \
  FLOATS(X, log)
#define BACKWARD(X) \
  FLOATS(X, square_bwd) \
  FLOATS(X, sqrt_bwd) \
  FLOATS(X, abs_bwd) \
  FLOATS(X, reciprocal_bwd) \
  FLOATS(X, div_bwd_b) \
  FLOATS(X, pow_bwd_a) \
  FLOATS(X, pow_bwd_b) \
  FLOATS(X, maximum_bwd) \
  FLOATS(X, minimum_bwd) \
  FLOATS(X, clamp_bwd)

#define DECLARE(NAME, DTYPE) DL_DECLARE(NAME##_##DTYPE, ElementwiseArgs)
FORWARD(DECLARE)
BACKWARD(DECLARE)
DL_DECLARE(where_8, ElementwiseArgs)
DL_DECLARE(where_16, ElementwiseArgs)
DL_DECLARE(where_32, ElementwiseArgs)
DL_DECLARE(where_64, ElementwiseArgs)

#define BOTH(OP, DTYPE, FN) DL_CPU_ROWS(OP, DTYPE, FN) DL_CUDA_ROW(OP, DTYPE, FN)
#define FORWARD_ROWS(NAME, DTYPE) BOTH(#NAME "_fwd", DTYPE, NAME##_##DTYPE)
#define BACKWARD_ROWS(NAME, DTYPE) BOTH(#NAME, DTYPE, NAME##_##DTYPE)
// clang-format off
constexpr Row<ElementwiseArgs> rows[] = {
    FORWARD(FORWARD_ROWS)
    BACKWARD(BACKWARD_ROWS)
    // Bools are bytes of 0 and 1: + is or, * is and.
    BOTH("add_fwd", b8, maximum_u8)
    BOTH("mul_fwd", b8, minimum_u8)
    BOTH("maximum_fwd", b8, maximum_u8)
    BOTH("minimum_fwd", b8, minimum_u8)
    BOTH("eq_fwd", b8, eq_u8)
    BOTH("ne_fwd", b8, ne_u8)
    BOTH("lt_fwd", b8, lt_u8)
    BOTH("le_fwd", b8, le_u8)
    BOTH("bitwise_and_fwd", b8, bitwise_and_u8)
    BOTH("bitwise_or_fwd", b8, bitwise_or_u8)
    BOTH("bitwise_xor_fwd", b8, bitwise_xor_u8)
    // where only moves bits.
    BOTH("where_fwd", b8, where_8)
    BOTH("where_fwd", u8, where_8)
    BOTH("where_fwd", i32, where_32)
    BOTH("where_fwd", i64, where_64)
    BOTH("where_fwd", bf16, where_16)
    BOTH("where_fwd", f32, where_32)
    BOTH("where_fwd", f64, where_64)
};
// clang-format on

namespace {

Work work(const Row<ElementwiseArgs>& row, const ElementwiseArgs& a, int64_t n) {
  const std::string_view op = row.op;
  const bool compares = op == "eq_fwd" || op == "ne_fwd" || op == "lt_fwd" || op == "le_fwd";
  Work w = moves(static_cast<double>(n), compares ? DType::b8 : row.dtype);
  for (int k = 0; k < 4; ++k)
    if (a.in[k] && (k == 0 || a.in[k] != a.in[k - 1]))  // x * x reads x once
      w = w + moves(elements(a.nest, k + 1), op == "where_fwd" && k == 0 ? DType::b8 : row.dtype);
  return w;
}

}  // namespace

static const Manifest<ElementwiseArgs> manifest(rows, work);

}  // namespace dl
