"""Borders around a batch of images, and patches: pad in its modes, pixel_shuffle, unfold, fold."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ..harness import Lib, Row, backward

Call = Callable[[Lib, Any], Any]


def forward(lib: Lib, call: Call, make: str, shape: tuple[int, ...]) -> Any:
    x = getattr(lib, make)(*shape)
    return lambda: call(lib, x)


def train(lib: Lib, call: Call, make: str, shape: tuple[int, ...]) -> Any:
    x = getattr(lib, make)(*shape, grad=True)
    out = call(lib, x).shape
    v = lib.image(*out) if len(out) == 4 else lib.normal(*out)
    return lambda: backward(call(lib, x), v, x)


IMAGE, MNIST, COLUMNS = (32, 64, 56, 56), (64, 1, 28, 28), (8, 64 * 9, 28 * 28)
CALLS: dict[str, tuple[Call, str, tuple[int, ...], float]] = {  # call, input, its shape, how many times it comes out
    "pad zeros 1 32x64x56²": (lambda lib, x: lib.F.pad(x, (1, 1, 1, 1)), "image", IMAGE, 1.1),
    "pad reflect 4 32x64x56²": (lambda lib, x: lib.F.pad(x, (4,) * 4, "reflect"), "image", IMAGE, 1.3),
    "pad zeros 4 64x1x28²": (lambda lib, x: lib.F.pad(x, (4,) * 4), "normal", MNIST, 1.6),
    "pixel_shuffle 2 32x64x56²": (lambda lib, x: lib.F.pixel_shuffle(x, 2), "image", IMAGE, 1),
    "unfold 3x3 8x64x28²": (lambda lib, x: lib.F.unfold(x, 3, padding=1), "image", (8, 64, 28, 28), 9),
    "fold 3x3 8x64x28²": (lambda lib, x: lib.F.fold(x, 28, 3, padding=1), "normal", COLUMNS, 1 / 9),
}
ROWS = [
    row
    for name, (call, make, shape, grows) in CALLS.items()
    for moved in [4.0 * prod(shape) * (1 + grows)]
    for row in (
        Row(f"{name} fwd", lambda lib, c=call, m=make, s=shape: forward(lib, c, m, s), bytes=moved),
        Row(f"{name} fwd+bwd", lambda lib, c=call, m=make, s=shape: train(lib, c, m, s), bytes=2 * moved),
    )
]
