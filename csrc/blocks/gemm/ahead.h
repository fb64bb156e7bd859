// Operands beyond the caches arrive while products are made: lines are fetched into L2 a few at a time, between the
// micro-kernels of a panel. For blocks/gemm/cpu.cpp only.
#pragma once
#include "blocks/gemm/moves.h"

namespace dl::DL_ISA_NS {

// Rows of contiguous elements, `rows` of them, to be fetched in `steps` steps.
template <class T>
class Ahead {
 public:
  Ahead() = default;
  Ahead(const T* data, int64_t pitch, int64_t rows, int64_t elements, int64_t steps)
      : row_(reinterpret_cast<const char*>(data)),
        pitch_(pitch * static_cast<int64_t>(sizeof(T))),
        rows_(rows),
        bytes_(elements * static_cast<int64_t>(sizeof(T))),
        each_((rows * ((bytes_ + kLine - 1) / kLine) + steps - 1) / steps) {}
  DL_INLINE bool any() const { return rows_ > 0; }
  DL_INLINE void step() {
    for (int64_t i = 0; i < each_ && rows_ > 0; ++i) {
      __builtin_prefetch(row_ + at_, 0, 2);
      if ((at_ += kLine) < bytes_) continue;
      at_ = 0;
      row_ += pitch_;
      --rows_;
    }
  }

 private:
  static constexpr int64_t kLine = 64;
  const char* row_ = nullptr;
  int64_t pitch_ = 0, rows_ = 0, bytes_ = 0, each_ = 0, at_ = 0;
};

}  // namespace dl::DL_ISA_NS
