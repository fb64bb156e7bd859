// One function a bindings file; module.cpp calls them all. Apart from convert.h, so that a new op recompiles no other.
#pragma once
#include <pybind11/pybind11.h>

namespace py = pybind11;

void bind_types(py::module_& m);  // before all others
void bind_call(py::module_& m);
void bind_array(py::module_& m);
void bind_autograd(py::module_& m);
void bind_runtime(py::module_& m);
void bind_activation(py::module_& m);
void bind_attention(py::module_& m);
void bind_conv2d(py::module_& m);
void bind_copy(py::module_& m);
void bind_dropout(py::module_& m);
void bind_elementwise(py::module_& m);
void bind_embedding(py::module_& m);
void bind_index(py::module_& m);
void bind_loss(py::module_& m);
void bind_maths(py::module_& m);
void bind_matmul(py::module_& m);
void bind_norm(py::module_& m);
void bind_optim(py::module_& m);
void bind_pool2d(py::module_& m);
void bind_profile(py::module_& m);
void bind_random(py::module_& m);
void bind_reduce(py::module_& m);
void bind_rnn(py::module_& m);
void bind_scan(py::module_& m);
void bind_resample(py::module_& m);
void bind_softmax_xent(py::module_& m);
void bind_stft(py::module_& m);
void bind_sort(py::module_& m);
