// Random numbers from the counter generator (blocks/random/philox.h): element i is a function of (seed, position, i)
// alone, i counted in row-major order whatever the array's layout, the same bits on every ISA and number of threads.
//   rand     a + (b - a) u,  u in [0, 1) of 24 random bits (float32) or 53 (float64); never b itself, however it rounds
//   randn    a + b z,  z = √(-2 ln u1) (cos 2πu2, sin 2πu2)     (Box & Muller, Ann. Math. Statist. 29, 1958);
//            u1 in (0, 1] of 31 bits or 53: |z| < 6.6 or 8.6
//   randint  low + ⌊range w / 2^64⌋,  w of 64 random bits: no value is favoured by more than range / 2^64
// A group of 64 words makes 64 elements of float32, else 32: a draw is word e, or words e and e + 32. randn pairs draw
// e with the one half a group later. Each call takes whole groups from the global generator.
#pragma once
#include "core/dtype.h"

namespace dl {

struct RandomArgs {
  double a = 0, b = 1;
  double top = 1;      // rand: the largest value below b
  int64_t low = 0;     // randint
  uint64_t range = 0;  // randint; 0: all 64 bits
  void* out = nullptr;
  int64_t n = 0;
  uint64_t seed = 0, position = 0;
};
// A kernel's range is groups.

DL_API void uniform_(const Array& x, double low, double high);  // in place, [low, high)
DL_API void normal_(const Array& x, double mean, double std);   // in place
DL_API Array rand(const Dims& shape, DType dtype, Device device);
DL_API Array randn(const Dims& shape, DType dtype, Device device);
DL_API Array randint(int64_t low, int64_t high, const Dims& shape, Device device);  // int64 in [low, high)
DL_API Array randperm(int64_t n);  // int64, a permutation of 0 … n-1, on the CPU: each swap waits for the one before

}  // namespace dl
