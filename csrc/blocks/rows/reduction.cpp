#include "blocks/rows/reduction.h"

#include "core/array.h"

namespace dl {

Array reduced(const std::vector<double>& partial, Reduction reduction, double count, const Array& like) {
  double total = 0;
  for (double part : partial) total += part;
  if (reduction == Reduction::mean) total /= count;
  const Array out = Array::empty({}, like.dtype(), like.device());
  if (like.dtype() == DType::f32)
    *out.data<float>() = static_cast<float>(total);
  else
    *out.data<double>() = total;
  return out;
}

}  // namespace dl
