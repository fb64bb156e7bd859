// One CUDA thread's asynchronous copies to shared memory (cp.async): made when their group is waited for, as late as
// they may be, or at once. A wait that is missing shows in the first way, a buffer that is refilled while it is read in
// the second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

namespace dl::shim {

class AsyncCopies {
 public:
  void clear() {
    groups_.clear();
    open_.clear();
  }
  /// Null, or what is wrong with the copy.
  const char* start(void* to, const void* from, std::size_t bytes, std::size_t valid, bool at_once) {
    if (valid > bytes) return "cp_async: more bytes are valid than are copied";
    if (reinterpret_cast<std::uintptr_t>(to) % bytes != 0 || reinterpret_cast<std::uintptr_t>(from) % bytes != 0)
      return "cp_async: an address is not a multiple of the copy's size";
    const Copy copy{to, from, bytes, valid};
    if (at_once)
      make(copy);
    else
      open_.push_back(copy);
    return nullptr;
  }
  void commit() {
    groups_.push_back(std::move(open_));
    open_.clear();
  }
  void wait(std::size_t pending) {
    for (; groups_.size() > pending; groups_.pop_front())
      for (const Copy& copy : groups_.front()) make(copy);
  }
  bool all_waited_for() const { return open_.empty() && groups_.empty(); }

 private:
  struct Copy {
    void* to;
    const void* from;
    std::size_t bytes, valid;
  };
  static void make(const Copy& c) {
    std::memcpy(c.to, c.from, c.valid);
    std::memset(static_cast<char*>(c.to) + c.valid, 0, c.bytes - c.valid);
  }
  std::deque<std::vector<Copy>> groups_;  // committed, oldest first
  std::vector<Copy> open_;
};

}  // namespace dl::shim
