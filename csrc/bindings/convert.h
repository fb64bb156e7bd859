// Python values to and from the core's: shapes are tuples or lists of ints, dtypes and devices are enums.
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/array.h"
#include "ops/elementwise/elementwise.h"

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

// A Python number, or a NumPy scalar.
template <>
struct type_caster<dl::Number> {
  PYBIND11_TYPE_CASTER(dl::Number, const_name("float"));

  bool load(handle src, bool) {
    PyObject* o = src.ptr();
    if (PyFloat_Check(o)) {
      value = {dl::Number::real, 0, PyFloat_AS_DOUBLE(o)};
    } else if (PyIndex_Check(o) && !PySequence_Check(o)) {  // a NumPy array has an index slot too
      const object whole = reinterpret_steal<object>(PyNumber_Index(o));
      const long long i = whole ? PyLong_AsLongLong(whole.ptr()) : -1;
      if (i == -1 && PyErr_Occurred()) throw error_already_set();
      value = {PyBool_Check(o) ? dl::Number::boolean : dl::Number::integer, i, 0};
    } else {
      const PyNumberMethods* as_number = Py_TYPE(o)->tp_as_number;
      if (!as_number || !as_number->nb_float || PySequence_Check(o)) return false;
      const double f = PyFloat_AsDouble(o);
      if (f == -1.0 && PyErr_Occurred()) throw error_already_set();
      value = {dl::Number::real, 0, f};
    }
    return true;
  }
};

// An Array, or a number.
template <>
struct type_caster<dl::Operand> {
  PYBIND11_TYPE_CASTER(dl::Operand, const_name("Array | float"));

  bool load(handle src, bool convert) {
    if (array_.load(src, false)) {
      value.array = static_cast<dl::Array*>(array_);
      return true;
    }
    make_caster<dl::Number> number;
    if (!number.load(src, convert))
      throw dl::DTypeError(dl::join("an operand must be a tensor or a number, got ",
                                    std::string(Py_TYPE(src.ptr())->tp_name), "; convert it with dl.tensor(x)"));
    value = {nullptr, cast_op<dl::Number>(number)};
    return true;
  }

 private:
  make_caster<dl::Array> array_;
};

}  // namespace pybind11::detail
