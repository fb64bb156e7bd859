#include "bindings/convert.h"
#include "ops/activation/activation.h"

void bind_activation(py::module_& m) {
  m.def("relu_fwd", &dl::relu_fwd);
  m.def("relu_into", &dl::relu_into);
  m.def("relu_bwd", &dl::relu_bwd);
  m.def("leaky_relu_fwd", &dl::leaky_relu_fwd);
  m.def("leaky_relu_bwd", &dl::leaky_relu_bwd);
  m.def("sigmoid_fwd", &dl::sigmoid_fwd);
  m.def("sigmoid_bwd", &dl::sigmoid_bwd);
  m.def("tanh_fwd", &dl::tanh_fwd);
  m.def("tanh_bwd", &dl::tanh_bwd);
#define ACTIVATION(NAME) \
  m.def(#NAME "_fwd", &dl::NAME##_fwd, py::arg(), py::arg() = 0.0, py::arg() = 0.0); \
  m.def(#NAME "_bwd", &dl::NAME##_bwd, py::arg(), py::arg(), py::arg() = 0.0, py::arg() = 0.0);
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
