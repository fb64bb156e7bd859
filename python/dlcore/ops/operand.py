"""What the broadcasting ops share: an operand that may be a number, and a gradient fitted back to its operand."""

from __future__ import annotations

import sys
from typing import Any

from dlcore import _C


def array_of(x: Any) -> Any:
    """The Array of a Tensor; for what is none a DTypeError that names the op which asked."""
    try:
        return x.array
    except AttributeError:
        op = sys._getframe(1).f_code.co_name
        got = "None" if x is None else type(x).__name__
        raise _C.DTypeError(f"{op}: needs a tensor, got {got}; convert it with dl.tensor(x)") from None


def value(x: Any) -> Any:
    """The Array of a Tensor; a number as it is."""
    return getattr(x, "array", x)


def fit(g: Any, operand: Any) -> Any:
    """g summed over the dimensions in which the Array `operand` was broadcast, in its dtype; often g itself."""
    return g if _C.alike(g, operand) else _C.sum_to(g, operand.shape, operand.dtype)


def like(y: Any, a: Any) -> tuple | None:
    """What `fit_to` needs to turn a gradient of y into one of a, without keeping a."""
    return None if _C.alike(y, a) else (a.shape, a.dtype)


def fit_to(g: Any, shape: tuple | None) -> Any:
    """As `fit`, for what `like` returned."""
    return g if shape is None else _C.sum_to(g, *shape)
