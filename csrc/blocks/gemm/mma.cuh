// C = A·B by tensor cores (mma.sync): operands of bfloat16 or float16, or of float32 rounded to tf32; sums are float32.
// A block of 8 warps makes 128 × 128 elements of C, a warp 64 × 32 in 4 × 4 products of 16 × 8. Slabs of 16 words of k
// (32 bits: two bfloat16 or a tf32) lie in shared memory with 4 words between rows, so that a fragment's 32 reads hit
// 32 banks; the next one is on its way while one is multiplied. Limit: one wave of copies a slab; the tuned kernels of
// sm_90 are not here yet.
#pragma once

#include "blocks/gemm/result.cuh"
#include "blocks/gemm/side.cuh"
#include "cuda/ptx.cuh"

namespace dl::cuda {

constexpr int kMmaTile = 128, kWords = 16, kWordPitch = kWords + 4;
constexpr unsigned kMmaThreads = 256;

template <class S>
constexpr int kTermsInWord = 4 / static_cast<int>(sizeof(S));

struct alignas(16) WordSlab {
  std::uint32_t of[kMmaTile][kWordPitch];
};

struct WordBatch {
  const int64_t *a, *b;
  bool a_along_k, b_along_k;
};

// This thread's two pieces of 4 words of a slab: a row's, or neighbouring rows'. One after the other: side by side
// their addresses take registers past the 128 of which two blocks fit an SM, and sums spill on sm_80.
template <class S, bool kPieces>
__device__ __forceinline__ void load_words(WordSlab& slab, const Side& side, const S* data, int64_t first,
                                           int64_t limit, int64_t k0, int64_t end, bool along_k) {
  constexpr int kTerms = 4 * kTermsInWord<S>;
  DL_NO_UNROLL
  for (unsigned half = 0; half < 2; ++half) {
    const unsigned item = threadIdx.x + half * kMmaThreads;
    const int row = static_cast<int>(along_k ? item / 4 : item % kMmaTile);
    const int piece = static_cast<int>(along_k ? item % 4 : item / kMmaTile);
    const int64_t k = k0 + piece * kTerms;
    std::uint32_t* to = &slab.of[row][piece * 4];
    const bool row_ok = first + row < limit;
    const Part i = row_ok ? side.of_i(first + row) : Part{};
    if constexpr (kPieces) {
      const int64_t left = end - k < kTerms ? end - k : kTerms;  // none where the slab reaches past the end
      Part at;
      if (left > 0) at = side.of_k(k);
      const bool ok = row_ok && left > 0 && side.inside(i, at);
      cp_async<16>(to, ok ? data + i.at + at.at : data, ok ? static_cast<int>(left * sizeof(S)) : 0);
    } else {
      S terms[kTerms];
      DL_UNROLL
      for (int e = 0; e < kTerms; ++e) {
        const bool k_ok = k + e < end;
        Part at;
        if (k_ok) at = side.of_k(k + e);
        terms[e] = row_ok && k_ok && side.inside(i, at) ? data[i.at + at.at] : S{};
      }
      __builtin_memcpy(to, terms, sizeof terms);
    }
  }
}

template <class S, class R, bool kPieces>
static __global__ void __launch_bounds__(kMmaThreads, 2)
    words_kernel(const __grid_constant__ Side a, const __grid_constant__ Side b, WordBatch batch,
                 const __grid_constant__ Result to, Cut cut, int64_t k) {
  struct alignas(16) Slabs {
    WordSlab a[2], b[2];
  };
  Slabs& slabs = shared<Slabs>();
  constexpr int kDepth = kWords * kTermsInWord<S>;
  const int64_t product = blockIdx.z, part = blockIdx.y;
  const int64_t first_m = blockIdx.x / cut.tiles_n * kMmaTile, first_n = blockIdx.x % cut.tiles_n * kMmaTile;
  const int64_t begin = part * cut.part_k, end = begin + cut.part_k < k ? begin + cut.part_k : k;
  const S* data_a = static_cast<const S*>(a.data) + (batch.a ? batch.a[product] : 0);
  const S* data_b = static_cast<const S*>(b.data) + (batch.b ? batch.b[product] : 0);
  const auto load = [&](int slab, int64_t at) {
    load_words<S, kPieces>(slabs.a[slab], a, data_a, first_m, to.m, at, end, batch.a_along_k);
    load_words<S, kPieces>(slabs.b[slab], b, data_b, first_n, to.n, at, end, batch.b_along_k);
    cp_async_commit();
  };
  float sum[4][4][4];
  DL_UNROLL
  for (auto& rows : sum) DL_UNROLL
  for (auto& tile : rows) DL_UNROLL
  for (float& s : tile) s = 0;

  const int warp = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32);
  const int group = lane / 4, word = lane % 4, warp_m = warp / 4 * 64, warp_n = warp % 4 * 32;
  if (begin < end) load(0, begin);
  int now = 0;
  for (int64_t at = begin; at < end; at += kDepth, now ^= 1) {
    if (at + kDepth < end) {
      load(now ^ 1, at + kDepth);
      cp_async_wait<1>();
    } else {
      cp_async_wait<0>();
    }
    __syncthreads();  // every thread's part of this slab is there
    DL_UNROLL
    for (int w = 0; w < kWords; w += 8) {
      std::uint32_t x[4][4], y[4][2];
      const auto term = [](std::uint32_t bits) { return sizeof(S) == 4 ? to_tf32(bits) : bits; };
      DL_UNROLL
      for (int i = 0; i < 4; ++i) DL_UNROLL
      for (int e = 0; e < 4; ++e)
        x[i][e] = term(slabs.a[now].of[warp_m + i * 16 + e % 2 * 8 + group][w + e / 2 * 4 + word]);
      DL_UNROLL
      for (int j = 0; j < 4; ++j) DL_UNROLL
      for (int e = 0; e < 2; ++e) y[j][e] = term(slabs.b[now].of[warp_n + j * 8 + group][w + e * 4 + word]);
      DL_UNROLL
      for (int i = 0; i < 4; ++i) DL_UNROLL
      for (int j = 0; j < 4; ++j) {
        if constexpr (sizeof(S) == 4)
          mma_tf32(sum[i][j], x[i], y[j]);
        else if constexpr (__is_same(S, Half))
          mma_f16(sum[i][j], x[i], y[j]);
        else
          mma_bf16(sum[i][j], x[i], y[j]);
      }
    }
    __syncthreads();  // the next round's copies overwrite this slab
  }
  DL_UNROLL
  for (int i = 0; i < 8; ++i) {
    const Result::Row row = to.row(product, part, first_m + warp_m + i * 8 + group);
    DL_UNROLL
    for (int j = 0; j < 8; ++j)
      to.template put<R>(row, first_n + warp_n + j / 2 * 8 + word * 2 + j % 2, sum[i / 2][j / 2][i % 2 * 2 + j % 2]);
  }
}

