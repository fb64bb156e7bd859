// Arrays from numbers.
#include <cmath>

#include "blocks/copy/copy.h"
#include "core/array.h"
#include "core/parallel.h"

namespace dl {
namespace {

constexpr int64_t kGrain = 32768;  // some 15 µs of writing

double real(const Number& n) { return n.kind == Number::real ? n.f : static_cast<double>(n.i); }

template <class T>
void count_up(const Array& out, T start, T step) {
  T* p = out.data<T>();
  parallel_for(out.size(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) p[i] = static_cast<T>(start + static_cast<T>(i) * step);
  });
}

}  // namespace

Array clone(const Array& x) {
  const Array out = Array::empty_like(x);
  copy_into(out, x);
  return out;
}

Array full(const Dims& shape, const Number& value, DType dtype, Device device, const char* op) {
  for (int64_t n : shape) DL_CHECK(n >= 0, ShapeError, op, ": sizes must not be negative, got ", shape);
  check_fits(op, dtype, value);
  const Array out = Array::empty(shape, dtype, device);
  fill(out, value);
  return out;
}

Array full_like(const Array& x, const Number& value) {
  const Array out = Array::empty_like(x);
  fill(out, value);
  return out;
}

Array arange(const Number& from, const Number& to, const Number& by, DType dtype) {
  for (const Number* n : {&from, &to, &by})
    DL_CHECK(std::isfinite(real(*n)), ValueError, "arange: needs finite bounds and a finite step, got ", real(from),
             ", ", real(to), ", ", real(by));
  // Integers are counted in their own numbers, as in PyTorch.
  const bool integers = !is_floating(dtype) && !is_half(dtype);
  const auto own = [&](const Number& n) {
    return integers && n.kind == Number::real ? Number{Number::integer, static_cast<int64_t>(n.f), 0} : n;
  };
  const Number start = own(from), stop = own(to), step = own(by);
  const double a = real(start), b = real(stop), d = real(step);
  DL_CHECK(d != 0, ValueError, "arange: the step must not be 0, got ", real(by), integers ? " for integers" : "");
  DL_CHECK((b - a) * d >= 0, ValueError, "arange: a step of ", d, " does not lead from ", a, " to ", b);
  const auto whole = [](const Number& n) { return n.kind != Number::real; };
  int64_t n = static_cast<int64_t>(std::ceil((b - a) / d));
  if (whole(start) && whole(stop) && whole(step))  // exact where a double is not
    n = (stop.i - start.i + step.i - (step.i > 0 ? 1 : -1)) / step.i;
  if (integers && n) {
    check_fits("arange", dtype, start);
    check_fits("arange", dtype, {Number::integer, start.i + (n - 1) * step.i, 0});
  }
  const Array out = Array::empty({n}, dtype);
  switch (dtype) {
    case DType::u8:
      count_up<uint8_t>(out, static_cast<uint8_t>(a), static_cast<uint8_t>(d));
      break;
    case DType::i32:
      count_up<int32_t>(out, static_cast<int32_t>(a), static_cast<int32_t>(d));
      break;
    case DType::i64:
      count_up<int64_t>(out, whole(start) ? start.i : static_cast<int64_t>(a),
                        whole(step) ? step.i : static_cast<int64_t>(d));
      break;
    case DType::f16:
    case DType::bf16:
    case DType::f32: {  // in double, so that a long range does not drift
      const Array wide = Array::empty({n}, DType::f64);
      count_up<double>(wide, a, d);
      copy_into(out, wide);
      break;
    }
    case DType::f64:
      count_up<double>(out, a, d);
      break;
    case DType::b8:
      DL_CHECK(false, DTypeError, "arange: bool cannot count; use int64");
  }
  return out;
}

}  // namespace dl
