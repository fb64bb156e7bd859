"""Modules that hold other modules, or parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dlcore.nn.chain import run_chain
from dlcore.nn.checks import outside
from dlcore.nn.module import Module
from dlcore.nn.parameter import Parameter
from dlcore.tensor import Tensor


class _List(Module):
    """A list whose entries are attributes "0", "1", … of one of a Module's dictionaries."""

    _kind = "_modules"

    def __len__(self) -> int:
        return len(self._held())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._held().values())

    def __contains__(self, value: object) -> bool:
        return any(v is value for v in self._held().values())

    def __getitem__(self, index: int | slice) -> Any:
        values = list(self._held().values())
        if isinstance(index, slice):
            return self._made_of(values[index])
        if not -len(values) <= index < len(values):
            raise IndexError(f"{type(self).__name__}: index {index} is out of range, it holds {len(values)}")
        return values[index]

    def __setitem__(self, index: int, value: Any) -> None:
        self._take(str(range(len(self))[index]), value)

    def __delitem__(self, index: int | slice) -> None:
        values = list(self._held().values())
        del values[index]
        self._replace(values)

    def append(self, value: Any) -> Any:
        """Adds one at the end; returns this list."""
        self._take(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> Any:
        """Adds several at the end; returns this list."""
        for value in list(values):
            self.append(value)
        return self

    def insert(self, index: int, value: Any) -> None:
        """Adds one before position `index`."""
        values = list(self._held().values())
        values.insert(index, value)
        self._replace(values)

    def __iadd__(self, values: Iterable[Any]) -> Any:
        return self.extend(values)

    def _held(self) -> dict[str, Any]:
        return getattr(self, self._kind)

    def _made_of(self, values: list) -> Any:
        cls: Any = type(self)
        return cls(values)

    def _take(self, name: str, value: Any) -> None:
        if not isinstance(value, Module):
            raise TypeError(f"{type(self).__name__}: entry {name} is a {type(value).__name__}; it must be a Module")
        self._modules[name] = outside(self, name, value)

    def _replace(self, values: list) -> None:
        before = dict(self._held())
        self._held().clear()
        try:
            self.extend(values)
        except TypeError:
            self._held().update(before)
            raise


class Sequential(_List):
    """Modules applied one after the other; a slice of one is a Sequential that shares them.

    A ReLU behind a Linear, Conv2d or batch norm is computed in the pass that makes its input, to the same bits.

    Given one dict, its keys are the names.

    >>> from dlcore import nn
    >>> nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *modules: Any):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, m in modules[0].items():
                self.add_module(name, m)
            return
        for i, m in enumerate(modules):
            if not isinstance(m, Module):
                raise TypeError(f"Sequential: argument {i} is a {type(m).__name__}; every argument must be a Module")
            self.add_module(str(i), m)

    def forward(self, x: Any) -> Any:
        return run_chain(self._modules.values(), x)

    def __setitem__(self, index: int, value: Any) -> None:
        self._take(list(self._modules)[index], value)

    def _made_of(self, values: list) -> Any:
        names = {id(m): name for name, m in self._modules.items()}
        if list(names.values()) == [str(i) for i in range(len(self))]:
            return Sequential(*values)
        return Sequential({names[id(m)]: m for m in values})


class ModuleList(_List):
    """A list of modules whose parameters are the owner's; it has no forward.

    >>> from dlcore import nn
    >>> layers = nn.ModuleList(nn.Linear(n, n) for n in (2, 3))
    >>> layers.append(nn.ReLU())
    ModuleList(
      (0): Linear(in_features=2, out_features=2, bias=True)
      (1): Linear(in_features=3, out_features=3, bias=True)
      (2): ReLU()
    )
    """

    def __init__(self, modules: Iterable[Module] = ()):
        super().__init__()
        self.extend(modules)


class ParameterList(_List):
    """A list of parameters, the owner's; a Tensor that is put in becomes a Parameter.

    >>> import dlcore as dl
    >>> weights = dl.nn.ParameterList([dl.zeros(2), dl.ones(3)])
    >>> [name for name, _ in weights.named_parameters()]
    ['0', '1']
    """

    _kind = "_parameters"

    def __init__(self, values: Iterable[Tensor] = ()):
        super().__init__()
        self.extend(values)

    def _take(self, name: str, value: Any) -> None:
        self._parameters[name] = _parameter(self, name, value)

    def extra_repr(self) -> str:
        return ", ".join(str(tuple(p.shape)) for p in self)


class _Dict(Module):
    """A dict whose entries are attributes of one of a Module's dictionaries."""

    _kind = "_modules"

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()):
        super().__init__()
        self.update(values)

    def __len__(self) -> int:
        return len(self._held())

    def __iter__(self) -> Iterator[str]:
        return iter(self._held())

    def __contains__(self, name: object) -> bool:
        return name in self._held()

    def __getitem__(self, name: str) -> Any:
        return self._held()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.add_module(name, value)

    def __delitem__(self, name: str) -> None:
        del self._held()[name]

    def update(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Adds or replaces entries, from a dict or from pairs."""
        for name, value in dict(values).items():
            self[name] = value

    def keys(self) -> Iterable[str]:
        return self._held().keys()

    def values(self) -> Iterable[Any]:
        return self._held().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        return self._held().items()

    def pop(self, name: str) -> Any:
        """Takes an entry out and returns it."""
        return self._held().pop(name)

    def clear(self) -> None:
        self._held().clear()

    def _held(self) -> dict[str, Any]:
        return getattr(self, self._kind)


class ModuleDict(_Dict):
    """A dict of modules whose parameters are the owner's; it has no forward.

    >>> from dlcore import nn
    >>> heads = nn.ModuleDict({"age": nn.Linear(4, 1), "sex": nn.Linear(4, 2)})
    >>> heads["sex"].out_features, list(heads)
    (2, ['age', 'sex'])
    """


class ParameterDict(_Dict):
    """A dict of parameters, the owner's; a Tensor that is put in becomes a Parameter.

    >>> import dlcore as dl
    >>> dl.nn.ParameterDict({"scale": dl.ones(2)})["scale"].requires_grad
    True
    """

    _kind = "_parameters"

    def __setitem__(self, name: str, value: Any) -> None:
        self.register_parameter(name, _parameter(self, name, value))

    def extra_repr(self) -> str:
        return ", ".join(f"{name}: {tuple(p.shape)}" for name, p in self.items())


def _parameter(holder: Module, name: str, value: Any) -> Parameter:
    if isinstance(value, Parameter):
        return value
    if not isinstance(value, Tensor):
        raise TypeError(f"{type(holder).__name__}: entry {name} is a {type(value).__name__}; it must be a Tensor")
    return Parameter(value)
