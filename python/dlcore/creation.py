"""Functions that make tensors from nothing, from Python numbers and from NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcore import _C
from dlcore.tensor import Tensor

float32 = _C.DType.float32
_NUMPY_DTYPES = [np.dtype(t) for t in ("u1", "i4", "i8", "f2", "f4", "f8")]
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
        array = _from_python(data, dtype)
    if dtype is not None:
        array = _C.convert(array, dtype)
    out = Tensor(array)
    if device != "cpu":
        out = out.to(device)
    return out.requires_grad_() if requires_grad else out


def _from_python(data: Any, dtype: _C.DType | None) -> Any:
    keep_dtype = isinstance(data, (np.ndarray, np.generic))
    try:
        x = np.array(data)
    except ValueError as e:
        raise _C.ShapeError("tensor: the nested lists have different lengths; every row needs as many numbers") from e
    if not keep_dtype and (x.dtype == np.uint64 or _are_ints(x)):  # beyond int64: a floating dtype holds them, rounded
        if dtype is None or not dtype.is_floating_point:
            beyond = max(x.flat, key=abs)
            raise ValueError(f"tensor: {beyond} does not fit {dtype or 'int64'}; use dtype=dl.float64")
        x = x.astype(np.float64)
    if x.dtype.kind not in "fiub":
        raise _C.DTypeError(f"tensor: cannot hold {type(data).__name__} data of NumPy dtype {x.dtype}; pass numbers")
    if dtype is not None and not keep_dtype:
        if x.size and not dtype.is_floating_point:
            for extreme in (x.min(), x.max()):
                _C.check_fits("tensor", dtype, extreme.item())
    if keep_dtype and x.dtype.kind != "b" and x.dtype.newbyteorder("=") not in _NUMPY_DTYPES:
        wide = "float32" if x.dtype.kind == "f" else "int64"
        raise _C.DTypeError(f"tensor: NumPy dtype {x.dtype} has no counterpart; convert it with x.astype(np.{wide})")
    array = _C.from_numpy(np.ascontiguousarray(x).reshape(x.shape).astype(x.dtype.newbyteorder("="), copy=False))
    if keep_dtype or dtype is not None:  # a dtype asked for is converted to at once: 0.1 in float64 keeps its 53 bits
        return array
    return _C.convert(array, _PYTHON_DTYPES[x.dtype.kind])


def _are_ints(x: np.ndarray) -> bool:
    return x.dtype == object and all(isinstance(v, int) for v in x.flat)


def from_numpy(x: np.ndarray) -> Tensor:
    """A tensor that shares memory with a writable NumPy array of a supported dtype."""
    if not isinstance(x, np.ndarray):
        raise _C.DTypeError(f"from_numpy: needs a NumPy array, got {type(x).__name__}; use dl.tensor(x)")
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
        if isinstance(fill_value, int):
            _C.check_fits("full", _C.DType.int64, fill_value)
        kind = np.asarray(fill_value).dtype.kind
        if kind not in _PYTHON_DTYPES:
            raise _C.DTypeError(f"full: needs a number, got {fill_value!r}")
        dtype = _PYTHON_DTYPES[kind]
    if not isinstance(size, tuple | list):
        raise _C.DTypeError(f"full: the size is a tuple of ints, got {size!r}; write full(({size},), …)")
    return _finish(_C.full(tuple(size), fill_value, dtype, device), requires_grad)


def empty(*size: Any, dtype: _C.DType = float32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of whatever the memory holds."""
    return _finish(_C.to_device(_C.empty(_shape(size), dtype), device), requires_grad)


