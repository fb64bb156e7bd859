// Lists of equal length, one entry a parameter; the Python side builds them together. Options are positional, in the
// order of the structs in optim.h.
#include "bindings/call.h"
#include "ops/optim/optim.h"

using Arrays = std::vector<dl::Array>;
using Steps = std::vector<int64_t>;

namespace {

// The lists of one rule; a state that no parameter has is an empty list.
dl::OptimLists lists(const char* op, const Arrays& p, const Arrays& g, std::initializer_list<const Arrays*> states,
                     const Steps* steps) {
  const auto same = [&](size_t n) {
    DL_CHECK(n == p.size(), dl::ValueError, op, ": ", p.size(), " parameters, but a list of ", n, " beside them");
  };
  same(g.size());
  dl::OptimLists all{.count = static_cast<int64_t>(p.size()), .params = p.data(), .grads = g.data()};
  int k = 0;
  for (const Arrays* state : states) {
    if (!state->empty()) same(state->size());
    all.states[k++] = state->empty() ? nullptr : state->data();
  }
  if (steps) same(steps->size());
  all.steps = steps ? steps->data() : nullptr;
  return all;
}

}  // namespace

void bind_optim(py::module_& m) {
  def(m, "sgd_step", [](const Arrays& p, const Arrays& g, double lr, double weight_decay, bool maximize) {
    dl::sgd_step(lists("sgd", p, g, {}, nullptr), {lr, 0, 0, weight_decay, false, maximize});
  });
  def(m, "sgd_momentum_step",
      [](const Arrays& p, const Arrays& g, const Arrays& buffers, const Steps& steps, double lr, double weight_decay,
         bool maximize, double momentum, double dampening, bool nesterov) {
        dl::sgd_step(lists("sgd", p, g, {&buffers}, &steps),
                     {lr, momentum, dampening, weight_decay, nesterov, maximize});
      });
  def(m, "adam_step",
      [](const Arrays& p, const Arrays& g, const Arrays& mean, const Arrays& square, const Arrays& highest,
         const Steps& steps, double lr, double beta1, double beta2, double eps, double weight_decay, bool decoupled,
         bool ruder, bool maximize) {
        dl::adam_step(lists("adam", p, g, {&mean, &square, &highest}, &steps),
                      {lr, beta1, beta2, eps, weight_decay, decoupled, ruder, maximize});
      });
  def(m, "nadam_step",
      [](const Arrays& p, const Arrays& g, const Arrays& mean, const Arrays& square, const Steps& steps,
         const std::vector<double>& products, double lr, double beta1, double beta2, double eps, double weight_decay,
         double momentum_decay, bool decoupled, bool ruder, bool maximize) {
        DL_CHECK(products.size() == p.size(), dl::ValueError, "nadam: ", p.size(), " parameters, but a list of ",
                 products.size(), " beside them");
        dl::nadam_step(lists("nadam", p, g, {&mean, &square}, &steps), products.data(),
                       {lr, beta1, beta2, eps, weight_decay, momentum_decay, decoupled, ruder, maximize});
      });
  def(m, "adamax_step",
      [](const Arrays& p, const Arrays& g, const Arrays& mean, const Arrays& norm, const Steps& steps, double lr,
         double beta1, double beta2, double eps, double weight_decay, bool maximize) {
        dl::adamax_step(lists("adamax", p, g, {&mean, &norm}, &steps), {lr, beta1, beta2, eps, weight_decay, maximize});
      });
  def(m, "adagrad_step",
      [](const Arrays& p, const Arrays& g, const Arrays& sum, const Steps& steps, double lr, double lr_decay,
         double eps, double weight_decay, bool inside, bool maximize) {
        dl::adagrad_step(lists("adagrad", p, g, {&sum}, &steps), {lr, lr_decay, eps, weight_decay, inside, maximize});
      });
  def(m, "adadelta_step",
      [](const Arrays& p, const Arrays& g, const Arrays& square, const Arrays& delta, const Steps& steps, double lr,
         double rho, double eps, double weight_decay, bool maximize) {
        dl::adadelta_step(lists("adadelta", p, g, {&square, &delta}, &steps), {lr, rho, eps, weight_decay, maximize});
      });
  def(m, "rmsprop_step",
      [](const Arrays& p, const Arrays& g, const Arrays& square, const Arrays& mean, const Arrays& buffer,
         const Steps& steps, double lr, double alpha, double eps, double weight_decay, double momentum, bool centered,
         bool inside, bool maximize) {
        dl::rmsprop_step(lists("rmsprop", p, g, {&square, &mean, &buffer}, &steps),
                         {lr, alpha, eps, weight_decay, momentum, centered, inside, maximize});
      });
}
