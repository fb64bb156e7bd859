// The types that Python sees: DType, an enum, and Array.
#include "bindings/call.h"

namespace {

using dl::Array;
using dl::Dims;
using dl::DType;

PyObject* tuple_of(const Dims& d) { return py::detail::make_caster<Dims>::cast(d, {}, {}).ptr(); }
PyObject* text(const char* s) { return PyUnicode_InternFromString(s); }
PyObject* itemsize(DType t) { return PyLong_FromSize_t(dl::itemsize(t)); }
PyObject* is_floating_point(DType t) { return PyBool_FromLong(dl::is_floating(t) || dl::is_half(t)); }

template <PyObject* (*F)(DType)>
PyObject* of_dtype(PyObject* o, void*) {
  const int i = dtype_index(o);
  return i < 0 ? PyErr_Format(dtype_error, "DType: this is no dtype; use dl.float32 and its like")
               : F(static_cast<DType>(i));
}

// Attributes that every op reads: a getter of CPython's costs some 25 ns where a pybind11 property costs 100.
PyGetSetDef array_attributes[] = {
    {"shape", [](PyObject* o, void*) { return tuple_of(array_in(o).shape()); }, nullptr, "sizes", nullptr},
    {"strides", [](PyObject* o, void*) { return tuple_of(array_in(o).strides()); }, nullptr, "in elements", nullptr},
    {"dtype", [](PyObject* o, void*) { return Py_NewRef(dtype_objects[static_cast<int>(array_in(o).dtype())]); },
     nullptr, "element type", nullptr},
    {"device", [](PyObject* o, void*) { return text(dl::name(array_in(o).device())); }, nullptr, "cpu or cuda",
     nullptr},
    {"ndim", [](PyObject* o, void*) { return PyLong_FromLong(array_in(o).ndim()); }, nullptr, "number of dimensions",
     nullptr},
    {"size", [](PyObject* o, void*) { return PyLong_FromLongLong(array_in(o).size()); }, nullptr, "number of elements",
     nullptr},
    {"offset", [](PyObject* o, void*) { return PyLong_FromLongLong(array_in(o).offset()); }, nullptr,
     "of the first element in the storage, in elements", nullptr},
    {"version", [](PyObject* o, void*) { return PyLong_FromUnsignedLong(array_in(o).storage()->version); }, nullptr,
     "how often the storage was written in place", nullptr},
    {"owners", [](PyObject* o, void*) { return PyLong_FromLong(array_in(o).storage().use_count()); }, nullptr,
     "how many arrays share the storage", nullptr},
    {"is_dense", [](PyObject* o, void*) { return PyBool_FromLong(array_in(o).is_dense()); }, nullptr,
     "no gaps, and no element twice", nullptr},
    {"is_contiguous", [](PyObject* o, void*) { return PyBool_FromLong(array_in(o).is_contiguous()); }, nullptr,
     "row-major", nullptr},
    {"is_channels_last", [](PyObject* o, void*) { return PyBool_FromLong(array_in(o).is_channels_last()); }, nullptr,
     "4-d, NHWC in memory", nullptr},
    {},
};

PyGetSetDef dtype_attributes[] = {
    {"itemsize", of_dtype<itemsize>, nullptr, "bytes of an element", nullptr},
    {"is_floating_point", of_dtype<is_floating_point>, nullptr, "float16, bfloat16, float32 or float64", nullptr},
};

void free_array(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  array_in(o).~Array();
  type->tp_free(o);
  Py_DECREF(type);
}

PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(free_array)}, {Py_tp_getset, array_attributes}, {}};
PyType_Spec spec{.name = "dlcore._C.Array",
                 .basicsize = sizeof(ArrayObject),
                 .itemsize = 0,
                 .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                 .slots = slots};

}  // namespace

void bind_types(py::module_& m) {
  py::enum_<DType> dtype(m, "DType");
  dtype.value("bool", DType::b8)
      .value("uint8", DType::u8)
      .value("int32", DType::i32)
      .value("int64", DType::i64)
      .value("float16", DType::f16)
      .value("bfloat16", DType::bf16)
      .value("float32", DType::f32)
      .value("float64", DType::f64);
  dtype_type = reinterpret_cast<PyTypeObject*>(dtype.ptr());
  for (int i = 0; i < dl::kDTypes; ++i) dtype_objects[i] = dtype.attr(dl::name(static_cast<DType>(i))).ptr();
  for (PyGetSetDef& a : dtype_attributes)
    dtype.attr(a.name) = py::reinterpret_steal<py::object>(PyDescr_NewGetSet(dtype_type, &a));
  // With anything else a dtype compares as unequal; as an argument, what is no dtype raises.
  def(dtype, "__eq__", [](DType a, const py::object& b) { return dtype_index(b.ptr()) == static_cast<int>(a); });
  def(dtype, "__ne__", [](DType a, const py::object& b) { return dtype_index(b.ptr()) != static_cast<int>(a); });
  def(dtype, "__repr__", [](DType t) { return std::string("dlcore.") + dl::name(t); });
  def(dtype, "__str__", [](DType t) { return dl::name(t); });

  const auto array = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  array_type = reinterpret_cast<PyTypeObject*>(array.ptr());
  m.attr("Array") = array;
}
