// Flush-to-zero and denormals-are-zero for a scope: a subnormal operand costs some 100 cycles each.
#pragma once
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace dl {

class FlushSubnormals {
 public:
#if defined(__x86_64__)
  FlushSubnormals() : saved_(_mm_getcsr()) {
    if ((saved_ & kBits) != kBits) _mm_setcsr(saved_ | kBits);
  }
  ~FlushSubnormals() {
    if ((saved_ & kBits) != kBits) _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned kBits = 0x8040;  // FTZ | DAZ
  unsigned saved_;
#else
  FlushSubnormals() {}
#endif
};

}  // namespace dl
