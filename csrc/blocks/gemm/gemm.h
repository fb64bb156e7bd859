// C (+)= A·B with an epilogue: the one matrix product under matmul, linear and conv2d.
//   C[m,n] = relu?( (accumulate? C[m,n] : 0) + sum_k A[m,k] B[k,n] + bias_n[n] + bias_m[m] )
// float32 and float64. Operands are read through any strides, or as patches of an image (implicit gemm: nothing is
// unfolded in memory). C must not overlap A, B or a bias. k = 0 gives zeros and the epilogue. A product is one chain of
// fused multiply-adds over at most KC terms; such sums, and the parts of a split K, are added in order: |error| <=
// (k + k/KC + parts) eps sum_k |A||B|. The same bits at any number of threads (per ISA).
// On AMX large float32 products are made of bfloat16 parts (split.h), to the same bound plus k 2^-126 max|a,b|; values
// that parts cannot carry (not finite, 0 < |x| < 2^-110, beyond bfloat16) anywhere in an operand select multiply-adds
// for all of C. set_product_precision() allows fewer parts.
#pragma once
#include "blocks/gemm/band.h"
#include "core/dtype.h"

namespace dl {

// Row i of a matrix is image i / (p q), row i / q % p, column i % q of a p×q grid. A plain matrix has p = q = 1.
struct Grid {
  int64_t p, q;
  int64_t stride_n, stride_p, stride_q;  // in elements
};

// The matrix whose rows are output pixels (n, p, q) and whose columns are (run, tap of the run, channel): what a
// convolution reads. Taps outside the image are zeros, or left out. Pixels of the image are `channels` contiguous
// elements; a run is run_width taps side by side in a row of the image (so with run_width > 1, stride_w == channels).
struct Patches {
  int64_t h, w;                          // the image
  int64_t p, q, step_h, step_w;          // the grid of output pixels, and the image pixels between two of them
  int64_t stride_n, stride_h, stride_w;  // of the image, in elements
  int64_t channels, run_width, runs;
  const int32_t *dh, *dw;                  // of each run's first tap, from (p step_h, q step_w)
  const int64_t* offset;                   // dh stride_h + dw stride_w
  int64_t dh_min, dh_end, dw_min, dw_end;  // all taps lie in [min, end): where that is inside, nothing is checked
};

// A (rows along m) or B (columns along n): element (i, k) lies at i * stride + k * k_stride, unless
// - tap_offset is set: k = (tap, channel) and it lies at i * stride + tap_offset[tap] + channel * k_stride (weights;
//   in edges.cpp, k = (pixel, image));
// - patches is set: for A, i is the pixel and k the column; for B, k is the pixel and i the column.
struct GemmOperand {
  const void* data;
  int64_t stride, k_stride;
  const int64_t* tap_offset;
  int64_t tap_channels;
  const Patches* patches;
};

struct Gemm {
  DType dtype;
  int64_t m, n, k;
  GemmOperand a, b;
  void* c;
  Grid c_rows;
  int64_t c_stride;             // between columns of C
  const void *bias_n, *bias_m;  // or null
  bool accumulate, relu;
  Device device = Device::cpu;
};

struct GemmArgs {
  Gemm g;
  int float_parts;                 // of bfloat16 for each float32, where tiles are used
  bool tiles_always;               // whatever the estimate
  const char* no_tiles;            // why not, or null: what the operands' values or the caller rule out
  bool tiles;                      // the product runs on tiles, and wants B packed for them
  Band band;                       // on tiles, if it has cells: A's patches are read in place
  int64_t together = 1;            // multiply-adds: images taken side by side (edges.h), all of them or 1
  int64_t depth;                   // then: terms of a block of K
  int* unfit;                      // set by a kernel on tiles that meets values it cannot carry
  bool dot;                        // few rows, both operands contiguous along k: dot products, nothing is packed
  int64_t tile_m, tile_n, part_k;  // a task is one tile of C over one part of K
  int64_t tiles_m, tiles_n, parts;
  int64_t direct_panels;     // B's first panels of NR columns are read in place, the others from `packed`; from AVX-512
                             // on, whose loads may end at any element, a last panel of fewer columns too
  void* packed;              // panels of [k][NR]
  bool b_by_task;            // B, as patches are, is packed by each task in `scratch`: one tile has all rows
  bool a_in_place;           // rows of A are read where they lie: few columns would not repay a copy
  bool a_in_block;           // a tile's panels of A are packed together, in `scratch`
  int64_t b_block_elements;  // where A's panels (on tiles: the sums) begin in it, after a block of B
  void* scratch;
  int64_t* held;   // which of B's blocks the thread's last task left in scratch, or -1; null: none stays there
  void* partials;  // parts > 1: [part][m][n]
  // CUDA: so many products at once, whose operands begin at these offsets in elements, or one.
  int64_t count = 1;
  const int64_t *a_at = nullptr, *b_at = nullptr, *c_at = nullptr;
};
// A kernel's range: gemm: tasks; gemm_pack: panels from direct_panels on; gemm_sum: rows of C.

// How many bfloat16 parts stand for a float32 where tiles are used: 3 (the default), 2 or 1.
DL_API void set_product_precision(int float_parts);
DL_API int product_precision();
// Tests: whatever tiles can compute runs on them, however small.
DL_API void set_tiles_always(bool on);

DL_API void gemm(const Gemm& g);
// c = a · b for the last two dimensions of arrays whose shapes, dtypes and devices the caller has checked.
DL_API Gemm gemm_of(const Array& a, const Array& b, const Array& c);
// The same product for `count` sets of operands, offset in elements from g's.
DL_API void gemm_batched(const Gemm& g, int64_t count, const int64_t* a, const int64_t* b, const int64_t* c);

// Products of one shape and one set of strides. Kernels and tasks are chosen here, once and by one thread: the call,
// unlike gemm, may be made inside parallel_for. `g`'s pointers are not used.
class DL_API ShapedGemm {
 public:
  explicit ShapedGemm(const Gemm& g);
  ShapedGemm(ShapedGemm&&) noexcept;
  ~ShapedGemm();
  void operator()(const void* a, const void* b, void* c) const;

 private:
  struct Plan;
  Plan* plan_;
};

// Products by one B, a recurrence's: B is packed once. `g` is the largest of them; a, c and m change, and B stays as it
// was. Bits depend on m as gemm's do.
class DL_API RepeatedGemm {
 public:
  explicit RepeatedGemm(const Gemm& g);
  ~RepeatedGemm();
  RepeatedGemm(const RepeatedGemm&) = delete;
  RepeatedGemm& operator=(const RepeatedGemm&) = delete;
  void operator()(const void* a, void* c, int64_t m) const;

 private:
  Gemm g_;
  size_t packed_bytes_;
  void* packed_;
  int64_t direct_panels_;
};

}  // namespace dl
