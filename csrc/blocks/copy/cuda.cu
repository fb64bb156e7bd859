// dst[i] = src[i] with conversion, over a Nest. Called by copy.cpp on all elements at once: what makes a strided view
// on the device dense, or changes its dtype. Neighbouring threads take neighbours of the innermost loop: packs of 16
// bytes of the wider side where both run along it and nothing stands in the way of that, else elements.
// Limit: memory bandwidth where both sides are walked in order; the strided side's 32-byte sectors otherwise.
#include "blocks/copy/copy.h"
#include "blocks/copy/formula.h"
#include "cuda/nest.cuh"
#include "cuda/vec128.cuh"

namespace dl::cuda {

// What moves a T that is not converted: a kernel for each size.
template <class T>
using Word = std::conditional_t<
    sizeof(T) == 1, uint8_t,
    std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

template <int N, class D, class S>
static __global__ void copy_kernel(D* dst, const S* src, Nest nest, int64_t n) {
  for (int64_t i = first_item(); i * N < n; i += item_step()) {
    int64_t at[2];
    nest_offsets(nest, i, at);
    if (i * N + N > n) {
      for (int64_t e = 0; e < n - i * N; ++e) dst[at[0] + e] = convert_one<D>(src[at[1] + e]);
      return;
    }
    const Pack<S, N> v = load_pack<N>(src + at[1]);
    Pack<D, N> y;
    DL_UNROLL
    for (int e = 0; e < N; ++e) y.of[e] = convert_one<D>(v.of[e]);
    store_pack(dst + at[0], y);
  }
}

template <int N, class D>
static __global__ void fill_kernel(D* dst, D value, Nest nest, int64_t n) {
  Pack<D, N> values;
  DL_UNROLL
  for (int e = 0; e < N; ++e) values.of[e] = value;
  for (int64_t i = first_item(); i * N < n; i += item_step()) {
    int64_t at[1];
    nest_offsets(nest, i, at);
    if (i * N + N > n) {
      for (int64_t e = 0; e < n - i * N; ++e) dst[at[0] + e] = value;
      return;
    }
    store_pack(dst + at[0], values);
  }
}

template <class D, class S>
static void copy(D* dst, const S* src, Nest nest, int64_t n) {
  constexpr int kN = 16 / (sizeof(D) > sizeof(S) ? sizeof(D) : sizeof(S));
  if (is_aligned<kN>(dst) && is_aligned<kN>(src) && to_packs<kN, 2>(nest))
    launch("copy", copy_kernel<kN, D, S>, grid_stride((n + kN - 1) / kN), dst, src, nest, n);
  else
    launch("copy", copy_kernel<1, D, S>, grid_stride(n), dst, src, nest, n);
}

template <class D>
static void fill(D* dst, D value, Nest nest, int64_t n) {
  constexpr int kN = 16 / sizeof(D);
  if (is_aligned<kN>(dst) && to_packs<kN, 1>(nest))
    launch("fill", fill_kernel<kN, D>, grid_stride((n + kN - 1) / kN), dst, value, nest, n);
  else
    launch("fill", fill_kernel<1, D>, grid_stride(n), dst, value, nest, n);
}

template <class D>
static void copy_to(const CopyArgs& a, int64_t n) {
  with_type(a.src_dtype, [&]<class S>(S value) {
    using W = Word<D>;
    if (!a.src) {
      __builtin_memcpy(&value, a.scalar, sizeof value);
      fill(static_cast<W*>(a.dst), __builtin_bit_cast(W, convert_one<D>(value)), a.nest, n);
    } else if constexpr (__is_same(D, S)) {
      copy(static_cast<W*>(a.dst), static_cast<const W*>(a.src), a.nest, n);
    } else {
      copy(static_cast<D*>(a.dst), static_cast<const S*>(a.src), a.nest, n);
    }
  });
}

void copy_b8(const CopyArgs& a, int64_t, int64_t n) { copy_to<Bool>(a, n); }
void copy_u8(const CopyArgs& a, int64_t, int64_t n) { copy_to<uint8_t>(a, n); }
void copy_i32(const CopyArgs& a, int64_t, int64_t n) { copy_to<int32_t>(a, n); }
void copy_i64(const CopyArgs& a, int64_t, int64_t n) { copy_to<int64_t>(a, n); }
void copy_f16(const CopyArgs& a, int64_t, int64_t n) { copy_to<Half>(a, n); }
void copy_bf16(const CopyArgs& a, int64_t, int64_t n) { copy_to<BFloat16>(a, n); }
void copy_f32(const CopyArgs& a, int64_t, int64_t n) { copy_to<float>(a, n); }
void copy_f64(const CopyArgs& a, int64_t, int64_t n) { copy_to<double>(a, n); }

}  // namespace dl::cuda
