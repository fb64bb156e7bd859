// Below 2 MB: size classes, four per power of two (at most 19 % lost), one free list each, the last freed block first,
// as it is warm in L2. From 2 MB on: spans (spans.h), cut out of blocks aligned for transparent huge pages. The cache
// holds at most a quarter of the machine's memory.
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
#include "core/spans.h"

namespace dl {
namespace {

constexpr size_t kMinBlock = 64;        // a cache line, and the widest vector
constexpr size_t kHugePage = 2u << 20;  // x86-64's
constexpr size_t kUnit = 256u << 10;    // of a span: at most an eighth is lost
constexpr int kClasses = 4 * 16;        // up to kHugePage

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

size_t class_bytes(int c) { return (size_t{5} + static_cast<size_t>(c % 4)) << (c / 4 + 3); }

// What a request takes: its class or units, or under the sanitizer its own bytes, so that one byte too far is seen.
size_t block_bytes(size_t bytes) {
  if (!kCache) return std::max(bytes, kMinBlock);
  if (bytes >= kHugePage) return (bytes + kUnit - 1) & ~(kUnit - 1);
  return class_bytes(size_class(bytes));
}

size_t physical_memory() {
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

struct Pool {
  std::mutex mutex;
  std::vector<void*> free_list[kClasses];
  Spans spans;
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

size_t whole_pages(size_t bytes) { return (bytes + kHugePage - 1) & ~(kHugePage - 1); }

void* system_alloc(size_t bytes) {
  void* small = nullptr;
  if (bytes < kHugePage) return posix_memalign(&small, kMinBlock, bytes) == 0 ? small : nullptr;
  void* p = std::aligned_alloc(kHugePage, whole_pages(bytes));
  if (p) madvise(p, whole_pages(bytes), MADV_HUGEPAGE);
  return p;
}

// Gives back to the system what lies free from end to end, until no more than `limit` is kept.
void release_spans(Pool& p, size_t limit) {
  void* block;
  for (size_t bytes; p.stats.cached > limit && (bytes = p.spans.drop(&block)) > 0; p.stats.cached -= bytes)
    std::free(block);
}

void release_cache(Pool& p) {
  for (int c = 0; c < kClasses; ++c) {
    auto& list = p.free_list[c];
    for (void* block : list) std::free(block);
    p.stats.cached -= list.size() * class_bytes(c);
    list.clear();
  }
  release_spans(p, 0);
}

// From the cache, or null.
void* kept(Pool& p, size_t bytes, size_t block) {
  void* out = nullptr;
  if (bytes >= kHugePage) {
    out = p.spans.take(block);
  } else if (auto& list = p.free_list[size_class(bytes)]; !list.empty()) {
    out = list.back();
    list.pop_back();
  }
  if (out) p.stats.cached -= block;
  return out;
}

void* from_system(Pool& p, size_t bytes, size_t block) {
  void* out = system_alloc(block);
  if (!out || !kCache || bytes < kHugePage) return out;
  p.spans.add(out, whole_pages(block));
  p.stats.cached += whole_pages(block) - block;
  return p.spans.take(block);
}

}  // namespace

void* cpu_alloc(size_t bytes) {
  Pool& p = pool();
  const bool absurd = bytes > (size_t{1} << 46);
  const size_t block = absurd ? 0 : block_bytes(bytes);
  void* out = nullptr;
  std::lock_guard lock(p.mutex);
  if (!absurd) {
    ++p.stats.allocations;
    out = kept(p, bytes, block);
    p.stats.cache_hits += out != nullptr;
    if (!out) out = from_system(p, bytes, block);
    if (!out) {
      release_cache(p);
      out = from_system(p, bytes, block);
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
  const size_t block = block_bytes(bytes);
  std::lock_guard lock(p.mutex);
  p.stats.in_use -= block;
  if (kCache && bytes >= kHugePage) {
    p.spans.give(ptr);
    p.stats.cached += block;
    release_spans(p, p.stats.cache_limit);
  } else if (kCache && p.stats.cached + block <= p.stats.cache_limit) {
    p.free_list[size_class(bytes)].push_back(ptr);
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
