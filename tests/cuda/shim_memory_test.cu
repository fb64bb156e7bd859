// What the shim adds to CUDA about memory: poison, guards and limits. Host only.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include "check.h"
#include "cuda/vec128.cuh"
#include "device_memory.h"

using namespace dl::cuda;
using namespace check;

namespace {

__global__ void read_unwritten_kernel(float* out) {
  struct Unwritten {
    float of[3];
  };
  Unwritten& s = shared<Unwritten>();
  float* d = dynamic_shared<float>();
  if (threadIdx.x == 0) out[2 * blockIdx.x] = s.of[1], out[2 * blockIdx.x + 1] = d[7];
  __syncthreads();
  s.of[1] = d[7] = 1;  // the next block must not see it
}

TEST(shared_memory_is_poisoned_for_every_block) {
  Device<float> out(std::vector<float>(6, 0));
  launch("read_unwritten", read_unwritten_kernel, {.blocks = 3, .threads = 32, .shared_bytes = 32}, out.at);
  for (const float v : out.host()) EXPECT(std::isnan(v));
}

TEST(device_memory_is_poisoned_when_allocated) {
  for (const float v : Device<float>(1000).host()) EXPECT(std::isnan(v));
}

#ifndef __SANITIZE_ADDRESS__
TEST(the_host_cannot_touch_device_memory) {
  Device<float> x(std::vector<float>{1.5f});
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);  // no handler's report
    _exit(*static_cast<volatile float*>(x.at) == 1.5f);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  EXPECT(x.host()[0] == 1.5f);
}
#endif

#ifndef __SANITIZE_ADDRESS__
__global__ void past_the_end_kernel(int* x, int n) { x[n] = 1; }

__global__ void read_past_the_end_kernel(const int* x, int n, int* out) { *out = x[n]; }

TEST(an_access_16_bytes_past_the_end_is_a_segmentation_fault) {
  if (!dl::shim::ends_are_closed()) return;
  Device<int> x(1021), out(1);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    launch("read_past_the_end", read_past_the_end_kernel, {.blocks = 1, .threads = 1}, x.at, 1024, out.at);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

TEST(a_write_past_the_end_of_device_memory_is_an_error) {
  for (const std::size_t n : {std::size_t{3}, std::size_t{1021}}) {
    {
      Device<int> x(n);
      launch("past_the_end", past_the_end_kernel, {.blocks = 1, .threads = 1}, x.at, static_cast<int>(n));
    }
    const std::string error = error_of([] { Device<int>(std::vector<int>{1}); });
    EXPECT(contains(error, dl::join("a kernel wrote past the end of ", 4 * n, " bytes of device memory").c_str()));
    Device<int>(std::vector<int>{1});  // reported once
  }
}
#endif

__global__ void misaligned_kernel(float* x) { store128(x + 1, load128(x)); }

TEST(a_misaligned_128_bit_access_is_an_error) {
  Device<float> x(8);
  EXPECT(contains(
      error_of([&] { launch("misaligned", misaligned_kernel, {.blocks = 1, .threads = 1}, x.at); }),
      "misaligned: block (0,0,0): thread (0,0,0): store_pack: the address is not a multiple of the pack's size"));
}

__global__ void too_much_kernel() {
  struct Large {
    char of[48 << 10];
  };
  shared<Large>();
}

TEST(more_than_48_kb_of_shared_memory_is_an_error) {
  auto with_dynamic = [](std::size_t bytes) {
    return error_of([&] { launch("too_much", too_much_kernel, {.blocks = 1, .threads = 1, .shared_bytes = bytes}); });
  };
  EXPECT(with_dynamic(0) == "no error");
  EXPECT(contains(with_dynamic(1), "more than 48 KB of shared memory"));
}

#ifndef __SANITIZE_ADDRESS__
__global__ void past_shared_kernel(bool in_dynamic) {
  struct Five {
    int of[5];
  };
  int* at = in_dynamic ? dynamic_shared<int>() : shared<Five>().of;
  at[in_dynamic ? 3 : 5] = 1;
}

TEST(a_write_past_the_end_of_shared_memory_is_an_error) {
  for (const bool in_dynamic : {false, true})
    EXPECT(contains(error_of([=] {
                      launch("past_shared", past_shared_kernel, {.blocks = 1, .threads = 1, .shared_bytes = 12},
                             in_dynamic);
                    }),
                    "a thread wrote past the end of shared memory"));
}

__global__ void past_dynamic_kernel(int* out) { *out = dynamic_shared<int>()[256]; }

TEST(dynamic_shared_memory_ends_at_a_closed_page) {
  Device<int> out(1);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    launch("past_dynamic", past_dynamic_kernel, {.blocks = 1, .threads = 1, .shared_bytes = 1024}, out.at);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
#endif

#ifdef __SANITIZE_ADDRESS__
__global__ void red_zones_kernel(int* inside, int* outside) {
  struct Three {
    char of[3];
  };
  struct Four {
    char of[4];
  };
  char *a = shared<Three>().of, *b = shared<Four>().of, *c = dynamic_shared<char>();
  for (char* at : {a, a + 2, b, b + 3, c, c + 19}) *inside += __asan_address_is_poisoned(at);
  for (char* at : {a - 1, a + 3, b - 1, b + 4, c + 20}) *outside += __asan_address_is_poisoned(at);
}

TEST(the_sanitizer_guards_shared_and_device_memory) {
  Device<int> inside(std::vector<int>{0}), outside(std::vector<int>{0});
  launch("red_zones", red_zones_kernel, {.blocks = 1, .threads = 1, .shared_bytes = 20}, inside.at, outside.at);
  EXPECT(inside.host()[0] == 0 && outside.host()[0] == 5);
  EXPECT(__asan_address_is_poisoned(inside.at + 1));
}
#endif

}  // namespace
