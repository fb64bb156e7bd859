"""Functions of one number, and of two that no vector unit has, over a new 4 MB result."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row

NAMES = (
    "sin cos tan asin acos atan sinh cosh erf expm1 log1p log2 log10 exp2 rsqrt floor ceil round trunc".split()  # noqa: SIM905
)


def forward(lib: Lib, name: str) -> Any:
    x = lib.uniform(1024, 1024)
    return lambda: getattr(lib.dl, name)(x)


ROWS = [
    Row(f"{name} 1024x1024", lambda lib, n=name: forward(lib, n), (f"{name}_fwd",), bytes=2.0 * 4 * 1024 * 1024)
    for name in NAMES
]


def divide(lib: Lib, name: str) -> Any:
    x, y = lib.uniform(1024, 1024), lib.uniform(1024, 1024, low=0.5, high=1.5)
    return lambda: getattr(lib.dl, name)(x, y)


def bits(lib: Lib, name: str) -> Any:
    x, y = lib.ints(100, 1024, 1024), lib.ints(100, 1024, 1024)
    return lambda: getattr(lib.dl, name)(x, y)


ROWS += [
    Row(f"{name} 1024x1024", lambda lib, n=name, m=make: m(lib, n), (f"{name}_fwd",), bytes=3.0 * size * 1024 * 1024)
    for names, make, size in (
        ("remainder fmod floor_divide atan2", divide, 4),
        ("bitwise_and bitwise_or bitwise_xor", bits, 8),
    )
    for name in names.split()
]
