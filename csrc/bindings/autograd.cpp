// What every op ends in, python/dlcore/autograd/graph.py's record(): the classes are Python's, and their slots are
// filled here, since running their initialisers took more than half of a recorded call.
//
// Python can delete any slot, and set most to anything: one that is read as an Array, a tuple or a number is looked at
// first, and one that is handed on may be null.
#include "bindings/call.h"
#include "core/error.h"

namespace {

struct TensorSlots {  // where an instance keeps what its class names in __slots__
  Py_ssize_t array, grad, node, needs_grad, hooks;
} tensor;
struct NodeSlots {
  Py_ssize_t rule, inputs, saved, attrs, sequence, version, hooks;
} node;
PyTypeObject* node_type;
PyObject* make;  // builds a result while a watch is on (autograd/watch.py), else null
PyObject* empty_tuple;
thread_local bool recording = true;
long long sequence = 0;

PyObject* type_error(const char* text) {
  PyErr_SetString(PyExc_TypeError, text);
  return nullptr;
}

// `made` is a Node or null.
PyObject* new_tensor(PyObject* array, PyObject* made) {
  if (Py_TYPE(array) != array_type || !node_type) return type_error("record: the result is an Array");
  if (make) {
    const auto function = py::reinterpret_borrow<py::object>(make);  // the watch may end meanwhile
    return PyObject_CallFunctionObjArgs(function.ptr(), array, made ? Py_True : Py_False, made ? made : Py_None,
                                        nullptr);
  }
  PyObject* y = tensor_type->tp_alloc(tensor_type, 0);
  if (!y) return nullptr;
  slot(y, tensor.array) = Py_NewRef(array);
  slot(y, tensor.grad) = Py_NewRef(Py_None);
  slot(y, tensor.needs_grad) = Py_NewRef(made ? Py_True : Py_False);
  slot(y, tensor.node) = Py_NewRef(made ? made : Py_None);
  slot(y, tensor.hooks) = Py_NewRef(Py_None);
  return y;
}

// The sum of the version counters; false, with an error, for what is no tuple of Arrays.
bool add_versions(PyObject* saved, unsigned long* sum) {
  *sum = 0;
  bool arrays = saved && PyTuple_Check(saved);
  for (Py_ssize_t i = 0; arrays && i < PyTuple_GET_SIZE(saved); ++i) {
    PyObject* a = PyTuple_GET_ITEM(saved, i);
    arrays = Py_TYPE(a) == array_type;
    if (arrays) *sum += array_in(a).storage()->version;
  }
  if (!arrays) type_error("Node: saved values are a tuple of Arrays");
  return arrays;
}

PyObject* new_node(PyObject* rule, PyObject* edges, PyObject* saved, PyObject* attrs) {
  if (!node_type) return type_error("Node: dlcore is not imported");
  unsigned long version;
  if (!add_versions(saved, &version)) return nullptr;
  PyObject* n = node_type->tp_alloc(node_type, 0);
  if (!n) return nullptr;
  slot(n, node.rule) = Py_NewRef(rule);
  slot(n, node.inputs) = Py_NewRef(edges);
  slot(n, node.saved) = Py_NewRef(saved);
  slot(n, node.attrs) = Py_NewRef(attrs);
  slot(n, node.sequence) = PyLong_FromLongLong(sequence++);
  slot(n, node.version) = PyLong_FromUnsignedLong(version);
  slot(n, node.hooks) = Py_NewRef(Py_None);
  return n;
}

bool needs_grad(PyObject* x) { return slot(x, tensor.needs_grad) == Py_True; }

// For each input its Node, the leaf itself, or None. Null, with or without an error, where none needs a gradient.
PyObject* edges_of(PyObject* inputs) {
  const Py_ssize_t n = PyTuple_GET_SIZE(inputs);
  bool needed = false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* x = PyTuple_GET_ITEM(inputs, i);
    if (!is_tensor(x)) return not_a_tensor(x);
    needed |= needs_grad(x);
  }
  if (!needed) return nullptr;
  PyObject* edges = PyList_New(n);
  for (Py_ssize_t i = 0; edges && i < n; ++i) {
    PyObject* x = PyTuple_GET_ITEM(inputs, i);
    PyObject* from = slot(x, tensor.node);
    PyList_SET_ITEM(edges, i, Py_NewRef(!needs_grad(x) ? Py_None : from && from != Py_None ? from : x));
  }
  return edges;
}

PyObject* record(PyObject*, PyObject* const* args, Py_ssize_t n) {
  if (n < 3 || n > 5 || !PyTuple_Check(args[2])) return type_error("record: needs an Array, a rule and a tuple");
  const auto edges = py::reinterpret_steal<py::object>(recording ? edges_of(args[2]) : nullptr);
  if (!edges) return PyErr_Occurred() ? nullptr : new_tensor(args[0], nullptr);
  const auto made = py::reinterpret_steal<py::object>(
      new_node(args[1], edges.ptr(), n > 3 ? args[3] : empty_tuple, n > 4 ? args[4] : Py_None));
  return made ? new_tensor(args[0], made.ptr()) : nullptr;
}

