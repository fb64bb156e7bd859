// C = A·B with gemm.h's epilogue: float32 and float64 by multiply-adds, float32 at a lower precision (one or two parts)
// by tensor cores. Called by gemm.cpp for one product, or for a batch.
// A block makes a tile of C: A's and B's slabs of kDepth terms are copied to shared memory while the slab before is
// multiplied, element by element, so that one kernel takes strides, patches and taps.
// Limit: the multiply-adds; each thread keeps kEach × kEach sums and reads 2 kEach operands for kEach² of them.
#include "blocks/gemm/mma.cuh"

namespace dl::cuda {

constexpr unsigned kThreads = 256, kSide = 16;  // threads along each side of a tile

// Its share of the slabs of one operand: kRows × kDepth elements, with kPad between rows against bank conflicts.
template <class T, int kRows, int kDepth>
class Loader {
 public:
  static constexpr int kEach = kRows * kDepth / static_cast<int>(kThreads), kPitch = kRows + 4;
  struct Slab {
    T of[kDepth][kPitch];
  };

  __device__ Loader(const Side& side, const void* data, int64_t first, int64_t limit, bool along_k)
      : side_(side), data_(static_cast<const T*>(data)), along_k_(along_k) {
    DL_UNROLL
    for (int j = 0; j < kEach; ++j) {
      ok_[j] = (j == 0 || along_k) && first + row_of(j) < limit;
      if (ok_[j]) row_[j] = side.of_i(first + row_of(j));
    }
  }
  __device__ void load(Slab& slab, int64_t k0, int64_t end) {
    Part k;
    DL_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const int64_t at = k0 + depth_of(j);
      const bool k_ok = at < end;
      if ((j == 0 || !along_k_) && k_ok) k = side_.of_k(at);
      const Part row = along_k_ ? row_[j] : row_[0];
      const bool ok = k_ok && (along_k_ ? ok_[j] : ok_[0]) && side_.inside(row, k);
      cp_async<sizeof(T)>(&slab.of[depth_of(j)][row_of(j)], ok ? data_ + row.at + k.at : data_, ok ? sizeof(T) : 0);
    }
  }

 private:
  // Threads side by side take neighbours along k, or along the rows.
  __device__ int row_of(int j) const {
    constexpr int kStep = static_cast<int>(kThreads) / kDepth;
    return static_cast<int>(along_k_ ? threadIdx.x / kDepth + j * kStep : threadIdx.x % kRows);
  }
  __device__ int depth_of(int j) const {
    constexpr int kStep = static_cast<int>(kThreads) / kRows;
    return static_cast<int>(along_k_ ? threadIdx.x % kDepth : threadIdx.x / kRows + j * kStep);
  }

  const Side& side_;
  const T* data_;
  bool along_k_, ok_[kEach];
  Part row_[kEach];
};

struct Batch {
  const int64_t *a, *b;  // offsets in elements, or null
  bool a_along_k, b_along_k;
};

