#include "core/spans.h"

#include <iterator>

namespace dl {

void* Spans::take(size_t bytes) {
  const auto best = free_.lower_bound({bytes, nullptr});
  if (best == free_.end()) return nullptr;
  const Place at = spans_.find(best->second);
  free_.erase(best);
  at->second.free = false;
  if (at->second.bytes > bytes) {
    const Span rest{.bytes = at->second.bytes - bytes, .free = false, .first = false};
    at->second.bytes = bytes;
    set_free(spans_.emplace(at->first + bytes, rest).first);
  }
  return at->first;
}

void Spans::add(void* block, size_t bytes) {
  set_free(spans_.emplace(static_cast<char*>(block), Span{.bytes = bytes, .free = false, .first = true}).first);
}

void Spans::give(void* p) {
  Place at = spans_.find(static_cast<char*>(p));
  absorb_next(at);
  if (!at->second.first) {
    const Place before = std::prev(at);
    if (before->second.free) {
      free_.erase({before->second.bytes, before->first});
      before->second.bytes += at->second.bytes;
      spans_.erase(at);
      at = before;
    }
  }
  set_free(at);
}

size_t Spans::drop(void** block) {
  for (auto largest = free_.rbegin(); largest != free_.rend(); ++largest) {
    const Place at = spans_.find(largest->second), next = std::next(at);
    if (!at->second.first || (next != spans_.end() && !next->second.first)) continue;
    const size_t bytes = at->second.bytes;
    *block = at->first;
    free_.erase({bytes, at->first});
    spans_.erase(at);
    return bytes;
  }
  return 0;
}

void Spans::set_free(Place at) {
  at->second.free = true;
  free_.emplace(at->second.bytes, at->first);
}

void Spans::absorb_next(Place at) {
  const Place next = std::next(at);
  if (next == spans_.end() || next->second.first || !next->second.free) return;
  free_.erase({next->second.bytes, next->first});
  at->second.bytes += next->second.bytes;
  spans_.erase(next);
}

}  // namespace dl
