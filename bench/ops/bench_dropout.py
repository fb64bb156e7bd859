"""Dropout in training mode: results are random, so the check compares shapes only."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward


def dropout(lib: Lib, shape: tuple[int, ...], train: bool) -> Any:
    x, v = lib.normal(*shape, grad=train), lib.normal(*shape)
    if not train:
        return lambda: lib.F.dropout(x, 0.5, True)
    return lambda: backward(lib.F.dropout(x, 0.5, True), v, x)


SHAPES = {"64 MB": (16, 1 << 20), "64x512": (64, 512)}
ROWS = [
    Row(
        f"dropout {label} {'fwd+bwd' if train else 'fwd'}",
        lambda lib, s=shape, t=train: dropout(lib, s, t),
        ("dropout",),
        bytes=(4.0 * shape[0] * shape[1] * (4 if train else 2)) if label == "64 MB" else 0.0,
        random=True,
    )
    for label, shape in SHAPES.items()
    for train in (False, True)
]
