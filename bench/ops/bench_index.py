"""Picking and writing by index: elements along a dimension, rows, masks, and the gradient of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward

Build = Callable[[Lib], Any]
TABLE, PICKED = (1 << 16, 64), 1 << 17
PICKED_BYTES = 4.0 * 64 * PICKED


def element(call: Callable[..., Any], dim: int, train: bool = False) -> Build:
    """call(x, dim, index, src) with one index an element of 1024×1024."""

    def build(lib: Lib) -> Any:
        x, src = lib.normal(1024, 1024, grad=train), lib.normal(1024, 1024)
        i = lib.ints(1024, 1024, 1024)
        return (lambda: backward(call(x, dim, i, src), src, x)) if train else lambda: call(x, dim, i, src)

    return build


def rows(call: Callable[..., Any], train: bool = False) -> Build:
    """call(x, index, source) with one index a row of 64."""

    def build(lib: Lib) -> Any:
        x, source = lib.normal(*TABLE, grad=train), lib.normal(PICKED, TABLE[1])
        i = lib.ints(TABLE[0], PICKED)
        return (lambda: backward(call(x, i, source), source, x)) if train else lambda: call(x, i, source)

    return build


def points(call: Callable[..., Any]) -> Build:
    """call(x, i, j) with a million places in 1024×1024."""

    def build(lib: Lib) -> Any:
        x, i, j = lib.normal(1024, 1024), lib.ints(1024, 1 << 20), lib.ints(1024, 1 << 20)
        return lambda: call(x, i, j)

    return build


def masks(call: Callable[..., Any]) -> Build:
    def build(lib: Lib) -> Any:
        x = lib.normal(1024, 1024)
        m = x > 0
        return lambda: call(lib, x, m)

    return build


def small(lib: Lib) -> Any:
    x, i = lib.normal(64, 50), lib.ints(64, 32)
    return lambda: x[i]


def labels(lib: Lib) -> Any:
    i = lib.ints(1000, 4096)
    return lambda: lib.F.one_hot(i, 1000)


def write(x: Any, key: Any) -> Any:
    x[key] = 0.5
    return x


def counts(lib: Lib) -> Any:
    i = lib.ints(1000, 1 << 20)
    return lambda: lib.dl.bincount(i)


MB = 1 << 20
GATHER, SCATTER, ADD = ("gather",), ("scatter",), ("scatter_add",)
PLACES, FOUND = ("index_offsets",), ("nonzero_count", "nonzero")
ROWS = [
    *(Row(f"gather 1024x1024 dim {d}", element(lambda x, d, i, s: x.gather(d, i), d), GATHER, bytes=16.0 * MB)
      for d in (0, 1)),
    *(Row(f"gather 1024x1024 dim {d} fwd+bwd", element(lambda x, d, i, s: x.gather(d, i), d, True), GATHER + ADD,
          bytes=36.0 * MB) for d in (0, 1)),
    *(Row(f"scatter_add 1024x1024 dim {d}", element(lambda x, d, i, s: x.scatter_add(d, i, s), d), ADD,
          bytes=20.0 * MB) for d in (0, 1)),
    Row("scatter 1024x1024 a number", element(lambda x, d, i, s: x.scatter(d, i, 1.0), 1), SCATTER, bytes=20.0 * MB),
    Row("index_select 65536x64", rows(lambda x, i, s: x.index_select(0, i)), GATHER, bytes=2 * PICKED_BYTES),
    Row("x[i] 64x50", small, GATHER),
    Row("x[i] 65536x64", rows(lambda x, i, s: x[i]), GATHER, bytes=2 * PICKED_BYTES),
    Row("x[i] 65536x64 fwd+bwd", rows(lambda x, i, s: x[i], True), GATHER + ADD, bytes=5 * PICKED_BYTES),
    Row("index_add 65536x64", rows(lambda x, i, s: x.index_add(0, i, s)), ADD, bytes=4 * PICKED_BYTES),
    Row("x[i, j] 1 M of 1024x1024", points(lambda x, i, j: x[i, j]), PLACES + GATHER, bytes=24.0 * MB),
    Row("x[i, j] = 1 M of 1024x1024", points(lambda x, i, j: write(x, (i, j))), SCATTER, bytes=24.0 * MB),
    Row("x[mask] 1024x1024", masks(lambda lib, x, m: x[m]), FOUND + GATHER, bytes=7.0 * MB),
    Row("x[mask] = 1024x1024", masks(lambda lib, x, m: write(x, m)), bytes=9.0 * MB),
    Row("masked_fill 1024x1024", masks(lambda lib, x, m: x.masked_fill(m, 0.0)), bytes=9.0 * MB),
    Row("nonzero 1024x1024", masks(lambda lib, x, m: lib.dl.nonzero(m)), FOUND, bytes=9.0 * MB),
    Row("one_hot 4096 of 1000", labels, SCATTER, bytes=8.0 * 4096 * 1000),
    Row("bincount 1 M of 1000", counts, ("bincount_most", "bincount"), bytes=8.0 * MB),
]  # fmt: skip
