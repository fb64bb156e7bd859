// bfloat16 products on tensor cores (blocks/gemm/mma.cuh), C rounded once to bfloat16 or kept as float32. Called by
// gemm16.cpp for one product or a batch.
#include "blocks/gemm/mma.cuh"
#include "blocks/gemm16/gemm16.h"

namespace dl::cuda {

void gemm16_products(const Gemm16Args& a, int64_t, int64_t) {
  if (a.c_dtype == DType::bf16)
    multiply_words<BFloat16, BFloat16>(a.cut);
  else
    multiply_words<BFloat16, float>(a.cut);
}

}  // namespace dl::cuda
