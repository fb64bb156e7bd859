// Lists of equal length, one entry a parameter; the Python side builds them together.
#include <memory>

#include "bindings/convert.h"
#include "ops/optim/optim.h"

using Arrays = std::vector<dl::Array>;

namespace {

int64_t same_length(const char* op, std::initializer_list<size_t> sizes) {
  for (size_t n : sizes)
    DL_CHECK(n == *sizes.begin(), dl::ValueError, op, ": ", *sizes.begin(), " parameters, but a list of ", n,
             " beside them");
  return static_cast<int64_t>(*sizes.begin());
}

}  // namespace

void bind_optim(py::module_& m) {
  m.def("sgd_step", [](const Arrays& p, const Arrays& g, double lr, double weight_decay, bool maximize) {
    dl::sgd_step(same_length("sgd", {p.size(), g.size()}), p.data(), g.data(), nullptr, nullptr,
                 {.lr = lr,
                  .momentum = 0,
                  .dampening = 0,
                  .weight_decay = weight_decay,
                  .nesterov = false,
                  .maximize = maximize});
  });
  m.def("sgd_momentum_step",
        [](const Arrays& p, const Arrays& g, const Arrays& buffers, const std::vector<bool>& first, double lr,
           double weight_decay, bool maximize, double momentum, double dampening, bool nesterov) {
          const int64_t n = same_length("sgd", {p.size(), g.size(), buffers.size(), first.size()});
          const auto flags = std::make_unique<bool[]>(first.size());
          for (size_t i = 0; i < first.size(); ++i) flags[i] = first[i];
          dl::sgd_step(n, p.data(), g.data(), buffers.data(), flags.get(),
                       {.lr = lr,
                        .momentum = momentum,
                        .dampening = dampening,
                        .weight_decay = weight_decay,
                        .nesterov = nesterov,
                        .maximize = maximize});
        });
  m.def("adam_step", [](const Arrays& p, const Arrays& g, const Arrays& mean, const Arrays& square,
                        const std::vector<int64_t>& steps, double lr, double beta1, double beta2, double eps,
                        double weight_decay, bool decoupled, bool maximize) {
    dl::adam_step(same_length("adam", {p.size(), g.size(), mean.size(), square.size(), steps.size()}), p.data(),
                  g.data(), mean.data(), square.data(), steps.data(),
                  {.lr = lr,
                   .beta1 = beta1,
                   .beta2 = beta2,
                   .eps = eps,
                   .weight_decay = weight_decay,
                   .decoupled = decoupled,
                   .maximize = maximize});
  });
}
