"""What a layer's settings must be, said when the layer is made rather than when it first runs."""

from __future__ import annotations

from operator import index
from typing import Any

from dlcore import _C


def whole(owner: object, least: int, **settings: Any) -> None:
    """Raises unless every setting is an int, or a tuple of ints, of at least `least`; None and text are passed over."""
    for name, value in settings.items():
        if value is None or isinstance(value, str):
            continue
        for v in value if isinstance(value, tuple | list) else (value,):
            try:
                good = v is None or index(v) >= least
            except TypeError:
                raise TypeError(f"{type(owner).__name__}: {name} must be an int, got {value!r}") from None
            if not good:
                raise ValueError(f"{type(owner).__name__}: {name} must be at least {least}, got {value!r}")


def number(owner: object, low: float, high: float, **settings: Any) -> None:
    """Raises unless every setting is a number from `low` to `high`; None is passed over."""
    for name, value in settings.items():
        if value is None:
            continue
        if not isinstance(value, int | float):
            raise TypeError(f"{type(owner).__name__}: {name} must be a number, got {value!r}")
        if not low <= value <= high:
            limit = f"at least {low}" if high == float("inf") else f"from {low} to {high}"
            raise ValueError(f"{type(owner).__name__}: {name} must be {limit}, got {value!r}")


def flag(owner: object, **settings: Any) -> None:
    """Raises unless every setting is True or False."""
    for name, value in settings.items():
        if not isinstance(value, bool):
            raise TypeError(f"{type(owner).__name__}: {name} must be True or False, got {value!r}")


def not_a_tensor(owner: object, error: AttributeError) -> None:
    """Raises a DTypeError where a forward's AttributeError means that an argument was no tensor."""
    own = type(error.obj).__module__.startswith("dlcore")
    if error.name == "array" or (error.name in ("shape", "ndim", "dtype") and not own):
        got = "None" if error.obj is None else type(error.obj).__name__
        raise _C.DTypeError(
            f"{type(owner).__name__}: needs a tensor, got {got}; convert it with dl.tensor(x)"
        ) from None


def outside(owner: object, name: str, value: Any) -> Any:
    """`value`; ValueError for a module that is, or holds, its new owner: a walk over the modules would not end."""
    if hasattr(value, "modules") and any(m is owner for m in value.modules()):
        raise ValueError(f"{type(owner).__name__}: a module cannot be placed inside itself, as {name!r}")
    return value
