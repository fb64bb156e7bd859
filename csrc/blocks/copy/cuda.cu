// dst[i] = src[i] with conversion, over a Nest. Called by copy.cpp on all elements at once: what makes a strided view
// on the device dense, or changes its dtype. Neighbouring threads take neighbouring elements of the innermost loop.
// Limit: memory bandwidth where both sides are walked in order; the strided side's 32-byte sectors otherwise.
#include "blocks/copy/copy.h"
#include "blocks/copy/formula.h"
#include "cuda/nest.cuh"

namespace dl::cuda {

template <class D, class S>
static __global__ void copy_kernel(D* dst, const S* src, Nest nest, int64_t begin, int64_t end) {
  for (int64_t i = begin + first_item(); i < end; i += item_step()) {
    int64_t at[2];
    nest_offsets(nest, i, at);
    dst[at[0]] = convert_one<D>(src[at[1]]);
  }
}

template <class D>
static __global__ void fill_kernel(D* dst, D value, Nest nest, int64_t begin, int64_t end) {
  for (int64_t i = begin + first_item(); i < end; i += item_step()) {
    int64_t at[1];
    nest_offsets(nest, i, at);
    dst[at[0]] = value;
  }
}

template <class D, class S>
static void copy(const CopyArgs& a, int64_t begin, int64_t end) {
  if (!a.src) {
    S value;
    __builtin_memcpy(&value, a.scalar, sizeof value);
    return launch("fill", fill_kernel<D>, grid_stride(end - begin), static_cast<D*>(a.dst), convert_one<D>(value),
                  a.nest, begin, end);
  }
  launch("copy", copy_kernel<D, S>, grid_stride(end - begin), static_cast<D*>(a.dst), static_cast<const S*>(a.src),
         a.nest, begin, end);
}

template <class D>
static void copy_to(const CopyArgs& a, int64_t begin, int64_t end) {
  with_type(a.src_dtype, [&](auto s) { copy<D, decltype(s)>(a, begin, end); });
}

void copy_b8(const CopyArgs& a, int64_t b, int64_t e) { copy_to<Bool>(a, b, e); }
void copy_u8(const CopyArgs& a, int64_t b, int64_t e) { copy_to<uint8_t>(a, b, e); }
void copy_i32(const CopyArgs& a, int64_t b, int64_t e) { copy_to<int32_t>(a, b, e); }
void copy_i64(const CopyArgs& a, int64_t b, int64_t e) { copy_to<int64_t>(a, b, e); }
void copy_f16(const CopyArgs& a, int64_t b, int64_t e) { copy_to<Half>(a, b, e); }
void copy_bf16(const CopyArgs& a, int64_t b, int64_t e) { copy_to<BFloat16>(a, b, e); }
void copy_f32(const CopyArgs& a, int64_t b, int64_t e) { copy_to<float>(a, b, e); }
void copy_f64(const CopyArgs& a, int64_t b, int64_t e) { copy_to<double>(a, b, e); }

}  // namespace dl::cuda
