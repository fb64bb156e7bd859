#include "bindings/call.h"
#include "ops/sort/sort.h"

using dl::Array;

void bind_sort(py::module_& m) {
  def(m, "sort_fwd", [](const Array& x, int dim, bool descending) {
    Array indices;
    Array values = dl::sort_fwd(x, dim, descending, &indices);
    return py::make_tuple(std::move(values), std::move(indices));
  });
  def(m, "topk_fwd", [](const Array& x, int64_t k, int dim, bool largest) {
    Array indices;
    Array values = dl::topk_fwd(x, k, dim, largest, &indices);
    return py::make_tuple(std::move(values), std::move(indices));
  });
  def(m, "kth_fwd", [](const char* op, const Array& x, int64_t k, int dim, bool nan_first) {
    Array indices;
    Array values = dl::kth_fwd(op, x, k, dim, nan_first, &indices);
    return py::make_tuple(std::move(values), std::move(indices));
  });
  def(m, "searchsorted_fwd", &dl::searchsorted_fwd);
}
