// Every PTX instruction, each beside what it does on a CPU (host/): asynchronous copies to shared memory, and products
// of tensor cores.
#pragma once

#include "cuda/launch.h"
#include "simd/half.h"

namespace dl::cuda {

/// Starts a copy of kBytes (4, 8 or 16) from global to shared memory, of which the first `valid` are read and the
/// others zeros. It is done when cp_async_wait has waited for its group.
template <int kBytes>
__device__ __forceinline__ void cp_async(void* to, const void* from, int valid) {
#ifdef DL_CUDA_SHIM
  shim::async_copy(to, from, kBytes, valid);
#else
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
  if constexpr (kBytes == 16)  // past L1: a tile is read once a block
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(valid) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(at), "l"(from), "n"(kBytes), "r"(valid)
                 : "memory");
#endif
}

/// Ends this thread's group of copies.
__device__ __forceinline__ void cp_async_commit() {
#ifdef DL_CUDA_SHIM
  shim::async_commit();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits until at most kPending of this thread's groups are under way. Other threads see the data behind a barrier.
template <int kPending>
__device__ __forceinline__ void cp_async_wait() {
#ifdef DL_CUDA_SHIM
  shim::async_wait(kPending);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
#endif
}

/// float32 to the nearest tf32, as mma_tf32 takes it.
__device__ __forceinline__ std::uint32_t to_tf32(std::uint32_t bits) {
#ifdef DL_CUDA_SHIM
  const bool special = (bits & 0x7f800000) == 0x7f800000;
  return special ? bits : (bits + 0x1000) & 0xffffe000;  // ties away from zero, as .rna
#else
  std::uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(__uint_as_float(bits)));
  return rounded;
#endif
}

// d += a b of a warp. Words of 32 bits: two neighbouring k of bfloat16 or float16, or one of tf32. Lane 4 g + t holds
// of a (16 rows × 8 words) rows g and g + 8 of words t and t + 4: (g, t) (g + 8, t) (g, t + 4) (g + 8, t + 4); of b (8
// words × 8 columns) words t and t + 4 of column g; of d (16 × 8) columns 2 t and 2 t + 1 of rows g and g + 8.
#ifdef DL_CUDA_SHIM
template <class Unpack>
inline void mma_of_warp(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                        const Unpack& product) {
  struct Given {
    std::uint32_t a[4], b[2];
  };
  const Given mine{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  Given of[32];
  shim::sync_warp(~0u, &mine, of, sizeof(Given), std::source_location::current());
  const unsigned g = shim::lane() / 4, t = shim::lane() % 4;
  for (unsigned e = 0; e < 4; ++e) {
    const unsigned half = e / 2, column = 2 * t + e % 2;
    for (unsigned word = 0; word < 8; ++word)
      d[e] += product(of[4 * g + word % 4].a[half + 2 * (word / 4)], of[4 * column + word % 4].b[word / 4]);
  }
}
inline float float_of(std::uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
#endif

__device__ __forceinline__ void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#ifdef DL_CUDA_SHIM
  mma_of_warp(d, a, b, [](std::uint32_t x, std::uint32_t y) {
    return float_of(x << 16) * float_of(y << 16) + float_of(x & 0xffff0000) * float_of(y & 0xffff0000);
  });
#else
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

__device__ __forceinline__ void mma_f16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#ifdef DL_CUDA_SHIM
  const auto half = [](std::uint32_t bits) { return widen(Half{static_cast<std::uint16_t>(bits)}); };
  mma_of_warp(d, a, b,
              [&](std::uint32_t x, std::uint32_t y) { return half(x) * half(y) + half(x >> 16) * half(y >> 16); });
#else
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

__device__ __forceinline__ void mma_tf32(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#ifdef DL_CUDA_SHIM
  mma_of_warp(d, a, b, [](std::uint32_t x, std::uint32_t y) { return float_of(x) * float_of(y); });
#else
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

}  // namespace dl::cuda
