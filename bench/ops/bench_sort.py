"""Sorting one long row, many rows, and columns; the largest few, the middle one, look-ups in a sorted row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..harness import Lib, Row, backward

SHAPES = {"1 M": (1 << 20,), "1024x1000": (1024, 1000), "100000x10": (100000, 10), "64x50": (64, 50)}


def values(call: Callable[..., Any], shape: tuple[int, ...], dtype: str = "float32") -> Callable[[Lib], Any]:
    """call(x) of different whole numbers, so that equal elements leave no choice of indices."""

    def build(lib: Lib) -> Any:
        n = int(np.prod(shape))
        x = lib.tensor((lib.rng.permutation(n).reshape(shape) - n // 2).astype(dtype))
        return lambda: tuple(call(x))

    return build


def train(call: Callable[..., Any], *shape: int) -> Callable[[Lib], Any]:
    def build(lib: Lib) -> Any:
        x = lib.tensor(lib.rng.permutation(int(np.prod(shape))).reshape(shape).astype("float32"), grad=True)
        v = lib.normal(*call(x)[0].shape)
        return lambda: backward(call(x)[0], v, x)

    return build


def places(lib: Lib) -> Any:
    row, x = lib.tensor(np.sort(lib.rng.standard_normal(1000, np.float32))), lib.normal(1 << 20)
    return lambda: lib.dl.searchsorted(row, x)


def uniques(lib: Lib) -> Any:
    x = lib.ints(1000, 1 << 20)
    return lambda: lib.dl.unique(x, return_inverse=True, return_counts=True)


CALLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "sort": ("sort", lambda x: x.sort(-1)),
    "topk 5": ("topk", lambda x: x.topk(5)),
    "median": ("kth", lambda x: x.median(-1)),
}
ROWS = [
    *(Row(f"{name} {label}", values(call, shape), (row,), bytes=0.0 if label == "64x50" else 4.0 * np.prod(shape))
      for name, (row, call) in CALLS.items() for label, shape in SHAPES.items()),
    *(Row(f"sort 1 M {d}", values(CALLS["sort"][1], (1 << 20,), d), ("sort",), bytes=1.0 * (1 << 23))
      for d in ("float64", "int64")),
    Row("sort 1000x1024 dim 0", values(lambda x: x.sort(0), (1000, 1024)), ("sort",), bytes=4096e3),
    Row("topk 1000 of 1 M", values(lambda x: x.topk(1000), (1 << 20,)), ("topk",), bytes=4.0 * (1 << 20)),
    Row("sort 1024x1000 fwd+bwd", train(lambda x: x.sort(-1), 1024, 1000), ("sort", "scatter"), bytes=8192e3),
    Row("unique 1 M of 1000", uniques, ("sort", "cumsum"), bytes=16.0 * (1 << 20)),
    Row("searchsorted 1 M in 1000", places, ("searchsorted",), bytes=12.0 * (1 << 20)),
]  # fmt: skip
