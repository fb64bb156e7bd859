#include "bindings/convert.h"
#include "ops/scan/scan.h"

using dl::Array;

void bind_scan(py::module_& m) {
  m.def("cumsum_fwd", &dl::cumsum_fwd);
  m.def("cumprod_fwd", &dl::cumprod_fwd);
  m.def("cumprod_bwd", &dl::cumprod_bwd);
  m.def("cummax_fwd", [](const Array& x, int dim) {
    Array index;
    Array values = dl::cummax_fwd(x, dim, &index);
    return py::make_tuple(std::move(values), std::move(index));
  });
  m.def("cummin_fwd", [](const Array& x, int dim) {
    Array index;
    Array values = dl::cummin_fwd(x, dim, &index);
    return py::make_tuple(std::move(values), std::move(index));
  });
}
