// The formulas of elementwise.h, once. Plain ones take scalars, and the compiler vectorises the loops around them;
// those in exp and log take V = Vec<W> as well, where W may be wider than the data.
#pragma once
#include "simd/math.h"

namespace dl::DL_ISA_NS {
namespace {  // short names stay this file's own

struct Add {
  template <class T>
  static DL_HD T of(T a, T b, T alpha) {
    return static_cast<T>(a + b * alpha);
  }
};
struct AddRelu {  // Relu's rule: NaN stays NaN
  template <class T>
  static DL_HD T of(T a, T b) {
    const T sum = a + b;
    return sum < T(0) ? T(0) : sum;
  }
};
struct Mul {
  template <class T>
  static DL_HD T of(T a, T b) {
    return static_cast<T>(a * b);
  }
};
struct Div {
  template <class T>
  static DL_HD T of(T a, T b) {
    return a / b;
  }
};
struct Maximum {
  template <class T>
  static DL_HD T of(T a, T b) {
    return (a > b) | (a != a) ? a : b;  // | has no branch
  }
};
struct Minimum {
  template <class T>
  static DL_HD T of(T a, T b) {
    return (a < b) | (a != a) ? a : b;
  }
};
struct Eq {
  template <class T>
  static DL_HD uint8_t of(T a, T b) {
    return a == b;
  }
};
struct Ne {
  template <class T>
  static DL_HD uint8_t of(T a, T b) {
    return a != b;
  }
};
struct Lt {
  template <class T>
  static DL_HD uint8_t of(T a, T b) {
    return a < b;
  }
};
struct Le {
  template <class T>
  static DL_HD uint8_t of(T a, T b) {
    return a <= b;
  }
};
struct Abs {
  template <class T>
  static DL_HD T of(T x) {
    return static_cast<T>(x < T(0) ? -x : x);
  }
  static DL_HD float of(float x) { return abs(x); }
  static DL_HD double of(double x) { return abs(x); }
};
struct Sign {
  template <class T>
  static DL_HD T of(T x) {
    return static_cast<T>((x > T(0) ? T(1) : T(0)) - (x < T(0) ? T(1) : T(0)));
  }
};
struct Sqrt {
  template <class T>
  static DL_HD T of(T x) {
    return sqrt(x);
  }
};
struct Clamp {  // not Minimum of Maximum, which GCC 12 does not vectorise
  template <class T>
  static DL_HD T of(T x, T low, T high) {
    const T y = (x >= low) | (x != x) ? x : low;
    return (y > high) | (high != high) ? high : y;
  }
};
// By squaring. A negative exponent gives 0, or ±1 for ±1, as the quotient 1 / a^-b truncates.
struct PowInteger {
  template <class T>
  static DL_HD T of(T a, T b) {
    if (b < T(0)) return static_cast<T>(a == T(1) ? 1 : a == static_cast<T>(-1) ? (b % 2 ? -1 : 1) : 0);
    T y = 1;
    for (; b; b = static_cast<T>(b >> 1), a = static_cast<T>(a * a))
      if (b & 1) y = static_cast<T>(y * a);
    return y;
  }
};

struct BitAnd {
  template <class T>
  static DL_HD T of(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <class T>
  static DL_HD T of(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <class T>
  static DL_HD T of(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};

struct SquareBwd {
  template <class T>
  static DL_HD T of(T g, T x) {
    return T(2) * g * x;
  }
};
struct SqrtBwd {
  template <class T>
  static DL_HD T of(T g, T y) {
    return T(0.5) * g / y;
  }
};
struct AbsBwd {
  template <class T>
  static DL_HD T of(T g, T x) {
    return x > T(0) ? g : x < T(0) ? -g : x * g;  // 0 at 0, NaN at NaN
  }
};
struct ReciprocalBwd {
  template <class T>
  static DL_HD T of(T g, T y) {
    return -g * y * y;
  }
};
struct DivBwdB {
  template <class T>
  static DL_HD T of(T g, T y, T b) {
    return -g * y / b;
  }
};
struct MaximumBwd {
  template <class T>
  static DL_HD T of(T g, T a, T b) {
    return a < b ? T(0) : a == b ? g * T(0.5) : g;
  }
};
struct MinimumBwd {
  template <class T>
  static DL_HD T of(T g, T a, T b) {
    return a > b ? T(0) : a == b ? g * T(0.5) : g;
  }
};
struct ClampBwd {
  template <class T>
  static DL_HD T of(T g, T x, T low, T high) {
    return (x < low) | (x > high) ? T(0) : g;
  }
};

struct Exp {
  template <class V>
  static DL_HD V of(V x) {
    return exp(x);
  }
};
struct Log {
  template <class V>
  static DL_HD V of(V x) {
    return log(x);
  }
};
// exp(b log |a|) with C's special cases (Annex F), in double for float32 data. What the shorter series leave out,
// s^12 / 13 of log times b log a <= 88 and r^9 / 9! of exp, comes to 5e-9: less than 0.1 unit in the last place.
struct PowLanes {
  template <class V>
  static DL_HD V of(V a, V b) {
    using T = typename ScalarOf<V>::type;
    const V zero = T(0), one = T(1), inf = T(__builtin_inf()), nan = T(__builtin_nan(""));
    const V magnitude = abs(a);
    V y = exp<V, 8>(b * log<V, 5>(magnitude));
    const auto whole = round_even(b) == b;
    const V half = b * V(T(0.5));
    const V signs = select(whole, select(round_even(half) == half, one, copysign(one, a)), one);  // odd: a's sign
    y = copysign(one, signs) * y;
    y = select(a < zero, select(whole, y, select(magnitude == inf, y, nan)), y);
    y = select(magnitude == one, select(abs(b) == inf, one, y), y);
    y = select(b == zero, one, y);
    return select(a == one, one, y);
  }
};
struct PowScalar {  // float64: the library's pow
  static DL_HD double of(double a, double b) { return __builtin_pow(a, b); }
};
// g b a^(b-1); Pow is one of the two above.
template <class Pow>
struct PowBwdA {
  template <class V>
  static DL_HD V of(V g, V a, V b) {
    using T = typename ScalarOf<V>::type;
    const V y = g * b * Pow::of(a, b - V(T(1)));
    return select(b == V(T(0)), V(T(0)), y);
  }
};
struct PowBwdB {
  template <class V>
  static DL_HD V of(V g, V a, V y) {
    using T = typename ScalarOf<V>::type;
    const V d = g * y * log(a);
    return select(a == V(T(0)), select(y <= V(T(1)), V(T(0)), d), d);  // 0^b is at most 1 for b >= 0, else infinite
  }
};

}  // namespace
}  // namespace dl::DL_ISA_NS
