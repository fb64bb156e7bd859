// Memory that is cut to size: a free span serves any smaller request, and joins its free neighbours when it comes back.
// For alloc_cpu.cpp, which holds the lock. Without it, what one layer's images took was no use to the smaller ones of
// the next: a forward pass of ResNet-34 kept 580 MB for the 330 that it had in use at most.
#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <utility>

namespace dl {

class Spans {
 public:
  // The smallest free span that fits, cut to `bytes`; null where none does.
  void* take(size_t bytes);
  // A block of the system's, from now on a free span.
  void add(void* block, size_t bytes);
  void give(void* p);
  // A block that is free from end to end, for the system: its bytes, or 0 where each has a span in use.
  size_t drop(void** block);

 private:
  struct Span {
    size_t bytes;
    bool free, first;  // first: a block of the system's begins here
  };
  using Place = std::map<char*, Span>::iterator;

  void set_free(Place at);
  void absorb_next(Place at);

  std::map<char*, Span> spans_;
  std::set<std::pair<size_t, char*>> free_;  // by size, then address
};

}  // namespace dl
