// Where the rows of A lie that a product of panels reads. For cpu_<isa>.cpp only.
#pragma once
#include "blocks/gemm16/band16.h"

namespace dl::DL_ISA_NS {

// Rows that a later panel of A needs, fetched into L2 while this one is multiplied: a line of each in a step.
struct Ahead {
  const Bits16* data;
  int64_t pitch;
  int rows;
  DL_INLINE void fetch(int64_t step) const {
    for (int i = 0; i < rows; ++i) __builtin_prefetch(data + i * pitch + step * kStep, 0, 2);
  }
};

// Where 16 rows of A and a step lie, and the 16 after them: packed, or in A itself.
struct PanelOfA {
  const Bits16* data;
  DL_INLINE const Bits16* first(int64_t step) const { return data + step * kBlock; }
  DL_INLINE const Bits16* second(int64_t step) const { return first(step) + kBlock / 2; }
  DL_INLINE int64_t row_bytes() const { return 2 * kStep; }
};
struct RowsOfA {
  const Bits16* data;
  int64_t pitch;
  DL_INLINE const Bits16* first(int64_t step) const { return data + step * kStep; }
  DL_INLINE const Bits16* second(int64_t step) const { return first(step) + 16 * pitch; }
  DL_INLINE int64_t row_bytes() const { return 2 * pitch; }
};

}  // namespace dl::DL_ISA_NS
