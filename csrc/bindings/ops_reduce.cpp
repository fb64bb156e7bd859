#include "bindings/call.h"
#include "ops/reduce/reduce.h"

using dl::Array;

void bind_reduce(py::module_& m) {
  def(m, "sum_fwd", &dl::sum_fwd);
  def(m, "mean_fwd", &dl::mean_fwd);
  def(m, "sum_squares_fwd", &dl::sum_squares_fwd);
  def(m, "prod_fwd", &dl::prod_fwd);
  def(m, "max_fwd", &dl::max_fwd);
  def(m, "min_fwd", &dl::min_fwd);
  def(m, "argmax_fwd", [](const Array& x, int dim, bool keepdim) {
    Array values;
    Array index = dl::argmax_fwd(x, dim, keepdim, &values);
    return py::make_tuple(std::move(values), std::move(index));
  });
  def(m, "argmin_fwd", [](const Array& x, int dim, bool keepdim) {
    Array values;
    Array index = dl::argmin_fwd(x, dim, keepdim, &values);
    return py::make_tuple(std::move(values), std::move(index));
  });
  def(m, "sum_to", &dl::sum_to);
}
