// Python values to and from the core's: shapes are tuples or lists of ints, dtypes are an enum, an Array is an object
// that holds it. A caster takes a value or says no; dlcore/mistakes.py says what was wrong (call.h).
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/array.h"
#include "ops/elementwise/elementwise.h"

namespace py = pybind11;

// The value inline: a pybind11 class keeps it on the heap behind a holder and in a table of all instances, half of what
// a call cost.
struct ArrayObject {
  PyObject_HEAD dl::Array value;
};
inline PyTypeObject* array_type;              // dlcore._C.Array
inline PyTypeObject* tensor_type;             // of dlcore/tensor.py, once it is there
inline Py_ssize_t array_slot;                 // where a Tensor keeps its Array
inline PyTypeObject* dtype_type;              // dlcore._C.DType
inline PyObject* dtype_objects[dl::kDTypes];  // its members, borrowed from it

// What an instance of a Python class with __slots__ keeps at `offset`; null until it is set, and once it is deleted.
inline PyObject*& slot(PyObject* o, Py_ssize_t offset) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(o) + offset);
}
inline dl::Array& array_in(PyObject* o) { return reinterpret_cast<ArrayObject*>(o)->value; }
inline bool is_tensor(PyObject* o) {
  return Py_TYPE(o) == tensor_type || (tensor_type && PyType_IsSubtype(Py_TYPE(o), tensor_type));
}
// The Array that `o` is or, as a Tensor, has: borrowed. Null for anything else, without an error set.
inline PyObject* array_of(PyObject* o) {
  if (Py_TYPE(o) == array_type) return o;
  if (!is_tensor(o)) return nullptr;
  PyObject* array = slot(o, array_slot);
  return array && Py_TYPE(array) == array_type ? array : nullptr;
}
// Which dtype `o` is; -1 for anything else. Beside the members there are copies, out of a pickle, and what pybind11's
// enums let a user make: DType(99), and without a value DType.__new__(DType).
inline int dtype_index(PyObject* o) {
  for (int i = 0; i < dl::kDTypes; ++i)
    if (o == dtype_objects[i]) return i;
  if (Py_TYPE(o) != dtype_type) return -1;
  const void* value = reinterpret_cast<py::detail::instance*>(o)->get_value_and_holder().value_ptr();
  const int i = value ? static_cast<int>(*static_cast<const dl::DType*>(value)) : -1;
  return i < dl::kDTypes ? i : -1;
}

namespace pybind11::detail {

// A missing tensor is None where C++ takes a pointer.
template <>
struct type_caster<dl::Array> {
  static constexpr auto name = io_name("typing.Any", "Array");  // the stub cannot know Tensor, which is above it

  bool load(handle src, bool) {
    PyObject* array = ::array_of(src.ptr());
    keep_ = reinterpret_borrow<object>(array);  // another thread may give the Tensor another one
    return array || src.is_none();
  }
  template <class T>
  using cast_op_type = detail::cast_op_type<T>;
  operator dl::Array*() { return keep_ ? &array_in(keep_.ptr()) : nullptr; }
  operator dl::Array&() {
    if (!keep_) throw reference_cast_error();
    return array_in(keep_.ptr());
  }

  static handle cast(dl::Array a, return_value_policy, handle) {
    PyObject* o = array_type->tp_alloc(array_type, 0);
    if (o) new (&array_in(o)) dl::Array(std::move(a));
    return o;
  }

 private:
  object keep_;
};

template <>
struct type_caster<dl::DType> : type_caster_base<dl::DType> {
  static constexpr auto name = const_name("DType");

  bool load(handle src, bool) {
    const int i = dtype_index(src.ptr());
    dtype_ = static_cast<dl::DType>(i);
    value = &dtype_;
    return i >= 0;
  }
  static handle cast(dl::DType t, return_value_policy policy, handle parent) {
    PyObject* member = dtype_objects[static_cast<int>(t)];
    return member ? Py_NewRef(member) : type_caster_base::cast(t, policy, parent).ptr();  // while members are made
  }

 private:
  dl::DType dtype_;
};

template <>
struct type_caster<dl::Dims> {
  PYBIND11_TYPE_CASTER(dl::Dims, const_name("tuple[int, ...]"));

  bool load(handle src, bool) {
    PyObject* seq = src.ptr();
    if (!PyTuple_Check(seq) && !PyList_Check(seq)) return false;
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(seq);
    value = dl::Dims();
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* given = PySequence_Fast_GET_ITEM(seq, i);
      const object whole = reinterpret_steal<object>(PyNumber_Index(given));
      const long long v = whole ? PyLong_AsLongLong(whole.ptr()) : -1;
      if (v == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return false;
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
      return true;
    }
    const PyNumberMethods* as_number = Py_TYPE(o)->tp_as_number;
    if (!as_number || PySequence_Check(o)) return false;  // a NumPy array has the slots of a number too
    if (as_number->nb_index) {
      const object whole = reinterpret_steal<object>(PyNumber_Index(o));
      const long long i = whole ? PyLong_AsLongLong(whole.ptr()) : -1;
      if (i == -1 && PyErr_Occurred()) return refused();
      value = {PyBool_Check(o) ? dl::Number::boolean : dl::Number::integer, i, 0};
      return true;
    }
    if (!as_number->nb_float) return false;
    const double f = PyFloat_AsDouble(o);
    if (f == -1.0 && PyErr_Occurred()) throw error_already_set();
    value = {dl::Number::real, 0, f};
    return true;
  }

 private:
  // An integer beyond 64 bits is a mistake to be explained; any other error is of the object's own making.
  static bool refused() {
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) throw error_already_set();
    PyErr_Clear();
    return false;
  }
};

// A tensor, or a number.
template <>
struct type_caster<dl::Operand> {
  PYBIND11_TYPE_CASTER(dl::Operand, const_name("Array | float"));

  bool load(handle src, bool convert) {
    if (PyObject* array = ::array_of(src.ptr())) {
      keep_ = reinterpret_borrow<object>(array);
      value.array = &array_in(array);
      return true;
    }
    make_caster<dl::Number> number;
    if (!number.load(src, convert)) return false;
    value = {nullptr, cast_op<dl::Number>(number)};
    return true;
  }

 private:
  object keep_;
};

}  // namespace pybind11::detail
