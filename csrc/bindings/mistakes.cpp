// What a wrong argument says. pybind11 refuses one with a page of signatures; the functions of this module call it
// through `explained`, which hands that page to dlcore/mistakes.py for one line. A call without a mistake pays a jump.
#include <pybind11/pybind11.h>

#include <cstring>

#include "bindings/bind.h"

namespace {

using FastCall = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
using TupleCall = PyObject* (*)(PyObject*, PyObject*, PyObject*);

FastCall fast_call;  // pybind11's dispatcher, as its release has it
TupleCall tuple_call;
PyObject* explain_call;  // of dlcore/mistakes.py

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

}  // namespace

void bind_mistakes(py::module_& m) {
  for (const auto& item : py::reinterpret_borrow<py::dict>(PyModule_GetDict(m.ptr())))
    explain_function(item.second.ptr());
  const py::object array = m.attr("Array");
  for (const auto& name : array.attr("__dict__")) explain_function(py::object(array.attr("__dict__")[name]).ptr());
  m.def("explain_calls", [](const py::function& f) { explain_call = f.inc_ref().ptr(); });
}
