// The shared memory of the block that runs now. Every byte is poison (0xff: a NaN in every float type) when a block
// first sees it, and so are the bytes around each variable, which no thread may change: under AddressSanitizer not even
// read.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

namespace dl::shim {

class SharedMemory {
 public:
  /// What a block may use, static and dynamic together, without cudaFuncSetAttribute.
  static constexpr std::size_t kLimit = 48 << 10;

  SharedMemory() {
    void* map = mmap(nullptr, kBytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<unsigned char*>(map);
    mprotect(memory_ + kBytes, kPage, PROT_NONE);
  }
  ~SharedMemory() {
    ASAN_UNPOISON_MEMORY_REGION(memory_, kBytes);
    munmap(memory_, kBytes + kPage);
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// What is dynamic ends, up to its alignment, where the closed page begins.
  void begin_block(std::size_t dynamic_bytes) {
    variables_.clear();
    used_ = dynamic_bytes;
    end_ = 0;
    const std::size_t whole = (dynamic_bytes + kDynamicAlign - 1) / kDynamicAlign * kDynamicAlign;
    ASAN_UNPOISON_MEMORY_REGION(memory_, kBytes);
    std::memset(memory_, 0xff, kRedZone);
    ASAN_POISON_MEMORY_REGION(memory_, kBytes);
    hold(nullptr, memory_ + kBytes - whole, dynamic_bytes, std::min(whole - dynamic_bytes, kRedZone));
  }

  /// False where a thread wrote past the end of a variable of this block.
  bool is_whole() const {
#ifndef __SANITIZE_ADDRESS__
    for (const Variable& v : variables_)
      for (std::size_t i = 0; i < v.red_zone; ++i)
        if (v.at[v.bytes + i] != 0xff) return false;
#endif
    return true;
  }

  void* dynamic() { return variables_.front().at; }

  /// Null when the block's variables no longer fit.
  void* variable(const void* key, std::size_t bytes, std::size_t align) {
    for (const Variable& v : variables_)
      if (v.key == key) return v.at;
    if (align < 8) align = 8;  // the sanitizer's granule
    const std::size_t begin = (end_ + kRedZone + align - 1) / align * align;
    used_ += bytes;
    if (used_ > kLimit || begin + bytes + kRedZone > kVariables) return nullptr;
    hold(key, memory_ + begin, bytes, kRedZone);
    end_ = begin + bytes;
    return memory_ + begin;
  }

 private:
  static constexpr std::size_t kRedZone = 64, kPage = 4096;
  static constexpr std::size_t kDynamicAlign = 1024;          // what TMA's 128-byte swizzle asks of a tile
  static constexpr std::size_t kVariables = 2 * kLimit;       // room for red zones and alignment
  static constexpr std::size_t kBytes = kVariables + kLimit;  // the variables, and what is dynamic
  struct Variable {
    const void* key;  // null: what is dynamic
    unsigned char* at;
    std::size_t bytes, red_zone;
  };

  void hold(const void* key, unsigned char* at, std::size_t bytes, std::size_t red_zone) {
    ASAN_UNPOISON_MEMORY_REGION(at, bytes + red_zone);
    std::memset(at, 0xff, bytes + red_zone);
    ASAN_POISON_MEMORY_REGION(at + bytes, red_zone);
    variables_.push_back({key, at, bytes, red_zone});
  }

  unsigned char* memory_;
  std::vector<Variable> variables_;
  std::size_t used_ = 0, end_ = 0;
};

}  // namespace dl::shim
