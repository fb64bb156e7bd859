"""Functions called when a tensor's gradient is known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

_keys = count()


class HookHandle:
    """What ``register_hook`` returns; ``remove()``, or the end of a ``with`` block over it, takes the hook away."""

    def __init__(self, hooks: dict, key: int):
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        self._hooks.pop(self._key, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register_hook(x: Tensor, hook: Callable) -> HookHandle:
    """Calls ``hook(grad)`` when the gradient of `x` is complete; a Tensor it returns, of the same shape and dtype,
    replaces the gradient."""
    if not x.requires_grad:
        raise RuntimeError("register_hook: this tensor does not need a gradient")
    if not callable(hook):
        raise TypeError(f"register_hook: needs a function of the gradient, got {hook!r}")
    owner = x if x.node is None else x.node
    if owner.hooks is None:
        owner.hooks = {}
    key = next(_keys)
    owner.hooks[key] = hook
    return HookHandle(owner.hooks, key)


def retain_grad(x: Tensor) -> None:
    """Keeps the gradient of a non-leaf `x` in ``x.grad`` (held weakly: the graph must not own its output)."""
    if not x.requires_grad:
        raise RuntimeError("retain_grad: this tensor does not need a gradient")
    if x.node is None or any(getattr(hook, "keeps_for", _nobody)() is x for hook in (x.node.hooks or {}).values()):
        return
    target = ref(x)

    def keep(g: Tensor) -> None:
        owner = target()
        if owner is not None:
            copy = g.clone().detach()
            owner.grad = copy if owner.grad is None else owner.grad + copy

    keep.keeps_for = target  # type: ignore[attr-defined]
    register_hook(x, keep)


def _nobody() -> None:
    return None
