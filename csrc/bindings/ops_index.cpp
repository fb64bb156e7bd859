#include "bindings/call.h"
#include "ops/index/index.h"

using dl::Array;

void bind_index(py::module_& m) {
  def(m, "gather_fwd", &dl::gather_fwd);
  def(m, "index_fwd", [](const char* op, const Array& x, int first, const std::vector<Array>& indices, bool from_end) {
    return dl::index_fwd(op, x, first, indices.data(), static_cast<int>(indices.size()), from_end);
  });
  def(m, "broadcast_shapes", &dl::broadcast_shapes);
  def(m, "nonzero_fwd", &dl::nonzero_fwd);
  def(m, "bincount_fwd", &dl::bincount_fwd);
  def(m, "scatter_fwd", [](const char* op, const Array& x, int dim, const Array& index, const Array& src, bool add) {
    return dl::scatter_fwd(op, &x, x.shape(), dim, index, src, add);
  });
  def(m, "gather_bwd", [](const Array& g, const dl::Dims& shape, int dim, const Array& index) {
    return dl::scatter_fwd("gather", nullptr, shape, dim, index, g, true);
  });
  def(m, "scatter_into", [](const char* op, const Array& dst, int dim, const Array& index, const Array& src, bool add) {
    dl::scatter_into(op, dst, dim, index, src, add);
    dst.bump_version();
  });
  def(m, "index_into",
      [](const char* op, const Array& dst, int first, const std::vector<Array>& indices, const Array& src, bool add,
         bool from_end) {
        dl::index_into(op, dst, first, indices.data(), static_cast<int>(indices.size()), src, add, from_end);
        dst.bump_version();
      });
}
