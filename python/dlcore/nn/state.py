"""A model's values by name, out of it and into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from dlcore import _C
from dlcore.tensor import Tensor

if TYPE_CHECKING:
    from dlcore.nn.module import Module


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict(strict=False)`` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def state_dict(module: Module, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
    """Every parameter and persistent buffer by its dotted name, after `prefix`; a shared one under each of its names.

    The tensors share the model's memory; with ``keep_vars`` they are the model's own.
    """
    state: dict[str, Tensor] = {}
    for path, m in module.named_modules(remove_duplicate=False):
        for kind in (m._parameters, m._buffers):
            for name, value in kind.items():
                if value is not None and not (kind is m._buffers and name in m._transient):
                    state[prefix + (f"{path}.{name}" if path else name)] = value if keep_vars else value.detach()
    return state


def load_state_dict(module: Module, state_dict: Mapping[str, Tensor], strict: bool = True) -> IncompatibleKeys:
    """Copies values into this model's parameters and buffers.

    Everything is checked first; on an error (ValueError with all that is wrong) nothing has changed. With
    ``strict=False`` missing and unexpected names are passed over and returned, but a wrong shape is still an error.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"load_state_dict: needs a dict of tensors by name, got {type(state_dict).__name__}")
    own = module.state_dict()
    missing = [n for n in own if n not in state_dict]
    unexpected = [n for n in state_dict if n not in own]
    problems = [f"missing: {n}" for n in missing] + [f"unexpected: {n}" for n in unexpected] if strict else []
    shared = [n for n in own if n in state_dict]
    for name in shared:
        value = state_dict[name]
        if not isinstance(value, Tensor):
            problems.append(f"{name}: a {type(value).__name__}, not a Tensor")
        elif own[name].shape != value.shape:
            problems.append(f"{name}: the model has {own[name].shape}, the file {value.shape}")
    if problems:
        raise ValueError(f"load_state_dict: {type(module).__name__} does not fit; " + "; ".join(sorted(problems)))
    for name in shared:
        _C.copy_into(own[name].array, state_dict[name].array)
    return IncompatibleKeys(missing, unexpected)
