// Running totals along one dimension.
//   cumsum_fwd    out[i] = x[0] + … + x[i]; from the other end with `reverse`: the gradient of a running sum
//   cumprod_fwd   out[i] = x[0] · … · x[i]
//   cumprod_bwd   dx[i] = (x[0] · … · x[i - 1]) · s[i], where s[i] = g[i] + x[i + 1] · s[i + 1]: no division, so that
//                 zeros need no care
//   cummax, cummin   the largest (smallest) so far and where it last was; NaN wins and stays
// Integers and bools give int64 sums and products. float32 is added and multiplied in float64 and rounded once. Each
// line is one loop on one thread: the bits do not depend on the number of threads.
#pragma once
#include "core/dtype.h"

namespace dl {

struct ScanArgs {
  const void* x;
  void* out;
  int64_t n, inner;          // x, g, y and out are (outer, n, inner) dense
  bool reverse = false;      // cumsum
  const void* g = nullptr;   // cumprod_bwd
  const void* y = nullptr;   // cumprod_bwd: cumprod_fwd's result
  int64_t* index = nullptr;  // cummax, cummin
};
// A kernel's range is lines, outer × inner of them.

DL_API Array cumsum_fwd(const Array& x, int dim, bool reverse);
DL_API Array cumprod_fwd(const Array& x, int dim);
DL_API Array cumprod_bwd(const Array& g, const Array& x, const Array& y, int dim);
// Return the values, and the index in `index`.
DL_API Array cummax_fwd(const Array& x, int dim, Array* index);
DL_API Array cummin_fwd(const Array& x, int dim, Array* index);

}  // namespace dl
