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

bool ends_are_closed() { return false; }

DeviceAccess::DeviceAccess() {}
DeviceAccess::~DeviceAccess() {}

}  // namespace dl::shim

#else

#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

namespace dl::shim {
namespace {

// One reserved range, opened and closed as a whole: by a protection key of the processor, a register of the thread,
// where there are such keys; else by a system call that takes longer the more pages are backed, so that those of freed
// blocks are given back. What is freed waits in a list for one of as many pages.
struct Arena {
  static constexpr std::size_t kBytes = std::size_t{16} << 30;  // of addresses; pages are backed when touched
  static constexpr std::size_t kPage = 4096;

  std::mutex mutex;
  char* base = static_cast<char*>(mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  std::size_t used = 0;
  const int key = base == MAP_FAILED ? -1 : pkey_alloc(0, PKEY_DISABLE_ACCESS);
  unsigned open = 0;                                // how many DeviceAccess live; without a key, of all threads
  std::map<std::size_t, std::vector<char*> > free;  // the ends of blocks, by size

  Arena() {
    if (key >= 0) pkey_mprotect(base, kBytes, PROT_READ | PROT_WRITE, key);
  }

  void protect(int mode) {
    if (used > 0) mprotect(base, used, mode);
  }

  // The last 16-byte piece of the block ends where the closed page begins.
  void* take(std::size_t bytes) {
    const std::size_t whole = (bytes + 15) / 16 * 16, block = (whole + kPage - 1) / kPage * kPage;
    const std::lock_guard lock(mutex);
    char* end;
    if (std::vector<char*>& same = free[block]; !same.empty()) {
      end = same.back();
      same.pop_back();
    } else {
      if (base == MAP_FAILED || block + kPage > kBytes - used) return nullptr;
      end = base + used + block;
      used += block + kPage;
      if (key >= 0)
        mprotect(end, kPage, PROT_NONE);
      else if (open > 0)
        protect(PROT_READ | PROT_WRITE);
    }
    return end - whole;
  }

  void give(void* p, std::size_t bytes) {
    const std::size_t whole = (bytes + 15) / 16 * 16, block = (whole + kPage - 1) / kPage * kPage;
    char* const end = static_cast<char*>(p) + whole;
    const std::lock_guard lock(mutex);
    if (key < 0) madvise(end - block, block, MADV_DONTNEED);
    free[block].push_back(end);
  }
};

Arena& arena() {
  static Arena* a = new Arena;  // never destroyed: arrays may outlive static destructors
  return *a;
}

}  // namespace

namespace {

// What follows p's bytes: NaN as any float, and another for each p, so that a NaN which a kernel made of one such piece
// is seen in another.
std::vector<char> guard_of(const void* p, std::size_t bytes) {
  const auto hash = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(p) / 16 * 2654435761u);
  const std::uint32_t word = 0xfff00001 | (hash >> 12 & 0xffffe);
  std::vector<char> guard(-bytes % 16);
  for (std::size_t i = 0; i < guard.size(); ++i) guard[i] = static_cast<char>(word >> 8 * ((bytes + i) % 4));
  return guard;
}

}  // namespace

void* device_alloc(std::size_t bytes) {
  void* p = arena().take(bytes);
  if (!p) return p;
  const std::vector<char> guard = guard_of(p, bytes);
  const DeviceAccess access;
  std::memset(p, 0xff, bytes);
  std::copy(guard.begin(), guard.end(), static_cast<char*>(p) + bytes);
  return p;
}

bool device_free(void* p, std::size_t bytes) {
  const std::vector<char> guard = guard_of(p, bytes);
  bool whole;
  {
    const DeviceAccess access;
    whole = std::equal(guard.begin(), guard.end(), static_cast<char*>(p) + bytes);
  }
  arena().give(p, bytes);
  return whole;
}

bool ends_are_closed() { return arena().key >= 0; }

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
