// What kernels may rely on: built by nvcc these tests run on a GPU, built by the host compiler they run through the
// shim (csrc/cuda/host/), and both must pass.
#include "check.h"
#include "cuda/reduce.cuh"
#include "cuda/vec128.cuh"

using namespace dl::cuda;
using namespace check;

namespace {

// ---- indices, grids, shared memory ----

__global__ void indices_kernel(unsigned* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[block * (blockDim.x * blockDim.y * blockDim.z) + thread] += 100 * block + thread;
}

TEST(every_thread_of_every_block_runs_once) {
  Device<unsigned> out(std::vector<unsigned>(2 * 3 * 2 * 5 * 3 * 2));
  launch("indices", indices_kernel, {.blocks = dim3(2, 3, 2), .threads = dim3(5, 3, 2)}, out.at);
  const auto got = out.host();
  for (unsigned i = 0; i < got.size(); ++i) EXPECT(got[i] == 100 * (i / 30) + i % 30);
}

__global__ void copy_kernel(const float* x, float* y, std::int64_t n) {
  for (std::int64_t i = first_item(); i < n / 4; i += item_step()) store128(y + 4 * i, load128(x + 4 * i));
}

TEST(grid_stride_covers_more_items_than_threads) {
  const std::int64_t n = 4 * (132 * 8 * 256 + 77);
  const auto x = numbers<float>(n, [](std::size_t i) { return 0.5f * static_cast<float>(i); });
  Device<float> from(x), to(n);
  EXPECT(grid_stride(1).blocks.x == 1 && grid_stride(257).blocks.x == 2 && grid_stride(n).blocks.x == 132 * 8);
  launch("copy", copy_kernel, grid_stride(n / 4), from.at, to.at, n);
  EXPECT(to.host() == x);
}

struct Tile {
  float of[16][17];
};

// 16 x 16 blocks; the block's tile is written by rows and read by columns.
__global__ void transpose_kernel(const float* x, float* y, int n) {
  Tile& tile = shared<Tile>();
  const int r = blockIdx.y * 16 + threadIdx.y, c = blockIdx.x * 16 + threadIdx.x;
  if (r < n && c < n) tile.of[threadIdx.y][threadIdx.x] = x[r * n + c];
  __syncthreads();
  const int q = blockIdx.x * 16 + threadIdx.y, p = blockIdx.y * 16 + threadIdx.x;
  if (q < n && p < n) y[q * n + p] = tile.of[threadIdx.x][threadIdx.y];
}

TEST(static_shared_memory_is_shared_by_a_block) {
  const int n = 45;
  const auto x = numbers<float>(n * n, [](std::size_t i) { return static_cast<float>(i); });
  Device<float> from(x), to(n * n);
  launch("transpose", transpose_kernel, {.blocks = dim3(3, 3), .threads = dim3(16, 16)}, from.at, to.at, n);
  const auto y = to.host();
  for (int r = 0; r < n; ++r)
    for (int c = 0; c < n; ++c) EXPECT(y[c * n + r] == x[r * n + c]);
}

__global__ void reverse_kernel(int* x) {
  int* buffer = dynamic_shared<int>();
  buffer[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = buffer[blockDim.x - 1 - threadIdx.x];
}

TEST(dynamic_shared_memory_has_the_size_of_the_launch) {
  for (const int n : {1, 31, 100, 1024}) {
    Device<int> x(numbers<int>(n, [](std::size_t i) { return static_cast<int>(i); }));
    launch("reverse", reverse_kernel, {.blocks = 1, .threads = dim3(n), .shared_bytes = n * sizeof(int)}, x.at);
    const auto got = x.host();
    for (int i = 0; i < n; ++i) EXPECT(got[i] == n - 1 - i);
  }
}

// ---- warps ----

__global__ void shuffles_kernel(int* out) {
  const int lane = threadIdx.x, v = 10 * lane;
  int* mine = out + 8 * lane;
  mine[0] = __shfl_sync(~0u, v, 5);
  mine[1] = __shfl_sync(~0u, v, 11, 8);
  mine[2] = __shfl_up_sync(~0u, v, 3);
  mine[3] = __shfl_up_sync(~0u, v, 3, 8);
  mine[4] = __shfl_down_sync(~0u, v, 3);
  mine[5] = __shfl_down_sync(~0u, v, 3, 8);
  mine[6] = __shfl_xor_sync(~0u, v, 16);
  mine[7] = __shfl_xor_sync(~0u, v, 16, 8);  // an earlier group may be read, a later one not
}

TEST(shuffles_move_values_between_lanes) {
  Device<int> out(8 * 32);
  launch("shuffles", shuffles_kernel, {.blocks = 1, .threads = 32}, out.at);
  const auto got = out.host();
  for (int lane = 0; lane < 32; ++lane) {
    const int first = lane & ~7, in8 = lane & 7;
    const int source[8] = {5,
                           first + 3,
                           lane >= 3 ? lane - 3 : lane,
                           in8 >= 3 ? lane - 3 : lane,
                           lane < 29 ? lane + 3 : lane,
                           in8 < 5 ? lane + 3 : lane,
                           lane ^ 16,
                           lane < 16 ? lane : lane ^ 16};
    for (int k = 0; k < 8; ++k) EXPECT(got[8 * lane + k] == 10 * source[k]);
  }
}

__global__ void matches_kernel(unsigned* out) {
  const unsigned lane = threadIdx.x;
  out[lane] = __match_any_sync(~0u, lane % 3);
  if (lane >= 8) out[lane] |= __match_any_sync(0xffffff00u, 1ull << 40 | lane / 30) << 1;
  out[32 + lane] = __popc(0xf0f00000u >> lane);
}

TEST(lanes_find_their_equals) {
  Device<unsigned> out(64);
  launch("matches", matches_kernel, {.blocks = 1, .threads = 32}, out.at);
  const auto got = out.host();
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned equals = 0, among = 0;
    for (unsigned other = 0; other < 32; ++other) {
      equals |= (other % 3 == lane % 3) << other;
      among |= (other >= 8 && other / 30 == lane / 30) << other;
    }
    EXPECT(got[lane] == (lane < 8 ? equals : equals | among << 1));
    EXPECT(got[32 + lane] == static_cast<unsigned>(__builtin_popcount(0xf0f00000u >> lane)));
  }
}

// The two halves of a warp take different branches and synchronise among themselves only.
__global__ void halves_kernel(double* out) {
  const unsigned lane = threadIdx.x;
  double v = lane;
  if (lane < 16) {
    for (int d = 8; d > 0; d /= 2) v += __shfl_xor_sync(0x0000ffffu, v, d);
  } else {
    for (int d = 1; d < 16; d *= 2) v = fmax(v, __shfl_xor_sync(0xffff0000u, v, d));
  }
  __syncwarp();
  out[lane] = v;
}

TEST(a_partial_mask_waits_for_its_own_lanes) {
  Device<double> out(32);
  launch("halves", halves_kernel, {.blocks = 1, .threads = 32}, out.at);
  const auto got = out.host();
  for (int lane = 0; lane < 32; ++lane) EXPECT(got[lane] == (lane < 16 ? 120 : 31));
}

__global__ void exchange_kernel(int* x) {
  struct Slots {
    int of[32];
  };
  Slots& s = shared<Slots>();
  s.of[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  x[threadIdx.x] = s.of[31 - threadIdx.x];
}

TEST(syncwarp_orders_shared_memory) {
  Device<int> x(numbers<int>(32, [](std::size_t i) { return static_cast<int>(i); }));
  launch("exchange", exchange_kernel, {.blocks = 1, .threads = 32}, x.at);
  const auto got = x.host();
  for (int i = 0; i < 32; ++i) EXPECT(got[i] == 31 - i);
}

__global__ void reduce_kernel(const float* x, float* sum, float* max, float* count, int n) {
  float s = 0, m = -INFINITY;
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    s += x[blockIdx.x * n + i];
    m = MaxOf()(m, x[blockIdx.x * n + i]);
  }
  s = block_reduce<SumOf>(s);
  const float threads = block_reduce<SumOf>(1.0f);  // at once again: the first one's slots must be free
  m = block_reduce<MaxOf>(m);
  if (threadIdx.x == blockDim.x - 1) {
    sum[blockIdx.x] = s;
    max[blockIdx.x] = m;
    count[blockIdx.x] = threads;
  }
}

TEST(block_reductions_give_every_thread_the_result) {
  const int n = 333;
  const auto x = numbers<float>(3 * n, [](std::size_t i) { return static_cast<float>((i * 7919) % 1000); });
  for (const unsigned threads : {32u, 96u, 1024u}) {
    Device<float> in(x), sum(3), max(3), count(3);
    launch("reduce", reduce_kernel, {.blocks = 3, .threads = threads}, in.at, sum.at, max.at, count.at, n);
    const auto s = sum.host(), m = max.host(), c = count.host();
    for (int row = 0; row < 3; ++row) {
      float total = 0, largest = 0;
      for (int i = 0; i < n; ++i) {
        total += x[row * n + i];  // integers below 2^24: exact in any order
        largest = std::fmax(largest, x[row * n + i]);
      }
      EXPECT(s[row] == total && m[row] == largest && c[row] == static_cast<float>(threads));
    }
  }
}

TEST(block_max_keeps_a_nan) {
  auto x = numbers<float>(64, [](std::size_t i) { return static_cast<float>(i); });
  x[37] = NAN;
  Device<float> in(x), sum(1), max(1), count(1);
  launch("reduce", reduce_kernel, {.blocks = 1, .threads = 64}, in.at, sum.at, max.at, count.at, 64);
  EXPECT(std::isnan(max.host()[0]) && std::isnan(sum.host()[0]));
}

// ---- arithmetic, stacks, atomics, exits, errors ----

__global__ void halve_kernel(float* x) { x[0] *= 0.5f; }

TEST(subnormals_are_zero_in_kernels_only) {
  const float smallest_normal = 0x1p-126f;
  Device<float> x(std::vector<float>{smallest_normal});
  launch("halve", halve_kernel, {.blocks = 1, .threads = 1}, x.at);
  EXPECT(x.host()[0] == 0);
  volatile float outside = smallest_normal;
  EXPECT(outside * 0.5f > 0);
}

__global__ void deep_kernel(double* out) {
  double frame[1024];  // 8 KB live across a switch
  for (int i = 0; i < 1024; ++i) frame[i] = threadIdx.x + 1000.0 * i;
  __syncthreads();
  double sum = 0;
  for (int i = 0; i < 1024; ++i) sum += frame[i];
  out[threadIdx.x] = sum;
}

TEST(each_thread_keeps_its_stack_across_a_switch) {
  Device<double> out(1024);
  launch("deep", deep_kernel, {.blocks = 1, .threads = 1024}, out.at);
  const auto got = out.host();
  for (int i = 0; i < 1024; ++i) EXPECT(got[i] == 1024.0 * i + 1000.0 * 1023 * 512);
}

__global__ void atomics_kernel(int* counters, float* total) {
  const int i = static_cast<int>(first_item());
  atomicAdd(counters, i);
  atomicMin(counters + 1, i - 5);
  atomicMax(counters + 2, i);
  atomicAdd(total, 1.0f);
}

TEST(atomics_lose_no_update) {
  Device<int> counters(std::vector<int>{0, 0, 0});
  Device<float> total(std::vector<float>{0});
  launch("atomics", atomics_kernel, {.blocks = 5, .threads = 100}, counters.at, total.at);
  EXPECT(counters.host() == std::vector<int>{499 * 500 / 2, -5, 499});
  EXPECT(total.host()[0] == 500);
}

__global__ void leave_early_kernel(int* out, int stay) {
  if (static_cast<int>(threadIdx.x) >= stay) return;
  struct Slots {
    int of[64];
  };
  Slots& s = shared<Slots>();
  s.of[threadIdx.x] = threadIdx.x;
  __syncwarp();
  __syncthreads();
  out[threadIdx.x] = s.of[(threadIdx.x + 1) % stay];
}

TEST(barriers_wait_for_no_thread_that_has_exited) {
  for (const int stay : {64, 40, 32, 7, 1}) {
    Device<int> out(std::vector<int>(64));
    launch("leave_early", leave_early_kernel, {.blocks = 1, .threads = 64}, out.at, stay);
    const auto got = out.host();
    for (int i = 0; i < stay; ++i) EXPECT(got[i] == (i + 1) % stay);
  }
}

TEST(a_launch_that_cannot_be_is_an_error) {
  Device<unsigned> out(std::vector<unsigned>(32));
  for (const Shape& shape :
       {Shape{.blocks = 0, .threads = 32}, Shape{.blocks = 1, .threads = 0}, Shape{.blocks = 1, .threads = 1056},
        Shape{.blocks = dim3(1, 1 << 16), .threads = 32}, Shape{.blocks = 1, .threads = 32, .shared_bytes = 4 << 20}})
    EXPECT(contains(error_of([&] { launch("indices", indices_kernel, shape, out.at); }), "indices: invalid "));
  EXPECT(out.host() == std::vector<unsigned>(32));
}

}  // namespace
