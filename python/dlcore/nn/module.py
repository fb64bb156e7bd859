"""Module: the base class of every layer and model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dlcore import _C, devices
from dlcore.nn import checks, hooks, state
from dlcore.nn.hooks import ModuleHooks
from dlcore.nn.parameter import Parameter
from dlcore.tensor import Tensor

if TYPE_CHECKING:
    from dlcore.nn.summary import Summary


class Module:
    """A layer or a model: parameters, buffers and other Modules, found by assignment.

    >>> from dlcore import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc = nn.Linear(2, 1)
    ...     def forward(self, x):
    ...         return self.fc(x)
    >>> [name for name, _ in Net().named_parameters()]
    ['fc.weight', 'fc.bias']
    """

    training: bool
    _hooks: ModuleHooks | None = None

    def __init__(self) -> None:
        self.__dict__.update(_parameters={}, _buffers={}, _modules={}, _transient=set(), training=True)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward(); define what it computes")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return self._hooks.call(self, args, kwargs)
        except AttributeError as error:
            checks.not_a_tensor(self, error)
            raise

    # ---- attributes: parameters, buffers and modules live in their own dictionaries
    def __setattr__(self, name: str, value: Any) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__}: call super().__init__() before assigning {name!r}")
        if isinstance(value, Parameter):
            self._forget(name, self._parameters)
            self._parameters[name] = value
        elif isinstance(value, Module):
            checks.outside(self, name, value)
            self._forget(name, self._modules)
            self._modules[name] = value
        elif name in self._parameters:
            if value is not None:
                raise TypeError(f"{type(self).__name__}.{name} is a parameter; assign an nn.Parameter or None")
            self._parameters[name] = None
        elif name in self._buffers:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(f"{type(self).__name__}.{name} is a buffer; assign a Tensor or None")
            self._buffers[name] = value
        elif name in self._modules and value is None:
            self._modules[name] = None
        else:
            self._forget(name)
            object.__setattr__(self, name, value)

    def _forget(self, name: str, but: dict | None = None) -> None:  # in `but` a new value takes the old one's place
        for kind in (self.__dict__, self._parameters, self._buffers, self._modules):
            if kind is not but:
                kind.pop(name, None)
        self._transient.discard(name)

    def __getattr__(self, name: str) -> Any:
        for kind in ("_parameters", "_buffers", "_modules"):
            found = self.__dict__.get(kind, {})
            if name in found:
                return found[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        if not any(name in k for k in (self.__dict__, self._parameters, self._buffers, self._modules)):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        self._forget(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _register(self, kind: str, name: str, value: Any, cls: type) -> None:
        own = type(self).__name__
        if not name or "." in name:
            raise KeyError(f'{own}: a {kind} needs a name without dots, got "{name}"')
        if name not in self.__dict__["_" + kind + "s"] and hasattr(self, name):
            raise KeyError(f"{own}: the name {name!r} of the {kind} is taken by another attribute")
        if value is not None and not isinstance(value, cls):
            raise TypeError(f"{own}: {kind} {name!r} must be a {cls.__name__} or None, got {type(value).__name__}")
        self.__dict__["_" + kind + "s"][name] = checks.outside(self, name, value)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter by name; None keeps its place, as a Linear's bias that was not asked for."""
        self._register("parameter", name, param, Parameter)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that moves with the model but is not trained, as batch norm's running mean.

        It is saved in the state_dict unless ``persistent=False``.
        """
        self._register("buffer", name, tensor, Tensor)
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Adds a module by name, as assigning it to an attribute does."""
        self._register("module", name, module, Module)

    register_module = add_module

    # ---- walking
    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once unless ``remove_duplicate=False``."""
        return self._named_modules(prefix, set() if remove_duplicate else None)

    def _named_modules(self, prefix: str, seen: set[int] | None) -> Iterator[tuple[str, Module]]:
        if seen is not None:
            if id(self) in seen:
                return
            seen.add(id(self))
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child._named_modules(f"{prefix}.{name}" if prefix else name, seen)

    def modules(self) -> Iterator[Module]:
        return (m for _, m in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below, each once."""
        seen: set[int] = set()
        for name, m in self._modules.items():
            if m is not None and id(m) not in seen:
                seen.add(id(m))
                yield name, m

    def children(self) -> Iterator[Module]:
        return (m for _, m in self.named_children())

    def _named(self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in getattr(module, kind).items():
                if value is not None and not (remove_duplicate and id(value) in seen):
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Each parameter once, also where two modules share it; ``recurse=False`` gives only this module's own."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        return (b for _, b in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module of a dotted name; "" is this one. AttributeError names the part that is missing."""
        found = self
        for i, name in enumerate(target.split(".") if target else []):
            below = found._modules.get(name)
            if below is None:
                path = ".".join(target.split(".")[:i]) or "the model"
                names = ", ".join(found._modules) or "nothing"
                raise AttributeError(f"get_submodule({target!r}): {path} has no module {name!r}; it has {names}")
            found = below
        return found

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of a dotted name."""
        return self._get("_parameters", "parameter", target)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of a dotted name."""
        return self._get("_buffers", "buffer", target)

    def _get(self, kind: str, word: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        values = getattr(self.get_submodule(path), kind)
        if values.get(name) is None:
            raise AttributeError(f"get_{word}({target!r}): no such {word}; there is {', '.join(values) or 'none'}")
        return values[name]

    # ---- mode and gradients
    def train(self, mode: bool = True) -> Module:
        """Sets training mode here and below: batch norm and dropout behave differently in it."""
        checks.flag(self, mode=mode)
        for m in self.modules():
            object.__setattr__(m, "training", mode)
        return self

    def eval(self) -> Module:
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets every parameter's gradient, or with ``set_to_none=False`` fills it with zeros in place."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                _C.fill_(p.grad.array, 0)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Freezes every parameter with False, thaws it with True."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def apply(self, fn: Callable[[Module], Any]) -> Module:
        """Calls ``fn(module)`` on every module below, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # ---- dtypes and devices
    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Module:
        """Replaces the memory of every parameter, gradient and buffer by that of ``fn(tensor)``; they stay themselves,
        and an optimizer that holds them goes on."""
        for x in (*self.parameters(), *self.buffers()):
            x.array = fn(x.detach()).array
            if x.grad is not None:
                x.grad.array = fn(x.grad.detach()).array
        return self

    def to(self, *args: Any, dtype: _C.DType | None = None, device: str | None = None) -> Module:
        """Moves parameters, gradients and buffers, in place: to another device all, to another dtype floating ones."""
        dtype, device = devices.target(args, dtype, device)
        if dtype is not None and not dtype.is_floating_point:
            raise TypeError(f"{type(self).__name__}.to: parameters need a floating dtype, got {dtype}")
        return self._apply(lambda x: x.to(dtype=dtype if x.is_floating_point() else None, device=device))

    def cpu(self) -> Module:
        return self.to("cpu")

    def cuda(self) -> Module:
        return self.to("cuda")

    def float(self) -> Module:
        return self.to(_C.DType.float32)

    def double(self) -> Module:
        return self.to(_C.DType.float64)

    def half(self) -> Module:
        """As float16: for storage; layers compute in bfloat16, float32 and float64."""
        return self.to(_C.DType.float16)

    def bfloat16(self) -> Module:
        """As bfloat16, where half the bytes count; to train, ``dl.autocast`` keeps the parameters in float32."""
        return self.to(_C.DType.bfloat16)

    # ---- hooks
    register_forward_pre_hook = hooks.register_forward_pre_hook
    register_forward_hook = hooks.register_forward_hook
    register_full_backward_hook = hooks.register_full_backward_hook

    # ---- saving
    state_dict = state.state_dict
    load_state_dict = state.load_state_dict

    # ---- printing
    def summary(self, *inputs: Any, dtype: _C.DType = _C.DType.float32) -> Summary:
        """``nn.summary`` of this model: a table of its layers' output shapes and parameters."""
        from dlcore.nn.summary import summary

        return summary(self, *inputs, dtype=dtype)

    def extra_repr(self) -> str:
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self._modules.items()]
        name = type(self).__name__
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{name}({self.extra_repr()})"


hooks.name_layers_in_errors(Module)
