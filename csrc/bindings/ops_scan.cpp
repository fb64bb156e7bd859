#include "bindings/call.h"
#include "ops/scan/scan.h"

using dl::Array;

void bind_scan(py::module_& m) {
  def(m, "cumsum_fwd", &dl::cumsum_fwd);
  def(m, "cumprod_fwd", &dl::cumprod_fwd);
  def(m, "cumprod_bwd", &dl::cumprod_bwd);
  def(m, "cummax_fwd", [](const Array& x, int dim) {
    Array index;
    Array values = dl::cummax_fwd(x, dim, &index);
    return py::make_tuple(std::move(values), std::move(index));
  });
  def(m, "cummin_fwd", [](const Array& x, int dim) {
    Array index;
    Array values = dl::cummin_fwd(x, dim, &index);
    return py::make_tuple(std::move(values), std::move(index));
  });
}
