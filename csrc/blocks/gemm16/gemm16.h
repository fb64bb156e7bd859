// C = A·B as blocks/gemm/gemm.h has it, of bfloat16 operands, and on CUDA of float16 ones: products and sums are
// float32, and C is rounded once, to the operands' dtype, or stays float32. The bias is float32. accumulate is for a
// float32 C alone.
//   |error| <= (k + k/KC + parts) 2^-24 sum_k |A||B| + |bias| 2^-24, and 2^-8 of C's element where C is bfloat16, 2^-11
// where it is float16
// Tiles multiply them (cpu_amx.cpp), or instructions on pairs (cpu_avx512bf16.cpp); a machine that has neither widens
// the operands and takes gemm's float32 kernels. NaN
// and infinities propagate; subnormals are zeros. The same bits at any number of threads (per ISA).
#pragma once
#include "blocks/gemm/gemm.h"

namespace dl {

struct Gemm16Args {
  GemmArgs cut;  // read are g, the tasks' sizes, b_block_elements, scratch, held and partials
  DType c_dtype;
  int64_t a_panel_elements;  // of scratch: a panel of A, then the block of B, then sums
  bool past_caches;          // whole blocks of C go past the caches, its rows being whole lines
};
constexpr int64_t kTileRun = 2048;  // terms of a sum that stay in tiles; a deeper K is taken in blocks
// A kernel's range: gemm16: tasks; gemm16_sum: rows of C.

DL_API bool multiplies(DType t, Device device);  // whether there are products of it
// The product in any dtype: this block's where g's is of 16 bits, and C is of c_dtype; else gemm's.
DL_API void product(const Gemm& g, DType c_dtype);
void product(const Array& a, const Array& b, const Array& c);
DL_API Gemm product_of(const Array& a, const Array& b, const Array& c);  // gemm_of, and operands may be narrower than c
void product_batched(const Gemm& g, DType c_dtype, int64_t count, const int64_t* a, const int64_t* b, const int64_t* c);

void gemm16_widened(const Gemm& g, DType c_dtype);  // by float32 kernels

}  // namespace dl
