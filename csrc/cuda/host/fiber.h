// Fibers: the stacks on which the shim runs CUDA threads. One OS thread runs them all, one at a time, so plain
// memory accesses are safe and the order of execution is the scheduler's choice.
#pragma once

#include <cstddef>
#include <memory>

namespace dl::shim {

class Fiber {
 public:
  /// Maps a stack. Nothing runs before resume().
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Makes the next resume() call entry(arg) on a fresh stack. An unfinished run is dropped, its frames not unwound.
  void start(void (*entry)(void*), void* arg);
  /// Runs the fiber until it suspends or its entry returns. Called from the scheduler's stack, never from a fiber.
  void resume();
  /// Back to the scheduler. Called on this fiber, while it runs.
  void suspend();

 private:
  struct Context;  // the two sides of the switch
  [[noreturn]] static void run(Fiber* self);
  void leave(bool for_good);

  unsigned char* stack_;  // the usable part; a guard page lies below it
  std::unique_ptr<Context> context_;
  void (*entry_)(void*) = nullptr;
  void* arg_ = nullptr;
  bool unfinished_ = false;
  // What AddressSanitizer needs to follow the switches: each side's fake stack, and the scheduler's real one.
  void* fiber_fake_ = nullptr;
  const void* scheduler_bottom_ = nullptr;
  std::size_t scheduler_bytes_ = 0;
};

}  // namespace dl::shim
