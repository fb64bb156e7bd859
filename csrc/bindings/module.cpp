#include "bindings/bind.h"
#include "bindings/convert.h"
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

// The Python function that called into this module, as its caller knows it: `add`, `Linear`.
std::string calling_op() {
  PyFrameObject* frame = PyEval_GetFrame();
  if (!frame) return "dlcore";
  const auto code = py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
  std::string name = code.attr("co_qualname").cast<std::string>();
  if (const size_t at = name.rfind(".__init__"); at != std::string::npos) name.erase(at);
  if (const size_t at = name.rfind('.'); at != std::string::npos) name.erase(0, at + 1);
  return name.substr(name.find_first_not_of('_') == std::string::npos ? 0 : name.find_first_not_of('_'));
}

void translate_errors(py::module_& m) {
  static py::exception<dl::ShapeError> shape(m, "ShapeError", PyExc_ValueError);
  static py::exception<dl::DTypeError> dtype(m, "DTypeError", PyExc_TypeError);
  static py::exception<dl::DeviceError> device(m, "DeviceError", PyExc_RuntimeError);
  static py::exception<dl::OutOfMemory> memory(m, "OutOfMemory", PyExc_MemoryError);
  shape.doc() = "Shapes that do not fit: a ValueError. The text names the op, the rule and every shape.";
  dtype.doc() = "A dtype that an op does not take: a TypeError. The text names the conversion that helps.";
  device.doc() = "Tensors on different devices, or a device that is not there: a RuntimeError.";
  memory.doc() = "Memory for a tensor could not be had: a MemoryError. Nothing has changed.";
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const BadArgument& e) {
      py::set_error(dtype, (calling_op() + ": " + e.text).c_str());
    } catch (const dl::ShapeError& e) {
      py::set_error(shape, e.what());
    } catch (const dl::DTypeError& e) {
      py::set_error(dtype, e.what());
    } catch (const dl::DeviceError& e) {
      py::set_error(device, e.what());
    } catch (const dl::OutOfMemory& e) {
      py::set_error(memory, e.what());
    } catch (const dl::IndexError& e) {
      py::set_error(PyExc_IndexError, e.what());
    } catch (const dl::ValueError& e) {
      py::set_error(PyExc_ValueError, e.what());
    } catch (const dl::Interrupted&) {
      if (!PyErr_Occurred()) py::set_error(PyExc_KeyboardInterrupt, "");
    }
  });
}

}  // namespace

PYBIND11_MODULE(_C, m) {
  dl::set_host_hooks({.release = [] { return static_cast<void*>(PyEval_SaveThread()); },
                      .acquire = [](void* state) { PyEval_RestoreThread(static_cast<PyThreadState*>(state)); },
                      .interrupted = interrupted});
  translate_errors(m);
  bind_array(m);
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
  bind_mistakes(m);
}
