// Size classes: four per power of two (at most 19 % lost), one free list each. Blocks of 2 MB and more come from mmap,
// aligned for transparent huge pages. The cache holds at most a quarter of the machine's memory.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "core/alloc.h"
#include "core/error.h"

namespace dl {
namespace {

constexpr size_t kMinBlock = 64;        // a cache line, and the widest vector
constexpr size_t kHugePage = 2u << 20;  // x86-64's
constexpr int kClasses = 4 * 42;        // up to 2^47 bytes, the user address space

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kCache = false;  // let the sanitizer see every free
#else
constexpr bool kCache = true;
#endif

int size_class(size_t bytes) {
  const size_t b = std::max(bytes, kMinBlock) - 1;
  const int log = std::bit_width(b) - 1;  // 2^log <= b
  return 4 * (log - 5) + static_cast<int>((b >> (log - 2)) & 3);
}

// What a request takes: its class, or under the sanitizer its own bytes, so that one byte too far is seen.
size_t block_bytes(int c, size_t bytes) {
  if (!kCache) return std::max(bytes, kMinBlock);
  const int log = c / 4 + 5;
  return (size_t{4} + static_cast<size_t>(c % 4) + 1) << (log - 2);
}

size_t physical_memory() {
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

struct Pool {
  std::mutex mutex;
  std::vector<void*> free_list[kClasses];
  MemoryStats stats{.in_use = 0,
                    .peak = 0,
                    .cached = 0,
                    .cache_limit = physical_memory() / 4,
                    .allocations = 0,
                    .cache_hits = 0,
                    .caching = kCache};
  bool poison = false;
};

Pool& pool() {
  static Pool* p = new Pool;  // never destroyed: arrays may outlive static destructors
  return *p;
}

void* system_alloc(size_t bytes) {
  void* small = nullptr;
  if (bytes < kHugePage) return posix_memalign(&small, kMinBlock, bytes) == 0 ? small : nullptr;
  const size_t rounded = (bytes + kHugePage - 1) & ~(kHugePage - 1);
  void* p = std::aligned_alloc(kHugePage, rounded);
  if (p) madvise(p, rounded, MADV_HUGEPAGE);
  return p;
}

void release_cache(Pool& p) {
  for (auto& list : p.free_list) {
    for (void* block : list) std::free(block);
    list.clear();
  }
  p.stats.cached = 0;
}

}  // namespace

void* cpu_alloc(size_t bytes) {
  Pool& p = pool();
  const bool absurd = bytes > (size_t{1} << 46);
  const int c = absurd ? 0 : size_class(bytes);
  const size_t block = absurd ? 0 : block_bytes(c, bytes);
  void* out = nullptr;
  std::lock_guard lock(p.mutex);
  if (!absurd) {
    auto& list = p.free_list[c];
    ++p.stats.allocations;
    if (!list.empty()) {
      out = list.back();
      list.pop_back();
      p.stats.cached -= block;
      ++p.stats.cache_hits;
    } else {
      out = system_alloc(block);
      if (!out) {
        release_cache(p);
        out = system_alloc(block);
      }
    }
  }
  DL_CHECK(out, OutOfMemory, "out of memory: asked for ", bytes, " bytes with ", p.stats.in_use,
           " bytes in use; use a smaller batch, or free tensors that are no longer needed");
  p.stats.in_use += block;
  p.stats.peak = std::max(p.stats.peak, p.stats.in_use);
  if (p.poison) std::memset(out, 0xFF, block);
  return out;
}

void cpu_free(void* ptr, size_t bytes) {
  Pool& p = pool();
  const int c = size_class(bytes);
  const size_t block = block_bytes(c, bytes);
  std::lock_guard lock(p.mutex);
  p.stats.in_use -= block;
  if (kCache && p.stats.cached + block <= p.stats.cache_limit) {
    p.free_list[c].push_back(ptr);
    p.stats.cached += block;
  } else {
    std::free(ptr);
  }
}

MemoryStats memory_stats() {
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  return p.stats;
}

void empty_cache() {
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  release_cache(p);
}

void set_poison(bool on) {
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  p.poison = on;
}

}  // namespace dl
