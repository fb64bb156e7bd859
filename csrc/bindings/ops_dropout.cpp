#include "bindings/call.h"
#include "ops/dropout/dropout.h"

using dl::Array;

void bind_dropout(py::module_& m) {
  def(m, "dropout_fwd", [](const Array& x, double p) {
    dl::DropoutDraws draws;
    Array y = dl::dropout_fwd(x, p, &draws);
    return std::make_tuple(std::move(y), draws.seed, draws.position);
  });
  def(m, "dropout_bwd", [](const Array& g, const dl::Dims& strides, double p, uint64_t seed, uint64_t position) {
    return dl::dropout_bwd(g, strides, p, {seed, position});
  });
}
