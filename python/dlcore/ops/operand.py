"""What the broadcasting ops share: an operand that may be a number, and a gradient fitted back to its operand."""

from __future__ import annotations

from typing import Any

from dlcore import _C

array_of = _C.array_of  # the Array of a Tensor; for what is none a DTypeError that names the op which asked
value = _C.value_of  # the Array of a Tensor; a number as it is
like = _C.like  # what `fit_to` needs to turn a gradient of y into one of a, without keeping a: like(y, a)


def fit(g: Any, operand: Any) -> Any:
    """g summed over the dimensions in which the Array `operand` was broadcast, in its dtype; often g itself."""
    return g if _C.alike(g, operand) else _C.sum_to(g, operand.shape, operand.dtype)


def fit_to(g: Any, shape: tuple | None) -> Any:
    """As `fit`, for what `like` returned."""
    return g if shape is None else _C.sum_to(g, *shape)


def count_up(n: int, device: str, dtype: Any = _C.DType.int64) -> Any:
    """0 … n - 1 on `device`, as an Array."""
    if device == "cpu":
        return _C.arange(0, n, 1, dtype)
    ones = _C.ones((n,), _C.DType.int64, device)  # counted there: a copy from the host waits for all work before it
    return _C.convert(_C.sub_fwd(_C.cumsum_fwd(ones, 0, False), 1), dtype)
