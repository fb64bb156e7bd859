// Python values to and from the core's: shapes are tuples or lists of ints, dtypes and devices are enums.
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/array.h"

namespace py = pybind11;

namespace pybind11::detail {

template <>
struct type_caster<dl::Dims> {
  PYBIND11_TYPE_CASTER(dl::Dims, const_name("tuple[int, ...]"));

  bool load(handle src, bool) {
    PyObject* seq = src.ptr();
    const bool is_tuple = PyTuple_Check(seq);
    if (!is_tuple && !PyList_Check(seq)) return false;
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(seq);
    value = dl::Dims();
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* item = PyNumber_Index(PySequence_Fast_GET_ITEM(seq, i));
      if (!item) {
        PyErr_Clear();
        return false;
      }
      const long long v = PyLong_AsLongLong(item);
      Py_DECREF(item);
      if (v == -1 && PyErr_Occurred()) throw error_already_set();
      value.push_back(v);
    }
    return true;
  }

  static handle cast(const dl::Dims& d, return_value_policy, handle) {
    PyObject* t = PyTuple_New(d.size());
    for (int i = 0; i < d.size(); ++i) PyTuple_SET_ITEM(t, i, PyLong_FromLongLong(d[i]));
    return t;
  }
};

}  // namespace pybind11::detail

// One function a bindings file; module.cpp calls them all.
void bind_array(py::module_& m);
void bind_runtime(py::module_& m);
void bind_activation(py::module_& m);
void bind_norm(py::module_& m);
void bind_softmax_xent(py::module_& m);
