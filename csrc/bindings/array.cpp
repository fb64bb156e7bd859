#include <pybind11/numpy.h>

#include "bindings/call.h"
#include "blocks/copy/copy.h"
#include "core/device.h"

namespace {

using dl::Array;
using dl::Device;
using dl::Dims;
using dl::DType;

py::dtype numpy_dtype(DType t) {
  DL_CHECK(t != DType::bf16, dl::DTypeError, "numpy: NumPy has no bfloat16; convert with .float() first");
  static constexpr const char* codes[] = {"?", "u1", "i4", "i8", "f2", "", "f4", "f8"};
  return py::dtype(codes[static_cast<int>(t)]);
}

DType dtype_of(const py::dtype& d) {
  for (int i = 0; i < dl::kDTypes; ++i)
    if (const auto t = static_cast<DType>(i); t != DType::bf16 && numpy_dtype(t).equal(d)) return t;
  throw dl::DTypeError(
      dl::join("tensor: NumPy dtype ", py::str(d).cast<std::string>(),
               " has no counterpart; convert to float32, float64, float16, int64, int32, uint8 or bool"));
}

void drop_reference(void* object) {
  if (!Py_IsInitialized()) return;  // at exit the interpreter frees it
  const py::gil_scoped_acquire gil;
  Py_DECREF(static_cast<PyObject*>(object));
}

// Shares memory with `x`, which must be writable, aligned and a whole number of elements apart.
Array from_numpy(const py::array& x) {
  const DType t = dtype_of(x.dtype());
  DL_CHECK(x.ndim() <= dl::kMaxDims, dl::ShapeError, "from_numpy: the array has ", x.ndim(), " dimensions; at most ",
           dl::kMaxDims, " are supported");
  DL_CHECK(x.writeable(), dl::ValueError,
           "from_numpy: the array is read-only and a tensor would share its memory; use dl.tensor(x), which copies");
  Dims shape, strides;
  const auto item = static_cast<int64_t>(dl::itemsize(t));
  for (py::ssize_t i = 0; i < x.ndim(); ++i) {
    shape.push_back(x.shape(i));
    DL_CHECK(x.strides(i) % item == 0, dl::ValueError,
             "from_numpy: strides are not whole elements; use dl.tensor(x), which copies");
    strides.push_back(x.strides(i) / item);
  }
  DL_CHECK(reinterpret_cast<uintptr_t>(x.data()) % static_cast<uintptr_t>(item) == 0, dl::ValueError,
           "from_numpy: the data is not aligned to its element size; use dl.tensor(x), which copies");
  Py_INCREF(x.ptr());
  auto storage = std::make_shared<dl::Storage>(const_cast<void*>(x.data()), static_cast<size_t>(x.nbytes()),
                                               drop_reference, x.ptr());
  return Array(std::move(storage), shape, strides, 0, t);
}

py::array to_numpy(const Array& a) {
  DL_CHECK(a.device() == Device::cpu, dl::DeviceError,
           "numpy: the tensor is on cuda and NumPy reads host memory; use .cpu().numpy()");
  std::vector<py::ssize_t> shape(a.shape().begin(), a.shape().end()), strides;
  for (int64_t s : a.strides()) strides.push_back(s * static_cast<py::ssize_t>(dl::itemsize(a.dtype())));
  auto* keep = new std::shared_ptr<dl::Storage>(a.storage());
  const py::capsule owner(keep, [](void* p) { delete static_cast<std::shared_ptr<dl::Storage>*>(p); });
  return py::array(numpy_dtype(a.dtype()), shape, strides, a.raw(), owner);
}

py::object item(const Array& a) {
  DL_CHECK(a.size() == 1, dl::ShapeError, "item: needs a tensor of one element, got shape ", a.shape(),
           "; use .tolist() or reduce it first");
  const Array host = dl::to_device(a, Device::cpu);
  const Array x = dl::is_half(host.dtype()) ? dl::convert(host, DType::f32) : host;
  switch (x.dtype()) {
    case DType::b8:
      return py::bool_(*x.data<bool>());
    case DType::u8:
      return py::int_(*x.data<uint8_t>());
    case DType::i32:
      return py::int_(*x.data<int32_t>());
    case DType::i64:
      return py::int_(*x.data<int64_t>());
    case DType::f16:
    case DType::bf16:
    case DType::f32:
      return py::float_(static_cast<double>(*x.data<float>()));
    case DType::f64:
      return py::float_(*x.data<double>());
  }
  return py::none();
}

Array apply_slice(const Array& x, int dim, PyObject* slice) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(slice, &start, &stop, &step) < 0) throw py::error_already_set();
  const Py_ssize_t length = PySlice_AdjustIndices(x.shape(dim), &start, &stop, step);
  DL_CHECK(step > 0, dl::ValueError, "slice: the step must be positive, got ", step, "; use flip to reverse");
  return x.slice(dim, start, length, step);
}

