#include "bindings/call.h"
#include "ops/softmax_xent/softmax_xent.h"

using dl::Array;

void bind_softmax_xent(py::module_& m) {
  def(m, "softmax_fwd", &dl::softmax_fwd);
  def(m, "softmax_bwd", &dl::softmax_bwd);
  def(m, "log_softmax_fwd", &dl::log_softmax_fwd);
  def(m, "log_softmax_bwd", &dl::log_softmax_bwd);
  def(m, "logsumexp_fwd", &dl::logsumexp_fwd);
  def(m, "cross_entropy_fwd",
      [](const Array& x, const Array& target, const Array* weight, int64_t ignored, double smoothing, int reduction) {
        Array stats;
        Array loss = dl::cross_entropy_fwd(x, target, {weight, ignored, smoothing, reduction}, &stats);
        return std::make_pair(std::move(loss), std::move(stats));
      });
  def(m, "cross_entropy_fwd_bwd",
      [](const Array& x, const Array& target, const Array* weight, int64_t ignored, double smoothing, int reduction) {
        Array stats, dx;
        Array loss = dl::cross_entropy_fwd(x, target, {weight, ignored, smoothing, reduction}, &stats, &dx);
        return std::make_tuple(std::move(loss), std::move(stats), std::move(dx));
      });
  def(m, "cross_entropy_bwd",
      [](const Array& g, const Array& x, const Array& target, const Array& stats, const Array* weight, int64_t ignored,
         double smoothing, int reduction) {
        return dl::cross_entropy_bwd(g, x, target, stats, {weight, ignored, smoothing, reduction});
      });
}
