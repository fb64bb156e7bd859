"""Softmax, log-softmax and the fused cross entropy: the course's 64×10, and 4096×1000 from TARGETS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward

SHAPES = {"4096x1000": (4096, 1000), "64x10": (64, 10)}


def rowwise(lib: Lib, name: str, shape: tuple[int, ...], train: bool) -> Any:
    x, v = lib.normal(*shape, grad=train), lib.normal(*shape)
    call = getattr(lib.F, name)
    return (lambda: backward(call(x, 1), v, x)) if train else (lambda: call(x, 1))


def each(lib: Lib, shape: tuple[int, ...]) -> Any:
    """The losses of the rows, whose gradients come one by one: a second pass."""
    x, labels, v = lib.normal(*shape, grad=True), lib.ints(shape[1], shape[0]), lib.normal(shape[0])
    return lambda: backward(lib.F.cross_entropy(x, labels, reduction="none"), v, x)


def xent(lib: Lib, shape: tuple[int, ...], train: bool, smoothing: float = 0.0) -> Any:
    x, labels = lib.normal(*shape, grad=train), lib.ints(shape[1], shape[0])
    if not train:
        return lambda: lib.F.cross_entropy(x, labels, label_smoothing=smoothing)
    return lambda: (loss := lib.F.cross_entropy(x, labels, label_smoothing=smoothing), *backward(loss, None, x))


def size(shape: tuple[int, ...]) -> float:
    return 4.0 * shape[0] * shape[1] if shape[0] > 64 else 0.0


def rows(name: str, ops: tuple[str, str], make: Callable[..., Any], moved: tuple[float, float]) -> list[Row]:
    return [
        Row(
            f"{name} {label} {'fwd+bwd' if train else 'fwd'}",
            lambda lib, s=shape, t=train: make(lib, s, t),
            ops if train else ops[:1],
            bytes=moved[train] * size(shape),
        )
        for label, shape in SHAPES.items()
        for train in (False, True)
    ]


ROWS = [
    *rows("softmax", ("softmax_fwd", "softmax_bwd"), lambda lib, s, t: rowwise(lib, "softmax", s, t), (2, 5)),
    *rows(
        "log_softmax",
        ("log_softmax_fwd", "log_softmax_bwd"),
        lambda lib, s, t: rowwise(lib, "log_softmax", s, t),
        (2, 5),
    ),
    *rows(
        "cross_entropy smoothed",
        ("cross_entropy_fwd", "cross_entropy_fwd"),
        lambda lib, s, t: xent(lib, s, t, 0.1),
        (1, 3),
    ),
    *rows("cross_entropy", ("cross_entropy_fwd", "cross_entropy_fwd"), xent, (1, 3)),
    *(
        Row(
            f"cross_entropy of each row {label} fwd+bwd",
            lambda lib, s=shape: each(lib, s),
            ("cross_entropy_fwd", "cross_entropy_bwd"),
            bytes=3 * size(shape),
        )
        for label, shape in SHAPES.items()
    ),
]
