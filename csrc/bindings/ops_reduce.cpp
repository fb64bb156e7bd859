#include "bindings/convert.h"
#include "ops/reduce/reduce.h"

using dl::Array;

void bind_reduce(py::module_& m) {
  m.def("sum_fwd", &dl::sum_fwd);
  m.def("mean_fwd", &dl::mean_fwd);
  m.def("prod_fwd", &dl::prod_fwd);
  m.def("max_fwd", &dl::max_fwd);
  m.def("min_fwd", &dl::min_fwd);
  m.def("argmax_fwd", [](const Array& x, int dim, bool keepdim) {
    Array values;
    Array index = dl::argmax_fwd(x, dim, keepdim, &values);
    return py::make_tuple(std::move(values), std::move(index));
  });
  m.def("argmin_fwd", [](const Array& x, int dim, bool keepdim) {
    Array values;
    Array index = dl::argmin_fwd(x, dim, keepdim, &values);
    return py::make_tuple(std::move(values), std::move(index));
  });
  m.def("sum_to", &dl::sum_to);
}