bool is_number(const py::handle k) { return PyLong_Check(k.ptr()) && !PyBool_Check(k.ptr()); }

// A key that picks elements, not a view: a bool, a list, a tensor or NumPy array of bools or of some dimensions.
bool picks(const py::handle k) {
  if (is_number(k) || PySlice_Check(k.ptr()) || k.is_none() || k.ptr() == Py_Ellipsis) return false;
  if (PyBool_Check(k.ptr()) || PyList_Check(k.ptr()) || PyTuple_Check(k.ptr())) return true;
  return py::hasattr(k, "ndim") && (k.attr("ndim").cast<int>() || py::str(k.attr("dtype")).equal(py::str("bool")));
}

// Basic indexing: ints, slices, None and one Ellipsis; always a view. None where a key picks elements.
py::object basic_index(const Array& a, const py::object& key) {
  const py::tuple keys = py::isinstance<py::tuple>(key) ? py::reinterpret_borrow<py::tuple>(key) : py::make_tuple(key);
  int named = 0, ellipses = 0;
  for (const py::handle k : keys) {
    if (picks(k)) return py::none();
    if (k.ptr() == Py_Ellipsis)
      ++ellipses;
    else if (!k.is_none())
      ++named;
  }
  DL_CHECK(ellipses <= 1, dl::IndexError, "index: only one ... may be given");
  DL_CHECK(named <= a.ndim(), dl::IndexError, "index: ", named, " indices for a tensor of shape ", a.shape());
  Array x = a;
  int dim = 0, axis = 0;  // of x, and of a
  for (const py::handle k : keys) {
    if (k.ptr() == Py_Ellipsis) {
      dim += a.ndim() - named;
      axis += a.ndim() - named;
    } else if (k.is_none()) {
      x = x.unsqueeze(dim++);
    } else if (PySlice_Check(k.ptr())) {
      x = apply_slice(x, dim++, k.ptr());
      ++axis;
    } else {
      DL_CHECK(PyIndex_Check(k.ptr()), dl::IndexError,
               "index: needs ints, slices, None, ..., or integers or bools in a ", "tensor, list or NumPy array; got ",
               Py_TYPE(k.ptr())->tp_name);
      const int64_t n = a.shape(axis), i = PyNumber_AsSsize_t(k.ptr(), nullptr);  // cut off at 64 bits
      if (i == -1 && PyErr_Occurred()) throw py::error_already_set();
      DL_CHECK(i >= -n && i < n, dl::IndexError, "index ",
               py::str(py::int_(py::reinterpret_borrow<py::object>(k))).cast<std::string>(),
               " is out of range for dimension ", axis, " of size ", n, "; shape ", a.shape());
      x = x.select(dim, i);
      ++axis;
    }
  }
  return py::cast(x);
}

bool alike(const Array& a, const Array& b) { return a.dtype() == b.dtype() && a.shape() == b.shape(); }

// Of ops/operand.py: nothing, or a shape and a dtype.
py::object like(const Array& y, const Array& a) {
  if (alike(y, a)) return py::none();
  return py::make_tuple(a.shape(), a.dtype());
}

}  // namespace

void bind_array(py::module_& m) {
  const py::object array = m.attr("Array");
  def(array, "item", &item);
  def(array, "numpy", &to_numpy);
  def(array, "bump_version", &Array::bump_version);
  def(array, "permute", &Array::permute);
  def(array, "transpose", &Array::transpose);
  def(array, "expand", &Array::expand);
  def(array, "view", &Array::view);
  def(array, "view_as", &Array::view_as);
  def(array, "index", &basic_index);
  def(array, "slice", &Array::slice);
  def(array, "select", &Array::select);
  def(array, "squeeze", &Array::squeeze);
  def(array, "unsqueeze", &Array::unsqueeze);

  def(m, "from_numpy", &from_numpy);
  def(m, "numpy_dtype", &numpy_dtype);
  def(m, "dtype_of", &dtype_of);
  def(m, "promote", &dl::promote);
  def(m, "check_fits", [](const char* op, DType t, const dl::Number& n) { dl::check_fits(op, t, n); });
  def(m, "alike", &alike);
  def(m, "like", &like);
  def(m, "empty", [](const Dims& shape, DType t) { return Array::empty(shape, t); });
  def(m, "empty_like", [](const Array& a) { return Array::empty_like(a); });
  def(m, "empty_strided",
      [](const Dims& shape, const Dims& strides, DType t) { return Array::empty_strided(shape, strides, t); });
}
