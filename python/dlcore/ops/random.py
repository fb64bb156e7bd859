"""Tensors of random numbers, from one counter-based stream that ``dl.manual_seed`` starts.

Element i of a result depends on the seed, the numbers drawn before, and i alone: not on threads, machine or layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlcore import _C
from dlcore.autograd import record
from dlcore.mistakes import whole
from dlcore.ops import inplace
from dlcore.ops.operand import array_of

if TYPE_CHECKING:
    from dlcore.tensor import Tensor

_FLOAT32, _INT64 = _C.DType.float32, _C.DType.int64


def _shape(size: tuple) -> tuple[int, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size


def _finish(array: Any, requires_grad: bool = False) -> Tensor:
    out = record(array, None, ())
    return out.requires_grad_() if requires_grad else out


def rand(*size: Any, dtype: _C.DType = _FLOAT32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Uniform in [0, 1), of 24 random bits in float32 and 53 in float64.

    >>> import dlcore as dl
    >>> x = dl.rand(2, 3)
    >>> x.shape, bool(0 <= x.numpy().min() and x.numpy().max() < 1)
    ((2, 3), True)
    """
    return _finish(_C.rand(_shape(size), dtype, device), requires_grad)


def randn(*size: Any, dtype: _C.DType = _FLOAT32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Normal with mean 0 and variance 1 (Box & Muller, 1958); |x| < 6.6 in float32, 8.6 in float64.

    >>> import dlcore as dl
    >>> dl.randn(2, 3).shape
    (2, 3)
    """
    return _finish(_C.randn(_shape(size), dtype, device), requires_grad)


def randint(low: int, high: Any = None, size: Any = None, *, dtype: _C.DType = _INT64, device: str = "cpu") -> Tensor:
    """Whole numbers in [low, high), each equally likely; ``randint(high, size)`` starts from 0. ValueError if empty.

    >>> import dlcore as dl
    >>> dl.randint(3, 4, (2,)).tolist()
    [3, 3]
    """
    if size is None:
        low, high, size = 0, low, high
    if not isinstance(size, Sequence):
        raise TypeError(f"randint: the size is a tuple, got {size!r}; write randint({low}, {high}, (n,))")
    low, high = whole("randint", low), whole("randint", high)
    if not -(2**63) <= low <= high <= 2**63 - 1:
        raise ValueError(f"randint: needs low <= high in 64 bits, got {low} and {high}")
    if high > low:
        _C.check_fits("randint", dtype, low)
        _C.check_fits("randint", dtype, high - 1)
    return _finish(_C.convert(_C.randint(low, high, tuple(size), device), dtype))


def randperm(n: int, *, dtype: _C.DType = _INT64, device: str = "cpu") -> Tensor:
    """The numbers 0 … n-1 in random order (Fisher & Yates' shuffle).

    >>> import dlcore as dl
    >>> sorted(dl.randperm(4).tolist())
    [0, 1, 2, 3]
    """
    n = whole("randperm", n)
    _C.check_fits("randperm", dtype, max(n - 1, 0))
    return _finish(_C.convert(_C.to_device(_C.randperm(n), device), dtype))


def bernoulli(input: Tensor) -> Tensor:
    """1 with the probability each element of `input` (float32 or float64, in [0, 1]) names, else 0.

    >>> import dlcore as dl
    >>> dl.bernoulli(dl.tensor([0.0, 1.0])).tolist()
    [0.0, 1.0]
    """
    p = array_of(input)
    if p.size and not (_C.min_fwd(p, (), False).item() >= 0 and _C.max_fwd(p, (), False).item() <= 1):
        raise ValueError(f"bernoulli: probabilities lie in [0, 1]; shape {p.shape} holds others")
    return _finish(_C.convert(_C.lt_fwd(_C.rand(p.shape, p.dtype, p.device), p), p.dtype))


def rand_like(
    input: Tensor, *, dtype: _C.DType | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Uniform in [0, 1), with input's shape, and its dtype (float32 or float64) and device unless given."""
    x = array_of(input)
    return _finish(_C.rand(x.shape, dtype or x.dtype, device or x.device), requires_grad)


def randn_like(
    input: Tensor, *, dtype: _C.DType | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Normal with mean 0 and variance 1, with input's shape, and its dtype and device unless given."""
    x = array_of(input)
    return _finish(_C.randn(x.shape, dtype or x.dtype, device or x.device), requires_grad)


def uniform_(self: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Writes uniform numbers in [low, high); float32 or float64. ValueError for low > high.

    >>> import dlcore as dl
    >>> dl.zeros(3).uniform_(2.0, 2.0).tolist()
    [2.0, 2.0, 2.0]
    """
    if inplace.tracked(self):
        fresh = type(self)(_C.empty_like(self.array))
        return inplace.rebind(self, uniform_(fresh, low, high))
    _C.uniform_(self.array, low, high)
    return self


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Writes normal numbers; float32 or float64. ValueError for std < 0.

    >>> import dlcore as dl
    >>> dl.zeros(2).normal_(5.0, 0.0).tolist()
    [5.0, 5.0]
    """
    if inplace.tracked(self):
        fresh = type(self)(_C.empty_like(self.array))
        return inplace.rebind(self, normal_(fresh, mean, std))
    _C.normal_(self.array, mean, std)
    return self
