"""Methods that write into a tensor: ``x.add_(y)``, ``x += y``.

Without a history (no operand needs a gradient, or inside ``no_grad()``) the tensor's memory is changed. A tensor with a
history gets a new value instead, and this Tensor then stands for it: gradients are right without version rules for
views. The new value takes the old one's memory where nothing else can see it (``y = bn(x); y += x``). A leaf or a view
that needs a gradient raises, since the change could not be undone on the way back.
"""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import mode, record
from dlcore.ops import copy, elementwise, shape
from dlcore.ops.operand import array_of, value

if TYPE_CHECKING:
    from dlcore.tensor import Tensor


def tracked(x: Tensor, other: Any = None) -> bool:
    """Whether a write into `x` has to be recorded; raises where it cannot be."""
    if not mode.recording or not (x.requires_grad or getattr(other, "requires_grad", False)):
        return False
    if x.requires_grad and x.node is None:
        raise RuntimeError(
            "in-place: this leaf tensor needs a gradient; change it inside `with dl.no_grad():`, or make a new tensor"
        )
    if x.node is not None and x.node.rule in shape.VIEW_RULES:
        raise RuntimeError(
            "in-place: this tensor is a view of one that needs a gradient; change it inside `with dl.no_grad():`, "
            "or make a new tensor"
        )
    if not x.requires_grad and x.array.owners > 1:
        raise RuntimeError(
            "in-place: another tensor shares this one's memory and would not see a value that needs a gradient; "
            "write x = x + y, or work inside `with dl.no_grad():`"
        )
    return True


def alone(x: Tensor) -> bool:
    """Whether nothing but `x`, a result with a history, can see its value: then a new value may take its memory.

    Saved values, detached tensors and NumPy arrays hold the Array or its storage. Without them the Array is referred to
    by the tensor and by the argument of ``getrefcount``.
    """
    return x.node is not None and getrefcount(x.array) == 2 and x.array.owners == 1 and x.array.is_dense


def rebind(x: Tensor, result: Tensor) -> Tensor:
    """Lets `x` stand for `result`."""
    if result.shape != x.shape or result.dtype != x.dtype:
        raise _C.ShapeError(
            f"in-place: the result is {result.shape} {result.dtype} and does not fit {x.shape} {x.dtype}"
        )
    x.array, x.node, x.needs_grad = result.array, result.node, result.needs_grad
    return x


def add_(self: Tensor, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """self += alpha * other, which broadcasts to this tensor's shape."""
    if tracked(self, other):
        if alone(self) and alpha == 1 and isinstance(other, type(self)) and _C.alike(self.array, other.array):
            _C.add_into(self.array, other.array)
            return rebind(self, record(self.array, elementwise.add_backward, (self, other), (), (1, None, None)))
        return rebind(self, elementwise.add(self, other, alpha=alpha))
    _C.add_into(self.array, value(other), alpha)
    return self


def sub_(self: Tensor, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """self -= alpha * other.

    >>> import dlcore as dl
    >>> a = dl.tensor([1.0, 2.0])
    >>> a.sub_(0.5).tolist(), a.tolist()
    ([0.5, 1.5], [0.5, 1.5])
    """
    if tracked(self, other):
        return rebind(self, elementwise.sub(self, other, alpha=alpha))
    _C.add_into(self.array, value(other), -alpha)
    return self


def mul_(self: Tensor, other: Tensor | float) -> Tensor:
    """self *= other."""
    if tracked(self, other):
        return rebind(self, elementwise.mul(self, other))
    _C.mul_into(self.array, value(other))
    return self


def div_(self: Tensor, other: Tensor | float) -> Tensor:
    """self /= other."""
    if tracked(self, other):
        return rebind(self, elementwise.div(self, other))
    _C.div_into(self.array, value(other))
    return self


def fill_(self: Tensor, value: float) -> Tensor:
    """Writes one number everywhere."""
    if tracked(self):
        return rebind(self, type(self)(_C.full(self.shape, value, self.dtype, self.device)))
    _C.fill_(self.array, value)
    return self


def zero_(self: Tensor) -> Tensor:
    """Writes zeros."""
    return fill_(self, 0)


def copy_(self: Tensor, src: Tensor) -> Tensor:
    """Writes the values of `src`, broadcast and converted to this tensor's dtype."""
    if tracked(self, src):
        return rebind(self, copy.clone(shape.expand(copy.convert(src, self.dtype), self.shape)))
    copy.write(self.array, array_of(src), "copy_")
    return self
