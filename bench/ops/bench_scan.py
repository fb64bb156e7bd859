"""Running totals along a long line, along rows and along columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward

SHAPES = {"4 M": ((1 << 22,), 0), "1024x1000 dim 1": ((1024, 1000), 1), "1024x1000 dim 0": ((1024, 1000), 0),
          "64x50 dim 1": ((64, 50), 1)}  # fmt: skip
SIZE = {"4 M": 1 << 22, "64x50 dim 1": 0}


def total(name: str, shape: tuple[int, ...], dim: int, train: bool = False) -> Callable[[Lib], Any]:
    """Of numbers near 1, whose products stay in range."""

    def build(lib: Lib) -> Any:
        x = lib.tensor(lib.rng.uniform(0.99, 1.01, shape).astype("float32"), grad=train)
        if not train:
            return lambda: getattr(x, name)(dim)
        v = lib.normal(*shape)
        return lambda: backward(getattr(x, name)(dim), v, x)

    return build


ROWS = [
    *(Row(f"{name} {label}", total(name, *at), (name,), bytes=width * SIZE.get(label, 1024000))
      for name, width in (("cumsum", 8.0), ("cumprod", 8.0), ("cummax", 16.0), ("cummin", 16.0))
      for label, at in SHAPES.items()),
    Row("cumsum 1024x1000 fwd+bwd", total("cumsum", (1024, 1000), 1, True), ("cumsum",), bytes=16.0 * 1024000),
    Row("cumprod 1024x1000 fwd+bwd", total("cumprod", (1024, 1000), 1, True), ("cumprod", "cumprod_bwd"),
        bytes=28.0 * 1024000),
]  # fmt: skip
