// The same computation with its operands at addresses that are aligned, and that are not: equal bits, and nothing
// written beside them.
#pragma once

#include <cstring>

#include "check.h"

namespace check {

constexpr int kAround = 4;  // elements of poison on either side: 16 bytes, so that a buffer's rows are aligned

// n numbers, or n unwritten ones, `offset` elements behind an aligned address.
template <class T>
class Around {
 public:
  Around(int64_t n, int offset, unsigned seed = 0)
      : before_(kAround + offset),
        n_(n),
        memory_(numbers<T>(before_ + n + kAround,
                           [=, this](std::size_t i) {
                             const std::uint32_t r = (static_cast<std::uint32_t>(i) - before_ + seed) * 2654435761u;
                             const bool poison = !seed || i < static_cast<std::size_t>(before_) ||
                                                 i >= static_cast<std::size_t>(before_ + n);
                             return poison ? kPoison : T(static_cast<std::int32_t>(r)) / T(1 << 29);
                           })),
        at(memory_.at + before_) {}

  /// The n numbers; what is around them must be as it was.
  std::vector<T> host() const {
    const std::vector<T> all = memory_.host();
    for (int i = 0; i < before_; ++i) EXPECT(all[i] == kPoison);
    for (int i = 0; i < kAround; ++i) EXPECT(all[before_ + n_ + i] == kPoison);
    return {all.begin() + before_, all.end() - kAround};
  }

 private:
  static constexpr T kPoison = T(-12345);
  int before_;
  int64_t n_;
  Device<T> memory_;

 public:
  T* const at;
};

// Of operand k: 0 or 1 element behind an aligned address.
struct Offsets {
  unsigned moved;
  int operator()(int k) const { return static_cast<int>(moved >> k & 1); }
};

// run(offsets) -> all that it wrote; with each operand moved, and with all of them.
template <class F>
void same_anywhere(int operands, const F& run) {
  const auto expected = run(Offsets{0});
  for (const auto v : expected) EXPECT(v == v && v != decltype(v)(-12345));
  for (int k = 0; k <= operands; ++k) {
    const auto got = run(Offsets{k < operands ? 1u << k : ~0u});
    EXPECT(got.size() == expected.size());
    EXPECT(std::memcmp(got.data(), expected.data(), got.size() * sizeof(got[0])) == 0);
  }
}

template <class T, class... More>
std::vector<T> joined(std::vector<T> a, const More&... more) {
  (a.insert(a.end(), more.begin(), more.end()), ...);
  return a;
}

}  // namespace check
