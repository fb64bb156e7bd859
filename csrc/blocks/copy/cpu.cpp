// dst[i] = src[i] with conversion, over a Nest. Called by copy.cpp on a range of elements.
// Limit: memory bandwidth where both sides are walked in order; the strided side's cache lines otherwise.
#include "blocks/copy/copy.h"
#include "blocks/copy/formula.h"
#include "simd/walk.h"

namespace dl::DL_ISA_NS {

template <class D, class S>
static void copy(const CopyArgs& a, int64_t begin, int64_t end) {
  D* dst = static_cast<D*>(a.dst);
  const S* src = static_cast<const S*>(a.src);
  const int64_t ds = a.nest.stride[0][0], ss = a.nest.stride[1][0];
  walk<2>(a.nest, begin, end, [&](const int64_t* at, int64_t n) {
    D* d = dst + at[0];
    const S* s = src + at[1];
    if (ds == 1 && ss == 1) {
      if constexpr (__is_same(D, S))
        __builtin_memcpy(d, s, static_cast<size_t>(n) * sizeof(D));
      else
        for (int64_t i = 0; i < n; ++i) d[i] = convert_one<D>(s[i]);
    } else if (ds == 1 && ss == 0) {
      const D value = convert_one<D>(*s);
      for (int64_t i = 0; i < n; ++i) d[i] = value;
    } else {
      for (int64_t i = 0; i < n; ++i) d[i * ds] = convert_one<D>(s[i * ss]);
    }
  });
}

template <class D>
static void copy_to(const CopyArgs& a, int64_t begin, int64_t end) {
  switch (a.src_dtype) {
    case DType::b8: return copy<D, Bool>(a, begin, end);
    case DType::u8: return copy<D, uint8_t>(a, begin, end);
    case DType::i32: return copy<D, int32_t>(a, begin, end);
    case DType::i64: return copy<D, int64_t>(a, begin, end);
    case DType::f32: return copy<D, float>(a, begin, end);
    case DType::f64: return copy<D, double>(a, begin, end);
  }
}

void copy_b8(const CopyArgs& a, int64_t b, int64_t e) { copy_to<Bool>(a, b, e); }
void copy_u8(const CopyArgs& a, int64_t b, int64_t e) { copy_to<uint8_t>(a, b, e); }
void copy_i32(const CopyArgs& a, int64_t b, int64_t e) { copy_to<int32_t>(a, b, e); }
void copy_i64(const CopyArgs& a, int64_t b, int64_t e) { copy_to<int64_t>(a, b, e); }
void copy_f32(const CopyArgs& a, int64_t b, int64_t e) { copy_to<float>(a, b, e); }
void copy_f64(const CopyArgs& a, int64_t b, int64_t e) { copy_to<double>(a, b, e); }

}  // namespace dl::DL_ISA_NS
