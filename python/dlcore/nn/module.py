"""Module: the base class of every layer and model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dlcore import _C
from dlcore.autograd import no_grad
from dlcore.nn.parameter import Parameter
from dlcore.tensor import Tensor


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

    def __init__(self) -> None:
        self.__dict__.update(_parameters={}, _buffers={}, _modules={}, training=True)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward(); define what it computes")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    # ---- attributes: parameters, buffers and modules live in their own dictionaries
    def __setattr__(self, name: str, value: Any) -> None:
        kinds = self.__dict__.get("_parameters")
        if kinds is None:
            raise AttributeError(f"{type(self).__name__}: call super().__init__() before assigning {name!r}")
        if isinstance(value, Parameter):
            self._forget(name)
            self._parameters[name] = value
        elif isinstance(value, Module):
            self._forget(name)
            self._modules[name] = value
        elif name in self._parameters:
            if value is not None:
                raise TypeError(f"{type(self).__name__}.{name} is a parameter; assign an nn.Parameter or None")
            self._parameters[name] = None
        elif name in self._buffers:
            self._buffers[name] = value
        elif name in self._modules and value is None:
            self._modules[name] = None
        else:
            self._forget(name)
            object.__setattr__(self, name, value)

    def _forget(self, name: str) -> None:
        for kind in (self.__dict__, self._parameters, self._buffers, self._modules):
            kind.pop(name, None)

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

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        self._forget(name)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """A tensor that is saved with the model but not trained, as batch norm's running mean."""
        self._forget(name)
        self._buffers[name] = tensor

    def add_module(self, name: str, module: Module | None) -> None:
        self._forget(name)
        self._modules[name] = module

    # ---- walking
    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once."""
        return self._named_modules(prefix, set())

    def _named_modules(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, child in self.named_children():
            yield from child._named_modules(f"{prefix}.{name}" if prefix else name, seen)

    def modules(self) -> Iterator[Module]:
        return (m for _, m in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        return ((name, m) for name, m in self._modules.items() if m is not None)

    def children(self) -> Iterator[Module]:
        return (m for _, m in self.named_children())

    def _named(self, kind: str, prefix: str) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name, value in getattr(module, kind).items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Each parameter once, also where two modules share it."""
        return self._named("_parameters", prefix)

    def parameters(self) -> Iterator[Parameter]:
        return (p for _, p in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        return self._named("_buffers", prefix)

    def buffers(self) -> Iterator[Tensor]:
        return (b for _, b in self.named_buffers())

    # ---- mode and gradients
    def train(self, mode: bool = True) -> Module:
        """Sets training mode here and below: batch norm and dropout behave differently in it."""
        for m in self.modules():
            object.__setattr__(m, "training", mode)
        return self

    def eval(self) -> Module:
        return self.train(False)

    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def apply(self, fn: Callable[[Module], Any]) -> Module:
        """Calls ``fn(module)`` on every module below, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Module:
        """Moves floating-point parameters and buffers to another dtype or device, in place."""
        with no_grad():
            for p in self.parameters():
                p.array = Tensor.to(p, *args, **kwargs).array
                p.grad = None
            for b in self.buffers():
                if b.is_floating_point():
                    b.array = b.to(*args, **kwargs).array
        return self

    def double(self) -> Module:
        return self.to(_C.DType.float64)

    def float(self) -> Module:
        return self.to(_C.DType.float32)

    # ---- saving
    def state_dict(self) -> dict[str, Tensor]:
        """Every parameter and buffer by its dotted name; the tensors share the model's memory."""
        state: dict[str, Tensor] = {}
        for path, module in self.named_modules():
            for kind in (module._parameters, module._buffers):
                for name, value in kind.items():
                    if value is not None:
                        state[f"{path}.{name}" if path else name] = value.detach()
        return state

    def load_state_dict(self, state_dict: dict[str, Tensor], strict: bool = True) -> None:
        """Copies values into this model's parameters and buffers.

        Everything is checked first; on an error nothing has changed. With ``strict=False`` missing and unexpected
        names are passed over, but a wrong shape is still an error.
        """
        own = self.state_dict()
        problems = []
        if strict:
            problems += [f"missing: {n}" for n in own if n not in state_dict]
            problems += [f"unexpected: {n}" for n in state_dict if n not in own]
        for name in own.keys() & state_dict.keys():
            if own[name].shape != tuple(state_dict[name].shape):
                problems.append(f"{name}: the model has {own[name].shape}, the file {tuple(state_dict[name].shape)}")
        if problems:
            raise ValueError(f"load_state_dict: {type(self).__name__} does not fit; " + "; ".join(sorted(problems)))
        for name in own.keys() & state_dict.keys():
            _C.copy_into(own[name].array, state_dict[name].array)

    # ---- printing
    def extra_repr(self) -> str:
        return ""

    def __repr__(self) -> str:
        lines = []
        for name, child in self._modules.items():
            lines.append(f"({name}): " + repr(child).replace("\n", "\n  "))
        name = type(self).__name__
        if not lines:
            return f"{name}({self.extra_repr()})"
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)"
