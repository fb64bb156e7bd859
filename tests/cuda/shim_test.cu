// What the shim adds to CUDA: schedule seeds, and an error where a GPU would hang. Host only.
#include <set>

#include "check.h"
#include "cuda/reduce.cuh"

using namespace dl::cuda;
using namespace check;
using dl::shim::set_schedule_seed;

namespace {

/// The distinct results of f over schedule seeds 0 to 7, as bytes.
template <class T>
std::set<std::string> results(const std::function<std::vector<T>()>& f) {
  std::set<std::string> distinct;
  for (const unsigned seed : {0, 1, 2, 3, 4, 5, 6, 7}) {
    set_schedule_seed(seed);
    const std::vector<T> v = f();
    distinct.emplace(reinterpret_cast<const char*>(v.data()), v.size() * sizeof(T));
  }
  set_schedule_seed(0);
  return distinct;
}

// ---- races ----

// Each thread reads the slot of another. `distance` says in which direction: a single schedule sees one of them only.
template <bool kSync>
__global__ void neighbour_kernel(int* out, int distance) {
  int* slots = dynamic_shared<int>();
  slots[threadIdx.x] = threadIdx.x;
  if (kSync) __syncthreads();
  out[threadIdx.x] = slots[(threadIdx.x + blockDim.x + distance) % blockDim.x];
}

template <bool kSync>
std::vector<int> neighbours(int distance) {
  Device<int> out(64);
  const Shape shape{.blocks = 1, .threads = 64, .shared_bytes = 64 * sizeof(int)};
  launch("neighbour", neighbour_kernel<kSync>, shape, out.at, distance);
  return out.host();
}

TEST(a_missing_syncthreads_is_seen) {
  for (const int distance : {1, -1, 32}) {
    EXPECT(results<int>([&] { return neighbours<true>(distance); }).size() == 1);
    EXPECT(results<int>([&] { return neighbours<false>(distance); }).size() > 1);
  }
}

// Reads, then overwrites what a slower thread has yet to read.
template <bool kSync>
__global__ void rotate_kernel(int* out) {
  int* slots = dynamic_shared<int>();
  slots[threadIdx.x] = threadIdx.x;
  __syncthreads();
  for (int step = 0; step < 3; ++step) {
    const int v = slots[(threadIdx.x + 1) % blockDim.x];
    if (kSync) __syncthreads();
    slots[threadIdx.x] = v;
    __syncthreads();
  }
  out[threadIdx.x] = slots[threadIdx.x];
}

template <bool kSync>
std::vector<int> rotated() {
  Device<int> out(96);
  launch("rotate", rotate_kernel<kSync>, {.blocks = 1, .threads = 96, .shared_bytes = 96 * sizeof(int)}, out.at);
  return out.host();
}

TEST(a_missing_barrier_between_read_and_write_is_seen) {
  EXPECT(results<int>(rotated<true>).size() == 1);
  EXPECT(rotated<true>()[0] == 3);
  EXPECT(results<int>(rotated<false>).size() > 1);
}

template <bool kSync>
__global__ void warp_reverse_kernel(int* out) {
  int* slots = dynamic_shared<int>();
  slots[threadIdx.x] = threadIdx.x;
  if (kSync) __syncwarp();
  out[threadIdx.x] = slots[threadIdx.x ^ 31];
}

template <bool kSync>
std::vector<int> warp_reversed() {
  Device<int> out(64);
  const Shape shape{.blocks = 1, .threads = 64, .shared_bytes = 64 * sizeof(int)};
  launch("warp_reverse", warp_reverse_kernel<kSync>, shape, out.at);
  return out.host();
}

TEST(a_missing_syncwarp_is_seen) {
  EXPECT(results<int>(warp_reversed<true>).size() == 1);
  EXPECT(results<int>(warp_reversed<false>).size() > 1);
}

// A warp publishes its sum after shuffles; another reads it. The shuffles order the lanes of each warp, not the warps.
template <bool kSync>
__global__ void publish_kernel(int* out) {
  int* of_warp = dynamic_shared<int>();
  const int sum = warp_reduce<SumOf>(1);
  of_warp[threadIdx.x / 32] = sum;
  if (kSync) __syncthreads();
  __syncwarp();
  out[threadIdx.x] = of_warp[(threadIdx.x / 32 + 1) % (blockDim.x / 32)];
}

template <bool kSync>
std::vector<int> published() {
  Device<int> out(128);
  launch("publish", publish_kernel<kSync>, {.blocks = 1, .threads = 128, .shared_bytes = 4 * sizeof(int)}, out.at);
  return out.host();
}

TEST(warp_operations_do_not_order_warps) {
  EXPECT(results<int>(published<true>).size() == 1);
  EXPECT(results<int>(published<false>).size() > 1);
}

__global__ void float_atomics_kernel(float* total) { atomicAdd(total, 1.0f / (1 + first_item())); }

TEST(float_atomics_depend_on_the_schedule) {
  EXPECT(results<float>([] {
           Device<float> total(std::vector<float>{0});
           launch("float_atomics", float_atomics_kernel, {.blocks = 4, .threads = 64}, total.at);
           return total.host();
         }).size() > 1);
}

__global__ void block_order_kernel(int* ticket, int* out) {
  if (threadIdx.x == 0) out[blockIdx.x] = atomicAdd(ticket, 1);
}

TEST(blocks_run_in_the_order_of_the_seed) {
  auto order = [](unsigned seed) {
    set_schedule_seed(seed);
    Device<int> ticket(std::vector<int>{0}), out(8);
    launch("block_order", block_order_kernel, {.blocks = 8, .threads = 1}, ticket.at, out.at);
    set_schedule_seed(0);
    return out.host();
  };
  EXPECT(order(0) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT(order(1) == std::vector<int>{7, 6, 5, 4, 3, 2, 1, 0});
  EXPECT(order(2) != order(3) && order(2) == order(2));
}

// ---- errors ----

/// Threads in ascending order: which one is named does not depend on the seed.
std::string error_in_order(const std::function<void()>& f) {
  set_schedule_seed(0);
  return error_of(f);
}

__global__ void stuck_kernel(int* out) {
  if (threadIdx.x == 3) return;
  if (threadIdx.x < 8) {
    __syncwarp();
  } else {
    __syncthreads();
  }
  out[threadIdx.x] = 1;
}

TEST(a_deadlock_is_an_error_that_names_the_waits) {
  Device<int> out(32);
  for (int again = 0; again < 2; ++again) {  // the second time on the stacks that the first left unfinished
    const std::string what =
        error_in_order([&] { launch("stuck", stuck_kernel, {.blocks = 2, .threads = 32}, out.at); });
    EXPECT(contains(what, "stuck: block (0,0,0): deadlock: of 32 threads 1 have exited"));
    EXPECT(contains(what, "7 (first: (0,0,0)) wait at shim_test.cu:"));
    EXPECT(contains(what, " for lanes 0xffffffff") && contains(what, "24 (first: (8,0,0))"));
    EXPECT(contains(what, " for the block"));
  }
  EXPECT(results<int>(rotated<true>).size() == 1);  // the shim still works
}

__global__ void two_barriers_kernel() {
  if (threadIdx.x % 2 == 0)
    __syncthreads();
  else
    __syncthreads();
}

TEST(a_divergent_barrier_is_an_error) {
  EXPECT(contains(error_in_order([] { launch("two_barriers", two_barriers_kernel, {.blocks = 1, .threads = 32}); }),
                  "thread (1,0,0): reached __syncthreads at shim_test.cu:"));
}

__global__ void circle_kernel() { __syncwarp(threadIdx.x == 0 ? 0b011 : threadIdx.x == 1 ? 0b110 : 0b101); }

TEST(masks_that_do_not_match_are_a_deadlock) {
  EXPECT(contains(error_in_order([] { launch("circle", circle_kernel, {.blocks = 1, .threads = 3}); }),
                  "deadlock: of 3 threads 0 have exited, 1 (first: (0,0,0)) wait at shim_test.cu:"));
}

__global__ void wrong_mask_kernel() { __syncwarp(0xffff); }

TEST(a_mask_without_the_calling_lane_is_an_error) {
  EXPECT(contains(error_in_order([] { launch("wrong_mask", wrong_mask_kernel, {.blocks = 1, .threads = 32}); }),
                  "thread (16,0,0): the mask at shim_test.cu:"));
}

__global__ void absent_lane_kernel(float* out) { out[threadIdx.x] = __shfl_down_sync(~0u, 1.0f, 1); }

TEST(a_shuffle_from_an_absent_lane_gives_poison) {
  Device<float> out(20);
  launch("absent_lane", absent_lane_kernel, {.blocks = 1, .threads = 20}, out.at);
  const auto got = out.host();
  for (int i = 0; i < 19; ++i) EXPECT(got[i] == 1);
  EXPECT(std::isnan(got[19]));
}

}  // namespace