template <class S, class R>
static void multiply_words(const GemmArgs& a) {
  const Gemm& g = a.g;
  const HeldSide left(g.a, false, g.k), right(g.b, true, g.k);
  const auto count = static_cast<std::size_t>(a.a_at ? a.count : 0);
  const Scratch at_a(a.a_at, count), at_b(a.b_at, count), at_c(a.c_at, count);
  const Cut cut = cut_of(a, kMmaTile, kWords * kTermsInWord<S>);
  const int64_t sums = cut.parts > 1 ? a.count * cut.parts * g.m * g.n : 0;
  const Scratch partials(static_cast<std::size_t>(sums) * sizeof(float));
  const Result to(g, at_c.as<int64_t>(), partials.as<void>(), cut.parts);
  constexpr int64_t kPiece = 4 * kTermsInWord<S>;
  const WordBatch batch{at_a.as<int64_t>(), at_b.as<int64_t>(), left.along_k(), right.along_k()};
  const bool pieces = left.in_pieces(kPiece, sizeof(S), a, a.a_at) && right.in_pieces(kPiece, sizeof(S), a, a.b_at);
  launch("gemm", pieces ? words_kernel<S, R, true> : words_kernel<S, R, false>,
         {.blocks = blocks_of(cut, a.count), .threads = kMmaThreads}, left.side, right.side, batch, to, cut, g.k);
  if (cut.parts > 1)
    launch("gemm_sum", sum_parts_kernel<R, float>, grid_stride(a.count * g.m * g.n), to, a.count * g.m * g.n);
}

}  // namespace dl::cuda