template <class T, int kTile, int kDepth>
static __global__ void __launch_bounds__(kThreads)
    multiply_kernel(const __grid_constant__ Side a, const __grid_constant__ Side b, Batch batch,
                    const __grid_constant__ Result to, Cut cut, int64_t k) {
  using Load = Loader<T, kTile, kDepth>;
  constexpr int kEach = kTile / static_cast<int>(kSide), kPack = 16 / static_cast<int>(sizeof(T));
  // Row e of those of thread i along a side: packs of 16 bytes, side by side between threads.
  const auto place = [](int e, unsigned i) {
    return e / kPack * kPack * static_cast<int>(kSide) + static_cast<int>(i) * kPack + e % kPack;
  };
  struct alignas(16) Slabs {
    typename Load::Slab a[2], b[2];
  };
  Slabs& slabs = shared<Slabs>();
  const int64_t product = blockIdx.z, part = blockIdx.y;
  const int64_t first_m = blockIdx.x / cut.tiles_n * kTile, first_n = blockIdx.x % cut.tiles_n * kTile;
  const int64_t begin = part * cut.part_k, end = begin + cut.part_k < k ? begin + cut.part_k : k;
  Load from_a(a, static_cast<const T*>(a.data) + (batch.a ? batch.a[product] : 0), first_m, to.m, batch.a_along_k);
  Load from_b(b, static_cast<const T*>(b.data) + (batch.b ? batch.b[product] : 0), first_n, to.n, batch.b_along_k);
  T sum[kEach][kEach];
  DL_UNROLL
  for (auto& row : sum) DL_UNROLL
  for (T& s : row) s = T(0);

  const unsigned row = threadIdx.x / kSide, column = threadIdx.x % kSide;
  if (begin < end) {
    from_a.load(slabs.a[0], begin, end);
    from_b.load(slabs.b[0], begin, end);
    cp_async_commit();
  }
  int now = 0;
  for (int64_t at = begin; at < end; at += kDepth, now ^= 1) {
    if (at + kDepth < end) {
      from_a.load(slabs.a[now ^ 1], at + kDepth, end);
      from_b.load(slabs.b[now ^ 1], at + kDepth, end);
      cp_async_commit();
      cp_async_wait<1>();
    } else {
      cp_async_wait<0>();
    }
    __syncthreads();  // every thread's copies of this slab have landed
    DL_UNROLL
    for (int d = 0; d < kDepth; ++d) {
      T x[kEach], y[kEach];
      DL_UNROLL
      for (int e = 0; e < kEach; e += kPack) {
        const auto u = load128(&slabs.a[now].of[d][place(e, row)]), v = load128(&slabs.b[now].of[d][place(e, column)]);
        DL_UNROLL
        for (int i = 0; i < kPack; ++i) {
          x[e + i] = u.of[i];
          y[e + i] = v.of[i];
        }
      }
      DL_UNROLL
      for (int i = 0; i < kEach; ++i) DL_UNROLL
      for (int j = 0; j < kEach; ++j) sum[i][j] = fma(x[i], y[j], sum[i][j]);
    }
    __syncthreads();  // the next round's copies overwrite this slab
  }
  DL_UNROLL
  for (int i = 0; i < kEach; ++i) {
    const Result::Row at = to.row(product, part, first_m + place(i, row));
    DL_UNROLL
    for (int j = 0; j < kEach; ++j) to.template put<T>(at, first_n + place(j, column), sum[i][j]);
  }
}

template <class T, int kTile, int kDepth>
static void multiply(const GemmArgs& a) {
  const Gemm& g = a.g;
  const HeldSide left(g.a, false, g.k), right(g.b, true, g.k);
  const auto count = static_cast<std::size_t>(a.a_at ? a.count : 0);
  const Scratch at_a(a.a_at, count), at_b(a.b_at, count), at_c(a.c_at, count);
  const Cut cut = cut_of(a, kTile, kDepth);
  const int64_t sums = cut.parts > 1 ? a.count * cut.parts * g.m * g.n : 0;
  const Scratch partials(static_cast<std::size_t>(sums) * sizeof(T));
  const Result to(g, at_c.as<int64_t>(), partials.as<void>(), cut.parts);
  const Batch batch{at_a.as<int64_t>(), at_b.as<int64_t>(), left.along_k(), right.along_k()};
  launch("gemm", multiply_kernel<T, kTile, kDepth>, {.blocks = blocks_of(cut, a.count), .threads = kThreads}, left.side,
         right.side, batch, to, cut, g.k);
  if (cut.parts > 1)
    launch("gemm_sum", sum_parts_kernel<T, T>, grid_stride(a.count * g.m * g.n), to, a.count * g.m * g.n);
}

// Large tiles reuse an operand twice as often, where there are enough of them for the GPU's 132 SMs.
static bool large(const GemmArgs& a) { return a.count * ((a.g.m + 127) / 128) * ((a.g.n + 127) / 128) >= 132; }

void gemm_f32(const GemmArgs& a, int64_t, int64_t) {
  if (a.float_parts < 3)
    multiply_words<float, float>(a);
  else if (large(a))
    multiply<float, 128, 8>(a);
  else
    multiply<float, 64, 16>(a);
}
void gemm_f64(const GemmArgs& a, int64_t, int64_t) { multiply<double, 64, 16>(a); }

}  // namespace dl::cuda
