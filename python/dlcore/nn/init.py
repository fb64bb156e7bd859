"""Starting values, written into a tensor in place."""

from __future__ import annotations

from math import prod, sqrt

from dlcore import _C
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
    gains = {"linear": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2)}
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
