// The shared memory of the block that runs now. Every byte is poison (0xff: a NaN in every float type) when a block
// first sees it, and under AddressSanitizer the bytes around each variable may not be touched.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
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

  SharedMemory() : memory_(new Arena) {}
  ~SharedMemory() { ASAN_UNPOISON_MEMORY_REGION(memory_.get(), sizeof(Arena)); }

  void begin_block(std::size_t dynamic_bytes) {
    variables_.clear();
    used_ = dynamic_bytes;
    end_ = 0;
    ASAN_POISON_MEMORY_REGION(memory_.get(), sizeof(Arena));
    ASAN_UNPOISON_MEMORY_REGION(memory_->dynamic, dynamic_bytes);
    std::memset(memory_->dynamic, 0xff, dynamic_bytes);
  }

  void* dynamic() { return memory_->dynamic; }

  /// Null when the block's variables no longer fit.
  void* variable(const void* key, std::size_t bytes, std::size_t align) {
    for (const Variable& v : variables_)
      if (v.key == key) return v.at;
    if (align < 8) align = 8;  // the sanitizer's granule
    const std::size_t begin = (end_ + kRedZone + align - 1) / align * align;
    used_ += bytes;
    if (used_ > kLimit || begin + bytes + kRedZone > sizeof(Arena::variables)) return nullptr;
    unsigned char* at = memory_->variables + begin;
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    std::memset(at, 0xff, bytes);
    variables_.push_back({key, at});
    end_ = begin + bytes;
    return at;
  }

 private:
  static constexpr std::size_t kRedZone = 64;
  struct Variable {
    const void* key;
    void* at;
  };
  struct alignas(1024) Arena {  // 1024: what TMA's 128-byte swizzle asks of a tile
    unsigned char dynamic[kLimit + 1024];
    unsigned char variables[2 * kLimit];  // room for red zones and alignment
  };

  std::unique_ptr<Arena> memory_;
  std::vector<Variable> variables_;
  std::size_t used_ = 0, end_ = 0;
};

}  // namespace dl::shim
