// Memory for the tasks of one product, for gemm.cpp and gemm16.cpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include "core/alloc.h"

namespace dl {

// Scratch for one call's tasks, a block a thread: what a task leaves there the thread's next may use.
class Scratch {
 public:
  explicit Scratch(int64_t bytes) : bytes_(static_cast<size_t>(bytes) + sizeof(Block)), first_(nullptr) {}
  ~Scratch() {
    for (Block* next; first_; first_ = next) {
      next = first_->next;
      cpu_free(first_, bytes_);
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  struct alignas(64) Block {
    Block* next;
    const void* thread;
    int64_t held;  // GemmArgs::held
    void* data() { return this + 1; }
  };
  Block& of_this_thread() {
    static thread_local const char here = 0;
    const std::lock_guard lock(mutex_);
    for (Block* b = first_; b; b = b->next)
      if (b->thread == &here) return *b;
    first_ = new (cpu_alloc(bytes_)) Block{.next = first_, .thread = &here, .held = -1};
    return *first_;
  }

 private:
  const size_t bytes_;
  std::mutex mutex_;
  Block* first_;
};

}  // namespace dl
