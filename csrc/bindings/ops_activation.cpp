#include "bindings/call.h"
#include "ops/activation/activation.h"

void bind_activation(py::module_& m) {
  def(m, "relu_fwd", &dl::relu_fwd);
  def(m, "relu_into", &dl::relu_into);
  def(m, "relu_bwd", &dl::relu_bwd);
  def(m, "leaky_relu_fwd", &dl::leaky_relu_fwd);
  def(m, "leaky_relu_bwd", &dl::leaky_relu_bwd);
  def(m, "sigmoid_fwd", &dl::sigmoid_fwd);
  def(m, "sigmoid_bwd", &dl::sigmoid_bwd);
  def(m, "tanh_fwd", &dl::tanh_fwd);
  def(m, "tanh_bwd", &dl::tanh_bwd);
#define ACTIVATION(NAME) \
  def(m, #NAME "_fwd", &dl::NAME##_fwd, 0.0, 0.0); \
  def(m, #NAME "_bwd", &dl::NAME##_bwd, 0.0, 0.0);
  ACTIVATION(elu)
  ACTIVATION(celu)
  ACTIVATION(gelu)
  ACTIVATION(gelu_tanh)
  ACTIVATION(silu)
  ACTIVATION(mish)
  ACTIVATION(softplus)
  ACTIVATION(logsigmoid)
  ACTIVATION(hardtanh)
  ACTIVATION(hardsigmoid)
  ACTIVATION(hardswish)
  ACTIVATION(softsign)
#undef ACTIVATION
}