def zeros_like(
    x: Tensor, *, dtype: _C.DType | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Zeros with the shape, and unless given the dtype, of `x`."""
    return _finish(_C.zeros(x.shape, dtype or x.dtype, device or x.device), requires_grad)


def ones_like(
    x: Tensor, *, dtype: _C.DType | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Ones with the shape, and unless given the dtype, of `x`."""
    return _finish(_C.ones(x.shape, dtype or x.dtype, device or x.device), requires_grad)


def arange(
    start: float,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: _C.DType | None = None,
    device: str = "cpu",
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from `start` (0 when only one bound is given) up to, not including, `end`.

    >>> import dlcore as dl
    >>> dl.arange(1, 7, 2).tolist()
    [1, 3, 5]
    """
    if end is None:
        start, end = 0, start
    if dtype is None:
        dtype = float32 if any(isinstance(v, float) for v in (start, end, step)) else _C.DType.int64
    return _finish(_C.to_device(_C.arange(start, end, step, dtype), device), requires_grad)


def empty_like(
    x: Tensor, *, dtype: _C.DType | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Whatever the memory holds, with the shape, and unless given the dtype, of `x`."""
    return _finish(_C.to_device(_C.empty(x.shape, dtype or x.dtype), device or x.device), requires_grad)


def full_like(
    x: Tensor,
    fill_value: float,
    *,
    dtype: _C.DType | None = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """One value, with the shape, and unless given the dtype, of `x`."""
    return _finish(_C.full(x.shape, fill_value, dtype or x.dtype, device or x.device), requires_grad)


def as_tensor(data: Any, *, dtype: _C.DType | None = None) -> Tensor:
    """`data` itself where it is a tensor of that dtype, sharing memory where it is a NumPy array, else a copy."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray) and data.flags.writeable:
        return as_tensor(from_numpy(data), dtype=dtype)
    return tensor(data, dtype=dtype)


def eye(
    n: int, m: int | None = None, *, dtype: _C.DType = float32, device: str = "cpu", requires_grad: bool = False
) -> Tensor:
    """A matrix (n, m or n) with ones on the diagonal.

    >>> import dlcore as dl
    >>> dl.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    out = _C.zeros((n, n if m is None else m), dtype, "cpu")
    _C.fill_(_C.diagonal(out, 0, 0, 1), 1)
    return _finish(_C.to_device(out, device), requires_grad)


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: _C.DType = float32,
    device: str = "cpu",
    requires_grad: bool = False,
) -> Tensor:
    """`steps` numbers from `start` to `end`, both included, equally far apart; made in float64 and rounded once.

    >>> import dlcore as dl
    >>> dl.linspace(0, 1, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    return _finish(_C.to_device(_spaced("linspace", start, end, steps, dtype), device), requires_grad)


def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: _C.DType = float32,
    device: str = "cpu",
    requires_grad: bool = False,
) -> Tensor:
    """base to the powers linspace(start, end, steps).

    >>> import dlcore as dl
    >>> dl.logspace(0, 2, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    return _finish(_C.to_device(_spaced("logspace", start, end, steps, dtype, base), device), requires_grad)


def _spaced(op: str, start: Any, end: Any, steps: int, dtype: _C.DType, base: float | None = None) -> Any:
    if steps < 0:
        raise ValueError(f"{op}: needs a number of steps of at least 0, got {steps}")
    x = np.linspace(float(start), float(end), steps, dtype=np.float64)
    return _C.convert(_C.from_numpy(x if base is None else np.power(base, x)), dtype)


def meshgrid(*tensors: Tensor, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of every point of a grid, one tensor an axis, each a view of a vector or number given.

    With "ij" the i-th dimension runs along the i-th vector; "xy" exchanges the first two.

    >>> import dlcore as dl
    >>> [x.tolist() for x in dl.meshgrid(dl.tensor([1, 2]), dl.tensor([3, 4, 5]))]
    [[[1, 1, 1], [2, 2, 2]], [[3, 4, 5], [3, 4, 5]]]
    """
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing is 'ij' or 'xy', got {indexing!r}")
    if any(x.ndim > 1 for x in tensors):
        raise _C.ShapeError(f"meshgrid: needs vectors or numbers, got shapes {[x.shape for x in tensors]}")
    axes = [x.reshape(-1) for x in tensors]
    sizes, n = [x.numel() for x in axes], len(axes)
    grid = [x.view(*(-1 if i == k else 1 for i in range(n))).expand(*sizes) for k, x in enumerate(axes)]
    return tuple(x.transpose(0, 1) if indexing == "xy" and n > 1 else x for x in grid)
