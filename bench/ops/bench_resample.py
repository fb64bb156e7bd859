"""Images in another size: decoders' doubling, augmentation's resizing, nearest and bilinear."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ..harness import Lib, Row, backward

Call = Callable[[Lib, Any], Any]
NEAREST, LINEAR = ("resample_nearest", "resample_bwd"), ("resample_linear", "resample_bwd")
# call, x's shape, how many times it comes out, ops
CALLS: dict[str, tuple[Call, tuple[int, ...], float, tuple[str, ...]]] = {
    "nearest x2 16x64x28²": (lambda lib, x: lib.F.interpolate(x, scale_factor=2), (16, 64, 28, 28), 4, NEAREST),
    "bilinear x2 16x64x28²": (
        lambda lib, x: lib.F.interpolate(x, scale_factor=2, mode="bilinear"),
        (16, 64, 28, 28),
        4,
        LINEAR,
    ),
    "bilinear 224² 8x3x320²": (
        lambda lib, x: lib.F.interpolate(x, (224, 224), mode="bilinear"),
        (8, 3, 320, 320),
        0.49,
        LINEAR,
    ),
    "bilinear 28² 1x1x14²": (lambda lib, x: lib.F.interpolate(x, 28, mode="bilinear"), (1, 1, 14, 14), 4, LINEAR),
}


def forward(lib: Lib, call: Call, shape: tuple[int, ...]) -> Any:
    x = lib.image(*shape)
    return lambda: call(lib, x)


def train(lib: Lib, call: Call, shape: tuple[int, ...]) -> Any:
    x = lib.image(*shape, grad=True)
    v = lib.image(*call(lib, x).shape)
    return lambda: backward(call(lib, x), v, x)


ROWS = [
    row
    for name, (call, shape, grows, ops) in CALLS.items()
    for moved in [4.0 * prod(shape) * (1 + grows)]
    for row in (
        Row(f"resample {name} fwd", lambda lib, c=call, s=shape: forward(lib, c, s), ops[:1], bytes=moved),
        Row(f"resample {name} fwd+bwd", lambda lib, c=call, s=shape: train(lib, c, s), ops, bytes=2 * moved),
    )
]
