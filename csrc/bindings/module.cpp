#include "bindings/bind.h"
#include "bindings/call.h"
#include "core/error.h"
#include "core/parallel.h"

namespace {

// Called with the GIL released by parallel_for, on the thread that called the op. True leaves KeyboardInterrupt (or
// what the signal handler raised) set on this thread.
bool interrupted() {
  const PyGILState_STATE state = PyGILState_Ensure();
  const bool raised = PyErr_CheckSignals() != 0;
  PyGILState_Release(state);
  return raised;
}

PyObject *device_error, *memory_error;

// Sets the Python error of one of the core's exceptions; any other goes on.
void translate(const std::exception_ptr& p) {
  try {
    std::rethrow_exception(p);
  } catch (const dl::ShapeError& e) {
    PyErr_SetString(shape_error, e.what());
  } catch (const dl::DTypeError& e) {
    PyErr_SetString(dtype_error, e.what());
  } catch (const dl::DeviceError& e) {
    PyErr_SetString(device_error, e.what());
  } catch (const dl::OutOfMemory& e) {
    PyErr_SetString(memory_error, e.what());
  } catch (const dl::IndexError& e) {
    PyErr_SetString(PyExc_IndexError, e.what());
  } catch (const dl::ValueError& e) {
    PyErr_SetString(PyExc_ValueError, e.what());
  } catch (const dl::Interrupted&) {
    if (!PyErr_Occurred()) PyErr_SetNone(PyExc_KeyboardInterrupt);
  }
}

void name_errors(py::module_& m) {
  static py::exception<dl::ShapeError> shape(m, "ShapeError", PyExc_ValueError);
  static py::exception<dl::DTypeError> dtype(m, "DTypeError", PyExc_TypeError);
  static py::exception<dl::DeviceError> device(m, "DeviceError", PyExc_RuntimeError);
  static py::exception<dl::OutOfMemory> memory(m, "OutOfMemory", PyExc_MemoryError);
  shape_error = shape.ptr(), dtype_error = dtype.ptr(), device_error = device.ptr(), memory_error = memory.ptr();
  shape.doc() = "Shapes that do not fit: a ValueError. The text names the op, the rule and every shape.";
  dtype.doc() = "A dtype that an op does not take: a TypeError. The text names the conversion that helps.";
  device.doc() = "Tensors on different devices, or a device that is not there: a RuntimeError.";
  memory.doc() = "Memory for a tensor could not be had: a MemoryError. Nothing has changed.";
  py::register_exception_translator([](std::exception_ptr p) {  // of properties and enums, which pybind11 calls
    if (p) translate(p);
  });
}

}  // namespace

PyObject* raise_exception() {
  try {
    translate(std::current_exception());
  } catch (py::error_already_set& e) {
    e.restore();
  } catch (const py::builtin_exception& e) {
    e.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  }
  return nullptr;
}

PYBIND11_MODULE(_C, m) {
  dl::set_host_hooks({.release = [] { return static_cast<void*>(PyEval_SaveThread()); },
                      .acquire = [](void* state) { PyEval_RestoreThread(static_cast<PyThreadState*>(state)); },
                      .interrupted = interrupted});
  name_errors(m);
  bind_types(m);
  bind_call(m);
  bind_array(m);
  bind_autograd(m);
  bind_runtime(m);
  bind_activation(m);
  bind_attention(m);
  bind_conv2d(m);
  bind_copy(m);
  bind_dropout(m);
  bind_elementwise(m);
  bind_embedding(m);
  bind_index(m);
  bind_loss(m);
  bind_maths(m);
  bind_matmul(m);
  bind_norm(m);
  bind_optim(m);
  bind_pool2d(m);
  bind_reduce(m);
  bind_profile(m);
  bind_resample(m);
  bind_random(m);
  bind_rnn(m);
  bind_scan(m);
  bind_softmax_xent(m);
  bind_stft(m);
  bind_sort(m);
}
