"""Modules one after the other, a ReLU in the same pass as the layer before it where nobody can see what lies between.

What a layer computes and what its gradients are stays the same, to the bit. Hooks, a forward of one's own (a subclass,
or one assigned to the instance) and watches (``check_finite``) get what they would without this.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlcore.autograd import mode
from dlcore.nn.conv import Conv2d
from dlcore.nn.layers import Identity, Linear, ReLU
from dlcore.nn.module import Module
from dlcore.nn.norm import BatchNorm1d, BatchNorm2d
from dlcore.tensor import Tensor

_PRODUCTS, _NORMS = frozenset((Linear, Conv2d)), frozenset((BatchNorm1d, BatchNorm2d))
_FIRST = _PRODUCTS | _NORMS  # each has a forward_relu


def run_chain(modules: Iterable[Module], x: Any) -> Any:
    """x through all modules."""
    first: Any = None  # waits for whether a ReLU is next
    own = False  # x is a product's result, which nobody else has
    for m in modules:
        kind = type(m)
        if first is not None:
            if kind is Identity and _plain(m):  # a batch norm that was folded
                continue
            if kind is ReLU and _plain(m) and _joins(first, x):
                in_place = own and type(first) in _NORMS and not mode.recording
                x = first.forward_relu(x, True) if in_place else first.forward_relu(x)
                first, own = None, False
                continue
            x, own, first = first(x), type(first) in _PRODUCTS, None
        if kind in _FIRST and _plain(m):
            first = m
        else:
            x, own = m(x), False
    return x if first is None else first(x)


def _plain(m: Module) -> bool:
    """Whether calling it is its class's forward and nothing else."""
    hooks = m._hooks
    return "forward" not in m.__dict__ and (hooks is None or not (hooks.before or hooks.after or hooks.backward))


def _joins(first: Module, x: Any) -> bool:
    """Whether a ReLU behind `first` can join it for x; what is wrong with an x is said by the plain forward."""
    return mode.watch is None and isinstance(x, Tensor) and (type(first) is not Conv2d or x.ndim == 4)
