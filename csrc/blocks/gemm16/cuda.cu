// bfloat16 and float16 products on tensor cores (blocks/gemm/mma.cuh), C rounded once to that dtype or kept as float32.
// Called by gemm16.cpp for one product or a batch.
#include "blocks/gemm/mma.cuh"
#include "blocks/gemm16/gemm16.h"

namespace dl::cuda {

template <class S>
static void products(const Gemm16Args& a) {
  if (a.c_dtype == DType::f32)
    multiply_words<S, float>(a.cut);
  else
    multiply_words<S, S>(a.cut);
}

void gemm16_bf16(const Gemm16Args& a, int64_t, int64_t) { products<BFloat16>(a); }
void gemm16_f16(const Gemm16Args& a, int64_t, int64_t) { products<Half>(a); }

}  // namespace dl::cuda
