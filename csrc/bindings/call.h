// A C++ function as a Python one: pybind11's casters without its dispatcher. No op has overloads or keywords, and
// looking for them was a tenth of a call's instructions. A wrong argument is explained by dlcore/mistakes.py, after the
// fact.
#pragma once
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "bindings/bind.h"
#include "bindings/convert.h"

using FastCall = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);
inline PyCFunction fast_call(FastCall f) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f)); }

inline PyObject *shape_error, *dtype_error;  // dlcore.ShapeError and DTypeError

// What Python sees of a function; lives as long as the module.
struct Function {
  std::string name, doc;
  std::vector<std::string> types;    // of the arguments, as the stub spells them
  std::vector<py::object> defaults;  // of the last arguments
  PyMethodDef method{};
};

// Each sets a Python error and returns null: for arguments that no caster took, and for the exception in flight.
PyObject* refuse(const Function& f, PyObject* const* args, Py_ssize_t n);
PyObject* raise_exception();
PyObject* not_a_tensor(PyObject* x);                          // likewise, for x where an op needs a Tensor
Py_ssize_t slot_of(const py::handle& cls, const char* name);  // where instances keep what __slots__ names
// Gives `f`, called by `call`, to a module or, as a method, to a type.
void add_function(const py::handle& scope, Function* f, FastCall call, const std::string& result);
// A caster's name of a type in words: '%' stands for a class, @…@…@ for a name as an argument and as a result.
std::string spell(const char* text, const std::type_info* const* types, bool argument);

template <class A>
std::string argument_type() {
  using Caster = py::detail::make_caster<A>;
  if (std::is_same_v<py::detail::intrinsic_t<A>, dl::Array>) return std::is_pointer_v<A> ? "Array | None" : "Array";
  return spell(Caster::name.text, Caster::name.types().data(), true);
}

template <class R>
std::string result_type() {
  if constexpr (std::is_void_v<R>) {
    return "None";
  } else {
    using Caster = py::detail::make_caster<R>;
    return spell(Caster::name.text, Caster::name.types().data(), false);
  }
}

template <class F, class R, class... A>
struct Bound : Function {
  F f;

  static PyObject* call(PyObject* self, PyObject* const* args, Py_ssize_t n) {
    const auto& b = *static_cast<const Bound*>(static_cast<Function*>(PyCapsule_GetPointer(self, nullptr)));
    return b.run(args, n, std::index_sequence_for<A...>());
  }

 private:
  template <class T>
  static bool load(py::detail::make_caster<T>& caster, PyObject* arg) {
    using Value = py::detail::intrinsic_t<T>;
    constexpr bool must_be = std::is_same_v<Value, dl::Array> && !std::is_pointer_v<T>;
    constexpr bool convert = !std::is_integral_v<Value> || std::is_same_v<Value, bool>;  // not NumPy's 1.5 to 1
    return !(must_be && arg == Py_None) && caster.load(arg, convert);
  }

  template <size_t... I>
  PyObject* run(PyObject* const* args, Py_ssize_t n, std::index_sequence<I...>) const {
    constexpr Py_ssize_t kArgs = sizeof...(A);
    const auto missing = static_cast<size_t>(kArgs - n);
    if (n > kArgs || missing > defaults.size()) return refuse(*this, args, n);
    [[maybe_unused]] const auto given = [&](Py_ssize_t i) {
      return i < n ? args[i] : defaults[defaults.size() - static_cast<size_t>(kArgs - i)].ptr();
    };
    try {
      std::tuple<py::detail::make_caster<A>...> casters;
      if (!(load<A>(std::get<I>(casters), given(I)) && ...)) return refuse(*this, args, n);
      if constexpr (std::is_void_v<R>) {
        std::invoke(f, py::detail::cast_op<A>(std::move(std::get<I>(casters)))...);
        return Py_NewRef(Py_None);
      } else {
        return py::detail::make_caster<R>::cast(
                   std::invoke(f, py::detail::cast_op<A>(std::move(std::get<I>(casters)))...),
                   py::return_value_policy::move, py::handle())
            .ptr();
      }
    } catch (const py::reference_cast_error&) {  // a None inside a list
      return refuse(*this, args, n);
    } catch (...) {
      return raise_exception();
    }
  }
};

template <class R, class F, class... A, class... D>
void add_bound(const py::handle& scope, const char* name, F f, std::tuple<A...>*, D... defaults) {
  using B = Bound<F, R, A...>;
  auto* b = new B;
  b->f = f;
  b->name = name;
  b->types = {argument_type<A>()...};
  b->defaults = {py::cast(defaults)...};
  add_function(scope, b, &B::call, result_type<R>());
}

// def(m, "relu_fwd", &dl::relu_fwd), with the last arguments' defaults behind it; or a lambda without captures.
template <class R, class... A, class... D>
void def(const py::handle& scope, const char* name, R (*f)(A...), D... defaults) {
  add_bound<R>(scope, name, f, static_cast<std::tuple<A...>*>(nullptr), defaults...);
}
template <class R, class C, class... A>
void def(const py::handle& scope, const char* name, R (C::*f)(A...) const) {
  add_bound<R>(scope, name, f, static_cast<std::tuple<const C&, A...>*>(nullptr));
}
template <class L, class... D>
  requires requires(L f) { +f; }
void def(const py::handle& scope, const char* name, L f, D... defaults) {
  def(scope, name, +f, defaults...);
}
