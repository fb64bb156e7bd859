// The profiler's record, and the names of the ops that it belongs to.
#include "core/profile.h"

#include <set>
#include <unordered_map>

#include "bindings/call.h"

namespace {

struct Function {
  const char *name, *folder;
  bool op, named;  // in dlcore/ops; not a helper's name
};

const char* lasting(const std::string& text) {
  static auto* texts = new std::set<std::string>;
  return texts->insert(text).first->c_str();
}

// Remembered by code object, which is kept alive for it.
const Function& function_of(PyFrameObject* frame) {
  static auto* known = new std::unordered_map<PyCodeObject*, Function>;
  PyCodeObject* code = PyFrame_GetCode(frame);
  if (const auto at = known->find(code); at != known->end()) {
    Py_DECREF(code);
    return at->second;
  }
  const py::handle object(reinterpret_cast<PyObject*>(code));
  const std::string file = object.attr("co_filename").cast<std::string>();
  const std::string name = object.attr("co_qualname").cast<std::string>(), folder = file.substr(0, file.rfind('/'));
  const Function f{.name = lasting(name),
                   .folder = lasting(folder),
                   .op = folder.ends_with("/dlcore/ops"),
                   .named = name[name.rfind('.') + 1] != '_'};
  return known->emplace(code, f).first->second;
}

// What asked for a kernel, among the functions of one folder from the one that called into this module outwards: in
// ops the last (`conv1d`, which calls `conv2d`; `conv2d_backward`), else the first that is no helper
// (`Optimizer.step`, `BatchNorm.forward`). Null without the GIL.
const char* calling_function() {
  if (!PyGILState_Check()) return nullptr;
  PyFrameObject* frame = PyEval_GetFrame();
  if (!frame) return nullptr;
  Py_INCREF(frame);
  Function found = function_of(frame);
  while (found.op || !found.named) {
    PyFrameObject* outer = PyFrame_GetBack(frame);
    if (!outer) break;
    Py_DECREF(frame);
    frame = outer;
    const Function f = function_of(frame);
    if (f.folder != found.folder) break;
    if (f.named) found = f;
  }
  Py_DECREF(frame);
  return found.name;
}

py::dict snapshot() {
  const dl::ProfileSnapshot s = dl::profile_snapshot();
  py::dict totals, choices;  // (kernel, op) -> calls, seconds, flops, bytes; (kernel, declined, why) -> times
  const auto op = [&](int32_t i) { return i < 0 ? std::string() : s.ops[static_cast<size_t>(i)]; };
  for (const dl::ProfileTotal& t : s.totals)
    totals[py::make_tuple(t.kernel, op(t.op))] = py::make_tuple(t.calls, t.seconds, t.flops, t.bytes);
  for (const dl::ProfileChoice& c : s.choices) choices[py::make_tuple(c.kernel, c.declined, c.why)] = c.times;
  py::dict d;
  d["time"] = s.time;
  d["busy"] = s.busy;
  d["kept"] = s.kept;
  d["lost"] = s.lost;
  d["totals"] = totals;
  d["choices"] = choices;
  d["ops"] = s.ops;
  return d;
}

py::bytes events(uint64_t first, uint64_t end) {
  const std::vector<dl::ProfileEvent> e = dl::profile_events(first, end);
  return py::bytes(reinterpret_cast<const char*>(e.data()), e.size() * sizeof(dl::ProfileEvent));
}

}  // namespace

void bind_profile(py::module_& m) {
  dl::set_caller_hook(calling_function);
  def(m, "profile_open", &dl::open_profile);
  def(m, "profile_close", &dl::close_profile);
  def(m, "profile_snapshot", &snapshot);
  def(m, "profile_events", &events);  // records of ProfileEvent, as profiler.py names their fields
}
