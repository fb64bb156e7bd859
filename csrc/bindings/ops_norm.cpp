#include "bindings/convert.h"
#include "ops/norm/norm.h"

using dl::Array;

void bind_norm(py::module_& m) {
  m.def("batch_norm_fwd", [](const Array& x, const Array* weight, const Array* bias, const Array* running_mean,
                             const Array* running_var, bool training, double momentum, double eps) {
    Array mean, invstd;
    Array y = dl::batch_norm_fwd(x, weight, bias, running_mean, running_var, training, momentum, eps, &mean, &invstd);
    return py::make_tuple(std::move(y), std::move(mean), std::move(invstd));
  });
  m.def("batch_norm_bwd", [](const Array& g, const Array& x, const Array& mean, const Array& invstd,
                             const Array* weight, bool training, bool need_x, bool need_affine) {
    Array dx, dw, db;
    dl::batch_norm_bwd(g, x, mean, invstd, weight, training, need_x ? &dx : nullptr, need_affine ? &dw : nullptr, &db);
    return py::make_tuple(need_x ? py::cast(std::move(dx)) : py::none(),
                          need_affine ? py::cast(std::move(dw)) : py::none(),
                          need_affine ? py::cast(std::move(db)) : py::none());
  });
}
