"""Activations over a new 64 MB result, a layer's worth, and one element's worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward

CALLS: dict[str, Callable[[Lib, Any], Any]] = {
    "relu": lambda lib, x: lib.F.relu(x),
    "leaky_relu": lambda lib, x: lib.F.leaky_relu(x, 0.1),
    "sigmoid": lambda lib, x: lib.dl.sigmoid(x),
    "tanh": lambda lib, x: lib.dl.tanh(x),
    "elu": lambda lib, x: lib.F.elu(x),
    "celu": lambda lib, x: lib.F.celu(x, 0.5),
    "gelu": lambda lib, x: lib.F.gelu(x),
    "gelu_tanh": lambda lib, x: lib.F.gelu(x, approximate="tanh"),
    "silu": lambda lib, x: lib.F.silu(x),
    "mish": lambda lib, x: lib.F.mish(x),
    "softplus": lambda lib, x: lib.F.softplus(x),
    "logsigmoid": lambda lib, x: lib.F.logsigmoid(x),
    "hardtanh": lambda lib, x: lib.F.hardtanh(x),
    "hardsigmoid": lambda lib, x: lib.F.hardsigmoid(x),
    "hardswish": lambda lib, x: lib.F.hardswish(x),
    "softsign": lambda lib, x: lib.F.softsign(x),
}
SIZES = {"64 MB": (16, 1 << 20), "1 MB": (256, 1024), "64x50": (64, 50)}


def forward(lib: Lib, call: Callable[[Lib, Any], Any], shape: tuple[int, ...]) -> Any:
    x = lib.normal(*shape)
    return lambda: call(lib, x)


def train(lib: Lib, call: Callable[[Lib, Any], Any], shape: tuple[int, ...]) -> Any:
    x, v = lib.normal(*shape, grad=True), lib.normal(*shape)
    return lambda: backward(call(lib, x), v, x)


def size(shape: tuple[int, ...]) -> float:
    return 4.0 * shape[0] * shape[1]


ROWS = [
    row
    for name, call in CALLS.items()
    for label, shape in SIZES.items()
    for row in (
        Row(
            f"{name} {label} fwd",
            lambda lib, c=call, s=shape: forward(lib, c, s),
            (f"{name}_fwd",),
            bytes=2 * size(shape),
        ),
        Row(
            f"{name} {label} fwd+bwd",
            lambda lib, c=call, s=shape: train(lib, c, s),
            (f"{name}_fwd", f"{name}_bwd"),
            bytes=5 * size(shape),
        ),
    )
]
