// Switching stacks: 20 instructions on x86-64, ucontext elsewhere (about 20 times slower: two system calls a switch).
// Each switch is announced to AddressSanitizer, which otherwise takes a second stack for a corrupted first one.
#include "fiber.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define DL_SHIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DL_SHIM_ASAN 1
#endif
#endif
#ifdef DL_SHIM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace dl::shim {
namespace {

// A kernel's frame is a few hundred bytes; with sanitizers some kilobytes. Untouched pages cost nothing.
constexpr std::size_t kStackBytes = 256 << 10;
// Of run() and leave(), generously. To clean the whole stack each time takes longer than most kernels.
[[maybe_unused]] constexpr std::size_t kEntryBytes = 4 << 10;

std::size_t guard_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

void before_switch([[maybe_unused]] void** save_fake, [[maybe_unused]] const void* bottom,
                   [[maybe_unused]] std::size_t bytes) {
#ifdef DL_SHIM_ASAN
  __sanitizer_start_switch_fiber(save_fake, bottom, bytes);
#endif
}

void after_switch([[maybe_unused]] void* fake, [[maybe_unused]] const void** old_bottom,
                  [[maybe_unused]] std::size_t* old_bytes) {
#ifdef DL_SHIM_ASAN
  __sanitizer_finish_switch_fiber(fake, old_bottom, old_bytes);
#endif
}

}  // namespace

#if defined(__x86_64__) && !defined(DL_SHIM_UCONTEXT)

struct Fiber::Context {
  void *fiber = nullptr, *scheduler = nullptr;  // stack pointers
};

extern "C" void dl_shim_switch(void** save_sp, void* load_sp);
// Callee-saved registers of the System V ABI. MXCSR and the x87 control word stay: every fiber of a launch runs with
// the same ones.
asm(R"(
.text
.hidden dl_shim_switch
.globl dl_shim_switch
.type dl_shim_switch, @function
dl_shim_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size dl_shim_switch, .-dl_shim_switch

.hidden dl_shim_begin
.globl dl_shim_begin
.type dl_shim_begin, @function
dl_shim_begin:
    movq %rbx, %rdi
    call *%rbp
    ud2
.size dl_shim_begin, .-dl_shim_begin
)");
extern "C" void dl_shim_begin();

#else

struct Fiber::Context {
  ucontext_t fiber, scheduler;
};

#endif

Fiber::Fiber() : context_(std::make_unique<Context>()) {
  void* map = mmap(nullptr, guard_bytes() + kStackBytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc();
  mprotect(map, guard_bytes(), PROT_NONE);  // a stack overflow faults at once instead of corrupting a neighbour
  stack_ = static_cast<unsigned char*>(map) + guard_bytes();
}

Fiber::~Fiber() { munmap(stack_ - guard_bytes(), guard_bytes() + kStackBytes); }

void Fiber::start(void (*entry)(void*), void* arg) {
  entry_ = entry;
  arg_ = arg;
  fiber_fake_ = nullptr;
#ifdef DL_SHIM_ASAN
  // The red zones of a run that was dropped; of one that has ended, those of the frames that it was left from.
  const std::size_t left = unfinished_ ? kStackBytes : kEntryBytes;
  __asan_unpoison_memory_region(stack_ + kStackBytes - left, left);
#endif
  unfinished_ = true;
#if defined(__x86_64__) && !defined(DL_SHIM_UCONTEXT)
  // What dl_shim_switch pops, lowest address first: r15 r14 r13 r12 rbx rbp, then the address it returns to. The
  // stack is then 16-byte aligned, as the ABI wants it at dl_shim_begin's call.
  void** sp = reinterpret_cast<void**>(stack_ + kStackBytes);
  *--sp = nullptr;
  *--sp = nullptr;
  *--sp = reinterpret_cast<void*>(&dl_shim_begin);
  *--sp = reinterpret_cast<void*>(&Fiber::run);  // rbp
  *--sp = this;                                  // rbx
  for (int i = 0; i < 4; ++i) *--sp = nullptr;
  context_->fiber = sp;
#else
  ucontext_t& fiber = context_->fiber;
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = stack_;
  fiber.uc_stack.ss_size = kStackBytes;
  fiber.uc_link = nullptr;
  // makecontext passes ints only: the pointer travels as two halves.
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  auto begin = +[](unsigned high, unsigned low) {
    run(reinterpret_cast<Fiber*>(static_cast<std::uintptr_t>(high) << 32 | low));
  };
  makecontext(&fiber, reinterpret_cast<void (*)()>(begin), 2, static_cast<unsigned>(self >> 32),
              static_cast<unsigned>(self));
#endif
}

void Fiber::run(Fiber* self) {
  after_switch(nullptr, &self->scheduler_bottom_, &self->scheduler_bytes_);
  self->entry_(self->arg_);
  self->leave(true);
  __builtin_unreachable();
}

void Fiber::resume() {
  void* scheduler_fake = nullptr;
  before_switch(&scheduler_fake, stack_, kStackBytes);
#if defined(__x86_64__) && !defined(DL_SHIM_UCONTEXT)
  dl_shim_switch(&context_->scheduler, context_->fiber);
#else
  swapcontext(&context_->scheduler, &context_->fiber);
#endif
  after_switch(scheduler_fake, nullptr, nullptr);
}

void Fiber::suspend() { leave(false); }

void Fiber::leave(bool for_good) {
  unfinished_ = !for_good;
  before_switch(for_good ? nullptr : &fiber_fake_, scheduler_bottom_, scheduler_bytes_);
#if defined(__x86_64__) && !defined(DL_SHIM_UCONTEXT)
  dl_shim_switch(&context_->fiber, context_->scheduler);
#else
  swapcontext(&context_->fiber, &context_->scheduler);
#endif
  after_switch(fiber_fake_, &scheduler_bottom_, &scheduler_bytes_);
}

}  // namespace dl::shim
