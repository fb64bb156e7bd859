// Discrete Fourier transforms of real rows, and their adjoints; stft and istft stand on them.
//   dft_fwd  X[k] = sum_n w[n] x[n] e^(-2πi kn / N)   x (…, N) -> (…, F, 2): real and imaginary parts; no w: ones
//   dft_bwd  x[n] = sum_k Re(g[k] e^(2πi kn / N))     g (…, F, 2) -> (…, N), for any g: no symmetry is taken for
//   granted
// F is N / 2 + 1 (onesided) or N. roots (N, 2): cos and -sin of 2πj / N. float32 and float64; results are dense. Rows
// may overlap, as the frames of a signal do. Each is a transform of its own: a NaN spoils its row only. A fast
// transform of N's prime factors: |error| grows as eps log N, and the time as N times the sum of the factors (a prime N
// costs N²). Forward, an even N takes a transform of N / 2 points: even points are its real parts, odd ones its
// imaginary parts.
#pragma once
#include "core/dtype.h"

namespace dl {

constexpr int kMaxFactors = 64;
constexpr int64_t kDftRows = 16;  // the most rows a kernel takes at once, one a lane
constexpr int64_t kDftVector = 64;

struct DftArgs {
  const void *x, *roots;
  const void* window;  // forward: N numbers, or null
  void* y;
  void* work;  // 4 `transform` vectors of at most kDftVector bytes, aligned to one; CUDA: its launcher's
  int64_t points, frequencies;
  int64_t transform;  // of so many complex points: N, or half of it
  int64_t factor[kMaxFactors];
  int factors;                            // of `transform`
  int64_t inner, inner_step, outer_step;  // forward: row r begins at r / inner * outer_step + r % inner * inner_step
};
// A kernel's range is rows.

DL_API Array dft_fwd(const Array& x, const Array* window, const Array& roots, bool onesided);
DL_API Array dft_bwd(const Array& g, const Array& roots);

}  // namespace dl
