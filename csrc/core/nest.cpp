#include "core/nest.h"

#include <algorithm>

#include "core/array.h"

namespace dl {

Nest make_nest(const Array* const* operands, int count) {
  const Array& out = *operands[0];
  int order[kMaxDims], n = 0;
  for (int i = out.ndim() - 1; i >= 0; --i)
    if (out.shape(i) != 1) order[n++] = i;
  std::stable_sort(order, order + n, [&](int a, int b) { return out.stride(a) < out.stride(b); });

  Nest nest{};
  for (int k = 0; k < n; ++k) {
    const int d = order[k], last = nest.ndim - 1;
    bool merges = nest.ndim > 0;
    for (int j = 0; j < count && merges; ++j) merges = operands[j]->stride(d) == nest.stride[j][last] * nest.size[last];
    if (merges) {
      nest.size[last] *= out.shape(d);
      continue;
    }
    nest.size[nest.ndim] = out.shape(d);
    for (int j = 0; j < count; ++j) nest.stride[j][nest.ndim] = operands[j]->stride(d);
    ++nest.ndim;
  }
  if (nest.ndim == 0) {
    nest.ndim = 1;
    nest.size[0] = 1;
  }
  return nest;
}

}  // namespace dl
