// Python values to and from the core's: shapes are tuples or lists of ints, dtypes and devices are enums. A value of
// the wrong kind raises BadArgument, to which the op's name is added on the way out: pybind11 would list C++
// signatures.
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/array.h"
#include "ops/elementwise/elementwise.h"

namespace py = pybind11;

struct BadArgument {
  std::string text;
};
[[noreturn]] inline void bad_argument(const char* wanted, PyObject* got, const char* hint = "") {
  throw BadArgument{dl::join(wanted, ", got ", got == Py_None ? "None" : Py_TYPE(got)->tp_name, hint)};
}

namespace pybind11::detail {

template <>
struct type_caster<dl::Array> : type_caster_base<dl::Array> {
  static constexpr const char* kHint = "; convert it with dl.tensor(x)";
  static constexpr auto name = io_name("typing.Any", "Array");  // the stub cannot know Tensor, which is above it
  // An Array, or a Tensor's: an op hands its operands on unseen, and what is neither is named here.
  bool load(handle src, bool convert) {
    static PyObject* const type = reinterpret_cast<PyObject*>(get_type_info(typeid(dl::Array))->type);
    static PyObject* const slot = PyUnicode_InternFromString("array");
    if (reinterpret_cast<PyObject*>(Py_TYPE(src.ptr())) == type || src.is_none())
      return type_caster_base::load(src, convert);
    const object array = reinterpret_steal<object>(PyObject_GetAttr(src.ptr(), slot));
    if (!array) PyErr_Clear();
    if (!array || !type_caster_base::load(array, convert)) bad_argument("needs a tensor", src.ptr(), kHint);
    return true;
  }
  template <class T>
  using cast_op_type = detail::cast_op_type<T>;
  operator dl::Array*() { return static_cast<dl::Array*>(value); }  // null for None, where a tensor may be missing
  operator dl::Array&() {
    if (!value) bad_argument("needs a tensor", Py_None, kHint);
    return *static_cast<dl::Array*>(value);
  }
};

template <>
struct type_caster<dl::DType> : type_caster_base<dl::DType> {
  bool load(handle src, bool convert) {
    if (src.is_none() || !type_caster_base::load(src, convert))
      bad_argument("a dtype is dl.float32, dl.int64, dl.bool, …", src.ptr());
    return true;
  }
};

template <>
struct type_caster<dl::Dims> {
  PYBIND11_TYPE_CASTER(dl::Dims, const_name("tuple[int, ...]"));

  bool load(handle src, bool) {
    PyObject* seq = src.ptr();
    if (!PyTuple_Check(seq) && !PyList_Check(seq)) bad_argument("sizes and dims are a tuple of ints", seq);
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(seq);
    value = dl::Dims();
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* item = PyNumber_Index(PySequence_Fast_GET_ITEM(seq, i));
      if (!item) {
        PyErr_Clear();
        bad_argument("sizes and dims are ints", PySequence_Fast_GET_ITEM(seq, i));
      }
      const long long v = PyLong_AsLongLong(item);
      Py_DECREF(item);
      if (v == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        throw BadArgument{"sizes and dims have at most 64 bits, got " +
                          str(PySequence_Fast_GET_ITEM(seq, i)).cast<std::string>()};
      }
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
      if (i == -1 && PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) throw error_already_set();
        PyErr_Clear();
        throw BadArgument{"an integer has at most 64 bits, got " + str(src).cast<std::string>() + "; write a float"};
      }
      value = {PyBool_Check(o) ? dl::Number::boolean : dl::Number::integer, i, 0};
    } else {
      const PyNumberMethods* as_number = Py_TYPE(o)->tp_as_number;
      if (!as_number || !as_number->nb_float || PySequence_Check(o)) bad_argument("needs a number", o);
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
      value.array = static_cast<dl::Array*>(array_.value);
      return true;
    }
    PyObject* o = src.ptr();
    const PyNumberMethods* as_number = Py_TYPE(o)->tp_as_number;
    const bool number = as_number && (as_number->nb_float || as_number->nb_index) && !PySequence_Check(o);
    if (!number) bad_argument("an operand must be a tensor or a number", o, "; convert it with dl.tensor(x)");
    make_caster<dl::Number> caster;
    caster.load(src, convert);
    value = {nullptr, cast_op<dl::Number>(caster)};
    return true;
  }

 private:
  type_caster_base<dl::Array> array_;
};

}  // namespace pybind11::detail
