// Runs a grid: blocks one after another, the threads of a block as fibers that switch only where CUDA threads may wait
// for each other. A race shows as a wrong result under some schedule seed; a deadlock, a divergent barrier, a mask
// without the calling lane and too much shared memory are errors that name the place.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "async_copies.h"
#include "core/flush_subnormals.h"
#include "cuda_runtime.h"
#include "fiber.h"
#include "shared_memory.h"

constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};

namespace dl::shim {
namespace {

constexpr unsigned kMaxThreads = 1024;  // a block
constexpr unsigned kWarp = 32;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string text(const std::source_location& where) {
  const char* slash = std::strrchr(where.file_name(), '/');
  return std::string(slash ? slash + 1 : where.file_name()) + ":" + std::to_string(where.line());
}

std::string text(uint3 i) {
  return "(" + std::to_string(i.x) + "," + std::to_string(i.y) + "," + std::to_string(i.z) + ")";
}

bool same_place(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

/// The order in which the threads of a block, or the blocks of a grid, get their turn.
std::vector<unsigned> schedule(std::size_t count, std::uint64_t seed) {
  std::vector<unsigned> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (seed == 1) std::reverse(order.begin(), order.end());
  if (seed < 2) return order;
  for (std::size_t i = count; i > 1; --i) {  // Fisher-Yates; splitmix64 for the numbers
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    std::swap(order[i - 1], order[(z ^ z >> 31) % i]);
  }
  return order;
}

enum class State { ready, at_block, at_warp, done };

struct Thread {
  Fiber fiber;
  uint3 index;
  unsigned linear;
  State state;
  std::source_location where;  // of the wait
  // What a lane brings to a warp operation.
  std::uint32_t mask;
  const void* in;
  void* out;
  std::size_t bytes;
  AsyncCopies copies;
};

class Scheduler {
 public:
  std::uint64_t seed = 0;
  std::string error;

  bool run_grid(const cudaLaunchConfig_t& config, void (*body)(const void*), const void* params);

  void sync_block(std::source_location where);
  void sync_warp(std::uint32_t mask, const void* in, void* out, std::size_t bytes, std::source_location where);
  unsigned lane() const { return current_->linear % kWarp; }
  AsyncCopies& copies() { return current_->copies; }
  SharedMemory shared;

 private:
  void run_block();
  void run_thread();
  Thread* next_ready();
  void wait(State state, std::source_location where);
  void set_ready(Thread& t);
  void release_block_if_complete();
  void release_warp_if_complete(unsigned warp, std::uint32_t mask);
  bool takes_part(unsigned linear) const { return linear < count_ && threads_[linear]->state != State::done; }
  std::string deadlock() const;

  std::vector<std::unique_ptr<Thread>> threads_;  // kept between launches for their stacks
  std::vector<unsigned> order_, rank_;            // the k-th thread in turn, and the inverse
  std::uint64_t ready_[kMaxThreads / 64];         // bit: rank
  Thread* current_ = nullptr;
  unsigned count_ = 0, alive_ = 0, at_block_ = 0;
  std::source_location barrier_;  // where the first thread that is now at the block's barrier waits
  void (*body_)(const void*) = nullptr;
  const void* params_ = nullptr;
};

thread_local Scheduler scheduler;

bool Scheduler::run_grid(const cudaLaunchConfig_t& config, void (*body)(const void*), const void* params) {
  const dim3 g = config.gridDim, b = config.blockDim;
  count_ = b.x * b.y * b.z;
  while (threads_.size() < count_) threads_.push_back(std::make_unique<Thread>());
  order_ = schedule(count_, seed);
  rank_.resize(count_);
  for (unsigned k = 0; k < count_; ++k) rank_[order_[k]] = k;
  body_ = body;
  params_ = params;
  gridDim = g;
  blockDim = b;
  error.clear();

  const FlushSubnormals guard;  // as under nvcc's -ftz=true
  for (const unsigned i : schedule(std::size_t{g.x} * g.y * g.z, seed)) {
    blockIdx = {i % g.x, i / g.x % g.y, i / g.x / g.y};
    shared.begin_block(config.dynamicSmemBytes);
    run_block();
    if (error.empty() && !shared.is_whole()) error = "a thread wrote past the end of shared memory";
    if (error.empty()) continue;
    error = "block " + text(blockIdx) + ": " + error;
    return false;
  }
  return true;
}

void Scheduler::run_block() {
  alive_ = count_;
  at_block_ = 0;
  std::fill(std::begin(ready_), std::end(ready_), 0);
  for (unsigned i = 0; i < count_; ++i) {
    Thread& t = *threads_[i];
    t.linear = i;
    t.copies.clear();
    t.index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
    t.fiber.start([](void* s) { static_cast<Scheduler*>(s)->run_thread(); }, this);
    set_ready(t);
  }
  while (error.empty() && (current_ = next_ready())) {
    threadIdx = current_->index;
    current_->fiber.resume();
  }
  if (error.empty() && alive_ > 0) error = deadlock();
}

void Scheduler::run_thread() {
  try {
    body_(params_);
    if (!current_->copies.all_waited_for()) fail("exits before it has waited for its copies");
  } catch (const Failure& failure) {
    error = "thread " + text(current_->index) + ": " + failure.what();
    return;
  }
  Thread& t = *current_;
  t.state = State::done;
  ready_[rank_[t.linear] / 64] &= ~(std::uint64_t{1} << rank_[t.linear] % 64);
  --alive_;
  release_block_if_complete();  // threads that have exited are not waited for
  const unsigned warp = t.linear / kWarp;
  for (unsigned i = warp * kWarp; i < std::min(count_, (warp + 1) * kWarp); ++i)
    if (threads_[i]->state == State::at_warp) release_warp_if_complete(warp, threads_[i]->mask);
}

Thread* Scheduler::next_ready() {
  for (unsigned word = 0; word * 64 < count_; ++word)
    if (ready_[word]) return threads_[order_[word * 64 + __builtin_ctzll(ready_[word])]].get();
  return nullptr;
}

void Scheduler::set_ready(Thread& t) {
  t.state = State::ready;
  ready_[rank_[t.linear] / 64] |= std::uint64_t{1} << rank_[t.linear] % 64;
}

void Scheduler::wait(State state, std::source_location where) {
  Thread& t = *current_;
  t.state = state;
  t.where = where;
  ready_[rank_[t.linear] / 64] &= ~(std::uint64_t{1} << rank_[t.linear] % 64);
}

void Scheduler::sync_block(std::source_location where) {
  if (at_block_ == 0) barrier_ = where;
  if (!same_place(barrier_, where))
    fail(("reached __syncthreads at " + text(where) + " while others wait at the one at " + text(barrier_)).c_str());
  Thread& t = *current_;
  wait(State::at_block, where);
  ++at_block_;
  release_block_if_complete();
  t.fiber.suspend();
}

void Scheduler::release_block_if_complete() {
  if (at_block_ < alive_ || alive_ == 0) return;
  at_block_ = 0;
  for (unsigned i = 0; i < count_; ++i)
    if (threads_[i]->state == State::at_block) set_ready(*threads_[i]);
}

void Scheduler::sync_warp(std::uint32_t mask, const void* in, void* out, std::size_t bytes,
                          std::source_location where) {
  Thread& t = *current_;
  if (!(mask >> lane() & 1)) fail(("the mask at " + text(where) + " lacks the calling lane").c_str());
  wait(State::at_warp, where);
  t.mask = mask;
  t.in = in;
  t.out = out;
  t.bytes = bytes;
  release_warp_if_complete(t.linear / kWarp, mask);
  t.fiber.suspend();
}

void Scheduler::release_warp_if_complete(unsigned warp, std::uint32_t mask) {
  std::uint32_t present = 0;
  std::size_t bytes = 0;
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (!(mask >> lane & 1) || !takes_part(warp * kWarp + lane)) continue;
    const Thread& t = *threads_[warp * kWarp + lane];
    if (t.state != State::at_warp || t.mask != mask) return;
    if (present && t.bytes != bytes) return;  // lanes at different operations: reported as the deadlock it is
    bytes = t.bytes;
    present |= 1u << lane;
  }
  for (unsigned to = 0; to < kWarp; ++to) {
    if (!(present >> to & 1)) continue;
    Thread& receiver = *threads_[warp * kWarp + to];
    if (bytes) std::memset(receiver.out, 0xff, kWarp * bytes);
    for (unsigned from = 0; bytes && from < kWarp; ++from)
      if (present >> from & 1)
        std::memcpy(static_cast<char*>(receiver.out) + from * bytes, threads_[warp * kWarp + from]->in, bytes);
    set_ready(receiver);
  }
}

std::string Scheduler::deadlock() const {
  std::map<std::string, std::pair<unsigned, uint3>> waits;  // how many, and the first
  for (unsigned i = 0; i < count_; ++i) {
    const Thread& t = *threads_[i];
    if (t.state == State::done) continue;
    char mask[16];
    std::snprintf(mask, sizeof(mask), "0x%08x", t.mask);
    const std::string place = text(t.where) + (t.state == State::at_block ? " for the block" : " for lanes ") +
                              (t.state == State::at_block ? "" : mask);
    ++waits.try_emplace(place, 0, t.index).first->second.first;
  }
  std::string what =
      "deadlock: of " + std::to_string(count_) + " threads " + std::to_string(count_ - alive_) + " have exited";
  for (const auto& [place, who] : waits)
    what += ", " + std::to_string(who.first) + " (first: " + text(who.second) + ") wait at " + place;
  return what;
}

}  // namespace

void set_schedule_seed(std::uint64_t seed) { scheduler.seed = seed; }

bool run_grid(const cudaLaunchConfig_t& config, void (*thread)(const void*), const void* params) {
  return scheduler.run_grid(config, thread, params);
}

void sync_block(std::source_location where) { scheduler.sync_block(where); }

void sync_warp(std::uint32_t mask, const void* in, void* out, std::size_t bytes, std::source_location where) {
  scheduler.sync_warp(mask, in, out, bytes, where);
}

unsigned lane() { return scheduler.lane(); }
void async_copy(void* to, const void* from, std::size_t bytes, std::size_t valid) {
  if (const char* wrong = scheduler.copies().start(to, from, bytes, valid, scheduler.seed % 2 == 1)) fail(wrong);
}
void async_commit() { scheduler.copies().commit(); }
void async_wait(std::size_t pending) { scheduler.copies().wait(pending); }

void* static_shared(const void* key, std::size_t bytes, std::size_t align) {
  void* at = scheduler.shared.variable(key, bytes, align);
  if (!at) fail("more than 48 KB of shared memory");
  return at;
}

void* dynamic_shared() { return scheduler.shared.dynamic(); }

void fail(const char* what) { throw Failure(what); }

const char* last_failure() { return scheduler.error.c_str(); }

}  // namespace dl::shim
