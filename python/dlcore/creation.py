"""Functions that make tensors from nothing, from Python numbers and from NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcore import _C
from dlcore.tensor import Tensor

float32 = _C.DType.float32
_PYTHON_DTYPES = {"f": float32, "i": _C.DType.int64, "u": _C.DType.int64, "b": _C.DType.bool}


def tensor(data: Any, *more: Any, dtype: _C.DType | None = None, device: str = "cpu", requires_grad: bool = False):
    """A tensor that holds a copy of `data`: a number, nested lists, a NumPy array (whose dtype is kept) or a tensor.

    Python floats give float32, ints int64, bools bool. Several numbers are one row, as the course writes it.

    >>> import dlcore as dl
    >>> dl.tensor(-1.0, 1).tolist()
    [-1.0, 1.0]
    >>> dl.tensor([[1, 2], [3, 4]]).dtype
    dlcore.int64
    """
    if more:
        data = (data, *more)
    if isinstance(data, Tensor):
        array = _C.clone(data.array)
    else:
        array = _from_python(data)
    if dtype is not None:
        array = _C.convert(array, dtype)
    out = Tensor(array)
    if device != "cpu":
        out = out.to(device)
    return out.requires_grad_() if requires_grad else out


def _from_python(data: Any) -> Any:
    keep_dtype = isinstance(data, (np.ndarray, np.generic))
    try:
        x = np.array(data)
    except ValueError as e:
        raise _C.ShapeError("tensor: the nested lists have different lengths; every row needs as many numbers") from e
    if x.dtype.kind not in "fiub":
        raise _C.DTypeError(f"tensor: cannot hold {type(data).__name__} data of NumPy dtype {x.dtype}; pass numbers")
    array = _C.from_numpy(np.ascontiguousarray(x).reshape(x.shape).astype(x.dtype.newbyteorder("="), copy=False))
    return array if keep_dtype else _C.convert(array, _PYTHON_DTYPES[x.dtype.kind])


def from_numpy(x: np.ndarray) -> Tensor:
    """A tensor that shares memory with a writable NumPy array of a supported dtype."""
    return Tensor(_C.from_numpy(x))


def _shape(size: tuple) -> tuple[int, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size


def _finish(array: Any, requires_grad: bool) -> Tensor:
    out = Tensor(array)
    return out.requires_grad_() if requires_grad else out


def zeros(*size: Any, dtype: _C.DType = float32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of zeros.

    >>> import dlcore as dl
    >>> dl.zeros(2, 3).shape
    (2, 3)
    """
    return _finish(_C.zeros(_shape(size), dtype, device), requires_grad)


def ones(*size: Any, dtype: _C.DType = float32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return _finish(_C.ones(_shape(size), dtype, device), requires_grad)


def full(
    size: Any, fill_value: float, *, dtype: _C.DType | None = None, device: str = "cpu", requires_grad: bool = False
) -> Tensor:
    """A tensor of one value; its dtype is the value's (float32, int64 or bool) unless given."""
    if dtype is None:
        dtype = _PYTHON_DTYPES[np.asarray(fill_value).dtype.kind]
    return _finish(_C.full(tuple(size), fill_value, dtype, device), requires_grad)


def empty(*size: Any, dtype: _C.DType = float32, requires_grad: bool = False) -> Tensor:
    """A tensor of whatever the memory holds."""
    return _finish(_C.empty(_shape(size), dtype), requires_grad)


def zeros_like(x: Tensor, *, dtype: _C.DType | None = None) -> Tensor:
    """Zeros with the shape, and unless given the dtype, of `x`."""
    return Tensor(_C.zeros(x.shape, dtype or x.dtype, x.device))


def ones_like(x: Tensor, *, dtype: _C.DType | None = None) -> Tensor:
    """Ones with the shape, and unless given the dtype, of `x`."""
    return Tensor(_C.ones(x.shape, dtype or x.dtype, x.device))


def arange(start: float, end: float | None = None, step: float = 1, *, dtype: _C.DType | None = None) -> Tensor:
    """Numbers from `start` (0 when only one bound is given) up to, not including, `end`.

    >>> import dlcore as dl
    >>> dl.arange(1, 7, 2).tolist()
    [1, 3, 5]
    """
    if end is None:
        start, end = 0, start
    if dtype is None:
        dtype = float32 if any(isinstance(v, float) for v in (start, end, step)) else _C.DType.int64
    return Tensor(_C.arange(start, end, step, dtype))
