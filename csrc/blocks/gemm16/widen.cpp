// Products of bfloat16 by float32 kernels, where there are no tiles: operands are widened into memory of their own, and
// C is rounded from there. Beside a product of any depth the copies take little.
#include <memory>
#include <vector>

#include "blocks/copy/copy.h"
#include "blocks/gemm16/gemm16.h"
#include "core/array.h"

namespace dl {
namespace {

Array view(const void* data, const Dims& shape, const Dims& strides, DType dtype) {
  const auto bytes = static_cast<size_t>(shape.product()) * itemsize(dtype);
  const auto leave = [](void*) {};
  return {std::make_shared<Storage>(const_cast<void*>(data), bytes, leave, nullptr), shape, strides, 0, dtype};
}

// An operand in float32, with what it points to.
struct Wide {
  GemmOperand operand;
  Array data;
  Patches patches;
  std::vector<int64_t> offset;

  // of_a: patches have their pixels along the rows, else along k.
  Wide(const GemmOperand& o, int64_t rows, int64_t k, bool of_a) : operand(o) {
    if (o.patches)
      of_patches(*o.patches, of_a ? rows : k);
    else if (o.tap_offset)
      of_taps(o, rows, k);
    else
      of_matrix(o, rows, k);
    operand.data = data.raw();
  }
  Wide(const Wide&) = delete;

 private:
  void of_matrix(const GemmOperand& o, int64_t rows, int64_t k) {
    data = convert(view(o.data, {rows, k}, {o.stride, o.k_stride}, DType::bf16), DType::f32);
    operand.stride = data.stride(0);
    operand.k_stride = data.stride(1);
  }
  void of_taps(const GemmOperand& o, int64_t rows, int64_t k) {
    const int64_t taps = k / o.tap_channels;
    data = Array::empty({rows, taps, o.tap_channels}, DType::f32);
    for (int64_t t = 0; t < taps; ++t)
      copy_into(data.select(1, t), view(static_cast<const uint16_t*>(o.data) + o.tap_offset[t], {rows, o.tap_channels},
                                        {o.stride, o.k_stride}, DType::bf16));
    operand.stride = k;
    operand.k_stride = 1;
    operand.tap_offset = nullptr;
  }
  void of_patches(const Patches& p, int64_t pixels) {
    const Dims shape{pixels / (p.p * p.q), p.h, p.w, p.channels};
    data = Array::empty(shape, DType::f32);
    copy_into(data, view(static_cast<const uint16_t*>(operand.data), shape, {p.stride_n, p.stride_h, p.stride_w, 1},
                         DType::bf16));
    patches = p;
    patches.stride_n = data.stride(0);
    patches.stride_h = data.stride(1);
    patches.stride_w = data.stride(2);
    for (int64_t i = 0; i < p.runs; ++i) offset.push_back(p.dh[i] * patches.stride_h + p.dw[i] * patches.stride_w);
    patches.offset = offset.data();
    operand.patches = &patches;
  }
};

}  // namespace

void gemm16_widened(const Gemm& g, DType c_dtype) {
  const Wide a(g.a, g.m, g.k, true), b(g.b, g.n, g.k, false);
  Gemm wide = g;
  wide.dtype = DType::f32;
  wide.a = a.operand;
  wide.b = b.operand;
  if (c_dtype == DType::f32) return gemm(wide);
  const int64_t p = g.c_rows.p, q = g.c_rows.q;
  const Array c = Array::empty({g.m / (p * q), p, q, g.n}, DType::f32);
  wide.c = c.raw();
  wide.c_rows = {.p = 1, .q = 1, .stride_n = g.n, .stride_p = 0, .stride_q = 0};
  wide.c_stride = 1;
  gemm(wide);
  copy_into(view(g.c, c.shape(), {g.c_rows.stride_n, g.c_rows.stride_p, g.c_rows.stride_q, g.c_stride}, DType::bf16),
            c);
}

}  // namespace dl
