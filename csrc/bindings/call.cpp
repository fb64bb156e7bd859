#include "bindings/call.h"

#include <structmember.h>  // after Python.h, which it does not include

namespace {

PyObject* explain_call;  // of dlcore/mistakes.py, once it is there

PyObject* array_or_error(PyObject*, PyObject* x) {
  if (PyObject* array = is_tensor(x) ? array_of(x) : nullptr) return Py_NewRef(array);
  return not_a_tensor(x);
}

PyObject* value_of(PyObject*, PyObject* x) {
  PyObject* array = array_of(x);
  return Py_NewRef(array ? array : x);
}

PyMethodDef conversions[] = {
    {"array_of", array_or_error, METH_O, "The Array of a Tensor; for anything else a DTypeError."},
    {"value_of", value_of, METH_O, "The Array of a Tensor; anything else as it is."},
    {}};

}  // namespace

PyObject* refuse(const Function& f, PyObject* const* args, Py_ssize_t n) try {
  PyErr_Clear();
  if (!explain_call) return PyErr_Format(PyExc_TypeError, "%s: wrong arguments", f.name.c_str());
  py::tuple given(n), types(f.types.size());
  for (Py_ssize_t i = 0; i < n; ++i) given[i] = py::reinterpret_borrow<py::object>(args[i]);
  for (size_t i = 0; i < f.types.size(); ++i) types[i] = f.types[i];
  const py::str name(f.name);
  const auto line = py::reinterpret_steal<py::object>(
      PyObject_CallFunctionObjArgs(explain_call, name.ptr(), types.ptr(), given.ptr(), nullptr));
  if (line) PyErr_SetObject(dtype_error, line.ptr());
  return nullptr;
} catch (...) {
  return raise_exception();
}

PyObject* not_a_tensor(PyObject* x) {
  static const Function needs_one{.name = "array_of", .doc = {}, .types = {"Array"}, .defaults = {}};
  return refuse(needs_one, &x, 1);
}

Py_ssize_t slot_of(const py::handle& cls, const char* name) {
  const py::object member = cls.attr(name);
  if (!Py_IS_TYPE(member.ptr(), &PyMemberDescr_Type)) throw py::type_error(std::string(name) + " is not a slot");
  return reinterpret_cast<PyMemberDescrObject*>(member.ptr())->d_member->offset;
}

std::string spell(const char* text, const std::type_info* const* types, bool argument) {
  std::string out;
  int part = 0;  // of @as an argument@as a result@
  for (; *text; ++text) {
    if (*text == '@') {
      part = (part + 1) % 3;
    } else if (part == 0 || part == (argument ? 1 : 2)) {
      if (*text != '%') {
        out += *text;
        continue;
      }
      const auto* info = py::detail::get_type_info(**types);
      out += info ? py::str(py::handle(reinterpret_cast<PyObject*>(info->type)).attr("__name__")).cast<std::string>()
                  : "object";
      ++types;
    }
  }
  return out;
}

void add_function(const py::handle& scope, Function* f, FastCall call, const std::string& result) {
  const bool method = PyType_Check(scope.ptr());
  const size_t required = f->types.size() - f->defaults.size();
  f->doc = f->name + '(';
  for (size_t i = 0; i < f->types.size(); ++i) {
    const std::string& type = f->types[i];
    const bool any = type == "Array" || type == "Array | None";  // a Tensor too, which the stub cannot know
    f->doc += i ? ", " : "";
    f->doc += method && i == 0 ? "self" : "arg" + std::to_string(i - method);
    f->doc += ": " + (any && !(method && i == 0) ? "typing.Any" : type);
    if (i >= required) f->doc += " = " + py::repr(f->defaults[i - required]).cast<std::string>();
  }
  f->doc += ") -> " + result;
  f->method = {f->name.c_str(), fast_call(call), METH_FASTCALL, f->doc.c_str()};
  const auto capsule = py::reinterpret_steal<py::object>(PyCapsule_New(f, nullptr, nullptr));
  const auto function = py::reinterpret_steal<py::object>(
      PyCFunction_NewEx(&f->method, capsule.ptr(), method ? nullptr : py::object(scope.attr("__name__")).ptr()));
  scope.attr(f->name.c_str()) =
      method ? py::reinterpret_steal<py::object>(PyInstanceMethod_New(function.ptr())) : function;
}

void bind_call(py::module_& m) {
  def(m, "bind_tensor", [](const py::type& cls, const py::function& explain) {
    array_slot = slot_of(cls, "array");
    tensor_type = reinterpret_cast<PyTypeObject*>(cls.inc_ref().ptr());
    explain_call = explain.inc_ref().ptr();
  });
  PyModule_AddFunctions(m.ptr(), conversions);
}
