// What a wrong argument says. pybind11 refuses one with a page of signatures; the functions of this module call it
// through `explained`, which hands that page to dlcore/mistakes.py for one line. A call without a mistake pays a jump.
#include <pybind11/pybind11.h>
#include <structmember.h>

#include <cstring>

#include "bindings/bind.h"

namespace {

using FastCall = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
using TupleCall = PyObject* (*)(PyObject*, PyObject*, PyObject*);

FastCall fast_call;  // pybind11's dispatcher, as its release has it
TupleCall tuple_call;
PyObject *explain_call, *explain_value;  // of dlcore/mistakes.py
PyObject* dtype_error;
PyTypeObject* tensor_type;  // of dlcore/tensor.py
Py_ssize_t array_slot;      // where a Tensor keeps its Array

PyObject* explain(PyObject* const* args, Py_ssize_t n) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  const py::object text = py::reinterpret_steal<py::object>(value ? PyObject_Str(value) : nullptr);
  const bool too_large = PyErr_GivenExceptionMatches(type, PyExc_OverflowError);
  const char* page = text && PyUnicode_Check(text.ptr()) ? PyUnicode_AsUTF8(text.ptr()) : nullptr;
  if (explain_call && page && (too_large || std::strstr(page, "(): incompatible function arguments"))) {
    py::tuple given(n);
    for (Py_ssize_t i = 0; i < n; ++i) given[i] = py::reinterpret_borrow<py::object>(args[i]);
    const py::object line =
        py::reinterpret_steal<py::object>(PyObject_CallFunctionObjArgs(explain_call, text.ptr(), given.ptr(), nullptr));
    Py_XDECREF(type), Py_XDECREF(value), Py_XDECREF(trace);
    if (line) PyErr_SetObject(too_large ? PyExc_OverflowError : PyExc_TypeError, line.ptr());
  } else {
    PyErr_Clear();
    PyErr_Restore(type, value, trace);
  }
  return nullptr;
}

PyObject* explained(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  PyObject* result = fast_call(self, args, n, names);
  if (__builtin_expect(!result, 0)) return explain(args, PyVectorcall_NARGS(static_cast<size_t>(n)));
  return result;
}

PyObject* explained_tuple(PyObject* self, PyObject* args, PyObject* names) {
  PyObject* result = tuple_call(self, args, names);
  if (__builtin_expect(!result, 0)) return explain(PySequence_Fast_ITEMS(args), PyTuple_GET_SIZE(args));
  return result;
}

void explain_function(PyObject* f) {
  if (PyInstanceMethod_Check(f)) f = PyInstanceMethod_GET_FUNCTION(f);
  if (!PyCFunction_Check(f)) return;
  PyMethodDef* def = reinterpret_cast<PyCFunctionObject*>(f)->m_ml;
  void* const now = reinterpret_cast<void*>(def->ml_meth);
  if (def->ml_flags == (METH_FASTCALL | METH_KEYWORDS) && now != reinterpret_cast<void*>(explained)) {
    fast_call = reinterpret_cast<FastCall>(now);
    def->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(explained));
  } else if (def->ml_flags == (METH_VARARGS | METH_KEYWORDS) && now != reinterpret_cast<void*>(explained_tuple)) {
    tuple_call = reinterpret_cast<TupleCall>(now);
    def->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(explained_tuple));
  }
}

// The Array of a Tensor, or null for anything else, without an error set: a slot read, where Python would look up.
PyObject* array_in(PyObject* x) {
  if (!tensor_type || !PyType_IsSubtype(Py_TYPE(x), tensor_type)) return nullptr;
  return Py_XNewRef(*reinterpret_cast<PyObject**>(reinterpret_cast<char*>(x) + array_slot));
}

PyObject* array_of(PyObject*, PyObject* x) {
  if (PyObject* array = array_in(x)) return array;
  const py::object line = py::reinterpret_steal<py::object>(PyObject_CallOneArg(explain_value, x));
  if (line) PyErr_SetObject(dtype_error, line.ptr());
  return nullptr;
}

PyObject* value_of(PyObject*, PyObject* x) {
  PyObject* array = array_in(x);
  return array ? array : Py_NewRef(x);
}

PyMethodDef plain[] = {{"array_of", array_of, METH_O, "The Array of a Tensor; for anything else a DTypeError."},
                       {"value_of", value_of, METH_O, "The Array of a Tensor; anything else as it is."},
                       {}};

}  // namespace

void bind_mistakes(py::module_& m) {
  for (const auto& item : py::reinterpret_borrow<py::dict>(PyModule_GetDict(m.ptr())))
    explain_function(item.second.ptr());
  const py::object array = m.attr("Array");
  for (const auto& name : array.attr("__dict__")) explain_function(py::object(array.attr("__dict__")[name]).ptr());
  m.def("explain_calls", [](const py::function& call, const py::function& value, const py::type& tensor) {
    explain_call = call.inc_ref().ptr();
    explain_value = value.inc_ref().ptr();
    tensor_type = reinterpret_cast<PyTypeObject*>(tensor.inc_ref().ptr());
    const py::object slot = tensor.attr("array");
    array_slot = reinterpret_cast<PyMemberDescrObject*>(slot.ptr())->d_member->offset;
  });
  dtype_error = py::object(m.attr("DTypeError")).release().ptr();
  PyModule_AddFunctions(m.ptr(), plain);
}