PyObject* result_of(PyObject*, PyObject* const* args, Py_ssize_t n) {
  if (n != 2 || Py_TYPE(args[1]) != node_type) return type_error("result_of: needs an Array and a Node");
  return new_tensor(args[0], args[1]);
}

PyObject* make_node(PyObject*, PyObject* const* args, Py_ssize_t n) {
  if (n != 4 || !PyList_Check(args[1])) return type_error("Node: needs a rule, a list, a tuple of Arrays and attrs");
  return new_node(args[0], args[1], args[2], args[3]);
}

PyObject* unchanged(PyObject*, PyObject* n) {
  if (Py_TYPE(n) != node_type || !slot(n, node.version)) return type_error("unchanged: needs a Node that record made");
  unsigned long now;
  if (!add_versions(slot(n, node.saved), &now)) return nullptr;
  const unsigned long then = PyLong_AsUnsignedLong(slot(n, node.version));
  return PyErr_Occurred() ? nullptr : PyBool_FromLong(now == then);
}

PyObject* is_recording(PyObject*, PyObject*) { return PyBool_FromLong(recording); }

PyObject* set_recording(PyObject*, PyObject* on) {
  const bool before = recording;
  const int now = PyObject_IsTrue(on);
  if (now < 0) return nullptr;
  recording = now;
  return PyBool_FromLong(before);
}

constexpr const char* kBare = "grad: this tensor has no values; its class must call super().__init__(array)";

PyObject* get_grad(PyObject* x, void*) {
  PyObject* g = slot(x, tensor.grad);
  if (!g) PyErr_SetString(PyExc_AttributeError, kBare);
  return Py_XNewRef(g);
}

int set_grad(PyObject* x, PyObject* g, void*) {
  if (!g) g = Py_None;
  if (g != Py_None) {
    PyObject *mine = array_of(x), *its = is_tensor(g) ? array_of(g) : nullptr;
    if (!mine) return PyErr_SetString(PyExc_AttributeError, kBare), -1;
    if (!its) return PyErr_Format(PyExc_TypeError, "grad: must be a tensor or None, got %s", Py_TYPE(g)->tp_name), -1;
    const dl::Array &a = array_in(mine), &b = array_in(its);
    if (a.shape() != b.shape() || a.dtype() != b.dtype()) {
      const std::string line = dl::join("grad: must have its tensor's shape and dtype; grad=", b.shape(), " ",
                                        b.dtype(), ", tensor=", a.shape(), " ", a.dtype());
      PyErr_SetString(a.shape() != b.shape() ? shape_error : dtype_error, line.c_str());
      return -1;
    }
  }
  Py_XSETREF(slot(x, tensor.grad), Py_NewRef(g));
  return 0;
}

PyGetSetDef checked_grad = {"grad", get_grad, set_grad, "The gradient that backward() adds to, or None.", nullptr};

PyMethodDef node_functions[] = {
    {"record", fast_call(record), METH_FASTCALL,
     "record(array, rule, inputs, saved=(), attrs=None): what every op returns; see autograd/graph.py."},
    {"result_of", fast_call(result_of), METH_FASTCALL, "result_of(array, node): the Tensor of an Array and its Node."},
    {"make_node", fast_call(make_node), METH_FASTCALL, "make_node(rule, inputs, saved, attrs): a Node."},
    {"unchanged", unchanged, METH_O, "Whether no value that this Node saved was written to since."},
    {"recording", is_recording, METH_NOARGS, "Whether ops are recorded on this thread."},
    {"set_recording", set_recording, METH_O, "Turns recording on or off on this thread; returns how it was."},
    {}};

}  // namespace

void bind_autograd(py::module_& m) {
  empty_tuple = PyTuple_New(0);
  PyModule_AddFunctions(m.ptr(), node_functions);
  def(m, "bind_graph", [](const py::type& tensors, const py::type& nodes) {
    tensor = {slot_of(tensors, "array"), slot_of(tensors, "grad"), slot_of(tensors, "node"),
              slot_of(tensors, "needs_grad"), slot_of(tensors, "hooks")};
    node = {slot_of(nodes, "rule"),     slot_of(nodes, "inputs"),  slot_of(nodes, "saved"), slot_of(nodes, "attrs"),
            slot_of(nodes, "sequence"), slot_of(nodes, "version"), slot_of(nodes, "hooks")};
    node_type = reinterpret_cast<PyTypeObject*>(nodes.inc_ref().ptr());
    auto* const cls = reinterpret_cast<PyTypeObject*>(tensors.ptr());
    py::setattr(tensors, "grad", py::reinterpret_steal<py::object>(PyDescr_NewGetSet(cls, &checked_grad)));
  });
  // Lets function(array, requires_grad, node) build every op's result, or with None nothing; returns the one before.
  def(m, "make_with", [](const py::object& function) {
    py::object before = make ? py::reinterpret_steal<py::object>(make) : py::none();
    make = function.is_none() ? nullptr : function.inc_ref().ptr();
    return before;
  });
}
