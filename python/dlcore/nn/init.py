"""Starting values, written into a tensor in place."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import Any

import numpy as np

from dlcore import _C, creation
from dlcore.tensor import Tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform in [a, b)."""
    _C.uniform_(tensor.array, a, b)
    return tensor


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal with the given mean and standard deviation."""
    _C.normal_(tensor.array, mean, std)
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere."""
    _C.fill_(tensor.array, val)
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 1.0)


def calculate_gain(nonlinearity: str, param: float = 0.01) -> float:
    """The factor that keeps a layer's variance through a nonlinearity."""
    gains = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2), "selu": 3 / 4}
    gains |= {f"conv{transposed}{d}d": 1.0 for d in (1, 2, 3) for transposed in ("", "_transpose")}
    if nonlinearity == "leaky_relu":
        return sqrt(2 / (1 + param**2))
    if nonlinearity not in gains:
        raise ValueError(
            f"calculate_gain: unknown nonlinearity {nonlinearity!r}; one of {', '.join(gains)}, leaky_relu"
        )
    return gains[nonlinearity]


def _fan(tensor: Tensor, mode: str) -> int:
    if tensor.ndim < 2:
        raise _C.ShapeError(f"init: fan is defined for weights of 2 or more dimensions, got shape {tensor.shape}")
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'init: mode is "fan_in" or "fan_out", got {mode!r}')
    field = prod(tensor.shape[2:])
    return tensor.shape[1 if mode == "fan_in" else 0] * field


def kaiming_uniform_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform in ±gain·√(3/fan) (He et al., 2015)."""
    bound = calculate_gain(nonlinearity, a) * sqrt(3 / _fan(tensor, mode))
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Normal with standard deviation gain/√fan (He et al., 2015)."""
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / sqrt(_fan(tensor, mode)))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform in ±gain·√(6/(fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    bound = gain * sqrt(6 / (_fan(tensor, "fan_in") + _fan(tensor, "fan_out")))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal with standard deviation gain·√(2/(fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    return normal_(tensor, 0.0, gain * sqrt(2 / (_fan(tensor, "fan_in") + _fan(tensor, "fan_out"))))


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Tensor:
    """Normal, but only values in [a, b]: others are drawn again, so that the shape between is the normal's own.

    ValueError where b is not above a.
    """
    if not a < b:
        raise ValueError(f"trunc_normal_: b must be greater than a, got a={a} b={b}")
    values = np.empty(tensor.numel())
    missing = np.arange(values.size)
    while missing.size:
        x, accepted = _candidates(missing.size, mean, std, a, b)
        values[missing[accepted]] = x[accepted]
        missing = missing[~accepted]
    return _write(tensor, values)


def _candidates(n: int, mean: float, std: float, a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """n draws and which of them to take. From the normal itself where [a, b] holds its middle and is wide, else uniform
    ones taken with the density's share of its peak in [a, b]: either way two in five at least, or a tail's share."""
    if a <= mean <= b and b - a > 3 * std:
        x = _drawn(_C.normal_, n, mean, std)
        return x, (x >= a) & (x <= b)
    x = _drawn(_C.uniform_, n, a, b)
    peak = min(max(mean, a), b)
    share = np.exp(((peak - mean) ** 2 - (x - mean) ** 2) / (2 * std * std))
    return x, _drawn(_C.uniform_, n, 0.0, 1.0) < share


def _drawn(draw: Callable[[Any, float, float], None], n: int, *how: float) -> np.ndarray:
    array = creation.empty(n, dtype=_C.DType.float64).array
    draw(array, *how)
    return array.numpy()


def _write(tensor: Tensor, values: np.ndarray) -> Tensor:
    _C.copy_into(tensor.array, _C.from_numpy(np.ascontiguousarray(values.reshape(tensor.shape), np.float64)))
    return tensor


def orthogonal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Rows, or where they are more than the columns the columns, of length `gain` and at right angles, uniformly drawn
    (Saxe et al., 2014); dimensions after the first count as columns. ShapeError for fewer than two dimensions."""
    if tensor.ndim < 2:
        raise _C.ShapeError(f"orthogonal_: needs 2 or more dimensions, got shape {tensor.shape}")
    if not tensor.numel():
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    normals = _drawn(_C.normal_, rows * columns, 0.0, 1.0).reshape(rows, columns)
    q, r = np.linalg.qr(normals.T if rows < columns else normals)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # else the factorisation's own choice of signs would show
    return _write(tensor, gain * (q.T if rows < columns else q))


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix; ShapeError unless there are two dimensions."""
    if tensor.ndim != 2:
        raise _C.ShapeError(f"eye_: needs 2 dimensions, got shape {tensor.shape}")
    return _write(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution's weights (out, in, …) that hand as many channels on as there are; the rest is 0."""
    if tensor.ndim not in (3, 4, 5):
        raise _C.ShapeError(f"dirac_: needs the 3, 4 or 5 dimensions of a convolution, got shape {tensor.shape}")
    if tensor.shape[0] % groups:
        raise ValueError(f"dirac_: {tensor.shape[0]} output channels do not divide into {groups} groups")
    values = np.zeros(tensor.shape)
    size = tensor.shape[0] // groups
    middle = tuple(s // 2 for s in tensor.shape[2:])
    for c in range(min(size, tensor.shape[1])):
        for g in range(groups):
            values[(g * size + c, c, *middle)] = 1
    return _write(tensor, values)


def icnr_(tensor: Tensor, scale: int = 2, init: Callable[[Tensor], Any] = kaiming_normal_) -> Tensor:
    """A convolution's weights (out, in, kh, kw) before a pixel shuffle by `scale`: the scale² channels of one pixel
    start equal, drawn by `init`, so that the image starts without a checkerboard (Aitken et al., 2017)."""
    if tensor.ndim != 4 or tensor.shape[0] % scale**2:
        raise _C.ShapeError(
            f"icnr_: needs (out, in, kh, kw) with out a multiple of scale² = {scale**2}, got shape {tensor.shape}"
        )
    few = creation.empty(tensor.shape[0] // scale**2, *tensor.shape[1:], dtype=tensor.dtype)
    init(few)
    return _write(tensor, np.repeat(few.numpy(), scale**2, axis=0))
