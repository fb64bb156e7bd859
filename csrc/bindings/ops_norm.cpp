#include "bindings/call.h"
#include "ops/norm/norm.h"

using dl::Array;

namespace {

// (dx, dweight, dbias), None for what was not asked for.
py::tuple gradients(Array&& dx, Array&& dw, Array&& db, bool need_x, bool need_affine) {
  return py::make_tuple(need_x ? py::cast(std::move(dx)) : py::none(),
                        need_affine ? py::cast(std::move(dw)) : py::none(),
                        need_affine ? py::cast(std::move(db)) : py::none());
}

}  // namespace

void bind_norm(py::module_& m) {
  def(
      m, "batch_norm_fwd",
      [](const Array& x, const Array* weight, const Array* bias, const Array* running_mean, const Array* running_var,
         bool training, double momentum, double eps, bool relu, bool in_place) {
        Array mean, invstd;
        Array y = dl::batch_norm_fwd(x, weight, bias, running_mean, running_var, training, momentum, eps, relu,
                                     in_place, &mean, &invstd);
        return py::make_tuple(std::move(y), std::move(mean), std::move(invstd));
      },
      false, false);
  def(m, "batch_norm_bwd",
      [](const Array& g, const Array& x, const Array& mean, const Array& invstd, const Array* weight, const Array* bias,
         bool relu, bool training, bool need_x, bool need_affine) {
        Array dx, dw, db;
        dl::batch_norm_bwd(g, x, mean, invstd, weight, bias, relu, training, need_x ? &dx : nullptr,
                           need_affine ? &dw : nullptr, &db);
        return gradients(std::move(dx), std::move(dw), std::move(db), need_x, need_affine);
      });
  def(m, "layer_norm_fwd",
      [](const Array& x, const dl::Dims& shape, const Array* weight, const Array* bias, double eps) {
        Array stats;
        Array y = dl::layer_norm_fwd(x, shape, weight, bias, eps, &stats);
        return std::make_pair(std::move(y), std::move(stats));
      });
  def(m, "group_norm_fwd", [](const Array& x, int64_t groups, const Array* weight, const Array* bias, double eps) {
    Array stats;
    Array y = dl::group_norm_fwd(x, groups, weight, bias, eps, &stats);
    return std::make_pair(std::move(y), std::move(stats));
  });
  def(m, "layer_norm_bwd",
      [](const Array& g, const Array& x, const dl::Dims& shape, const Array& stats, const Array* weight, bool need_x,
         bool need_affine) {
        Array dx, dw, db;
        dl::layer_norm_bwd(g, x, shape, stats, weight, need_x ? &dx : nullptr, need_affine ? &dw : nullptr, &db);
        return gradients(std::move(dx), std::move(dw), std::move(db), need_x, need_affine);
      });
  def(m, "group_norm_bwd",
      [](const Array& g, const Array& x, int64_t groups, const Array& stats, const Array* weight, bool need_x,
         bool need_affine) {
        Array dx, dw, db;
        dl::group_norm_bwd(g, x, groups, stats, weight, need_x ? &dx : nullptr, need_affine ? &dw : nullptr, &db);
        return gradients(std::move(dx), std::move(dw), std::move(db), need_x, need_affine);
      });
}
