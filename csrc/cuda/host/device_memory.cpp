#include "device_memory.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#ifdef __SANITIZE_ADDRESS__

namespace dl::shim {

void* device_alloc(std::size_t bytes) {
  void* p;
  if (posix_memalign(&p, 256, bytes) != 0) return nullptr;  // the size is exact: the next byte is a red zone
  return std::memset(p, 0xff, bytes);
}
bool device_free(void* p, std::size_t) {
  std::free(p);
  return true;
}

DeviceAccess::DeviceAccess() {}
DeviceAccess::~DeviceAccess() {}

}  // namespace dl::shim

#else

#include <sys/mman.h>

#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace dl::shim {
namespace {

// One reserved range, opened and closed as a whole: by a protection key of the processor, a register of the thread,
// where there are such keys; else by a system call that takes longer the more was ever touched. What is freed waits in
// a list for an allocation of the same size.
struct Arena {
  static constexpr std::size_t kBytes = std::size_t{16} << 30;  // of addresses; pages are backed when touched
  static constexpr std::size_t kPage = 4096;

  std::mutex mutex;
  char* base = static_cast<char*>(mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  std::size_t used = 0;
  const int key = base == MAP_FAILED ? -1 : pkey_alloc(0, PKEY_DISABLE_ACCESS);
  unsigned open = 0;  // how many DeviceAccess live; without a key, of all threads
  std::unordered_map<void*, std::size_t> sizes;
  std::map<std::size_t, std::vector<void*> > free;

  Arena() {
    if (key >= 0) pkey_mprotect(base, kBytes, PROT_READ | PROT_WRITE, key);
  }

  void protect(int mode) {
    if (used > 0) mprotect(base, used, mode);
  }

  void* take(std::size_t bytes) {
    bytes = (bytes + kPage - 1) / kPage * kPage;
    const std::lock_guard lock(mutex);
    void* p;
    if (std::vector<void*>& same = free[bytes]; !same.empty()) {
      p = same.back();
      same.pop_back();
    } else {
      if (base == MAP_FAILED || bytes > kBytes - used) return nullptr;
      p = base + used;
      used += bytes;
      if (key < 0 && open > 0) protect(PROT_READ | PROT_WRITE);
    }
    sizes[p] = bytes;
    return p;
  }

  void give(void* p) {
    const std::lock_guard lock(mutex);
    free[sizes.at(p)].push_back(p);
  }
};

Arena& arena() {
  static Arena* a = new Arena;  // never destroyed: arrays may outlive static destructors
  return *a;
}

}  // namespace

namespace {

// What follows p's bytes: NaN as any float, and another for each p, so that a NaN which a kernel made of one guard is
// seen in another.
std::vector<char> guard_of(const void* p) {
  const auto hash = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(p) / 4096 * 2654435761u);
  const std::uint32_t word = 0xfff00001 | (hash >> 12 & 0xffffe);
  std::vector<char> guard(kGuard);
  for (std::size_t i = 0; i < kGuard; i += sizeof word) std::memcpy(&guard[i], &word, sizeof word);
  return guard;
}

}  // namespace

void* device_alloc(std::size_t bytes) {
  void* p = arena().take(bytes + kGuard);
  if (!p) return p;
  const DeviceAccess access;
  std::memset(p, 0xff, bytes);
  std::memcpy(static_cast<char*>(p) + bytes, guard_of(p).data(), kGuard);
  return p;
}

bool device_free(void* p, std::size_t bytes) {
  bool whole;
  {
    const DeviceAccess access;
    whole = std::memcmp(static_cast<char*>(p) + bytes, guard_of(p).data(), kGuard) == 0;
  }
  arena().give(p);
  return whole;
}

thread_local unsigned open_here = 0;  // DeviceAccess of this thread, with a key

DeviceAccess::DeviceAccess() {
  if (arena().key >= 0) {
    if (open_here++ == 0) pkey_set(arena().key, 0);
    return;
  }
  const std::lock_guard lock(arena().mutex);
  if (arena().open++ == 0) arena().protect(PROT_READ | PROT_WRITE);
}

DeviceAccess::~DeviceAccess() {
  if (arena().key >= 0) {
    if (--open_here == 0) pkey_set(arena().key, PKEY_DISABLE_ACCESS);
    return;
  }
  const std::lock_guard lock(arena().mutex);
  if (--arena().open == 0) arena().protect(PROT_NONE);
}

}  // namespace dl::shim

#endif
