"""Dropout in training mode: results are random, so the check compares shapes only."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward


def dropout(lib: Lib, shape: tuple[int, ...], train: bool, name: str = "dropout") -> Any:
    draw, drop = (lib.image if len(shape) == 4 else lib.normal), getattr(lib.F, name)
    x, v = draw(*shape, grad=train), draw(*shape)
    if not train:
        return lambda: drop(x, 0.5, True)
    return lambda: backward(drop(x, 0.5, True), v, x)


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
ROWS += [
    Row(
        f"dropout2d 32x64x56² {'fwd+bwd' if train else 'fwd'}",
        lambda lib, t=train: dropout(lib, (32, 64, 56, 56), t, "dropout2d"),
        ("dropout",),
        bytes=4.0 * 32 * 64 * 56 * 56 * (4 if train else 2),
        random=True,
    )
    for train in (False, True)
]
