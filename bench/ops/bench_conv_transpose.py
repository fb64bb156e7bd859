"""Transposed convolutions of decoders and generators, and convolutions of rows (speech, text)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward

GEMM = ("gemm", "gemm_pack")
# call, x's shape, w's shape
CALLS: dict[str, tuple[Callable[[Lib, Any, Any], Any], tuple[int, ...], tuple[int, ...]]] = {
    "conv_transpose2d 2x2 s2 n8 c128 28²": (
        lambda lib, x, w: lib.F.conv_transpose2d(x, w, stride=2),
        (8, 128, 28, 28),
        (128, 64, 2, 2),
    ),
    "conv_transpose2d 4x4 s2 n16 c64 14²": (
        lambda lib, x, w: lib.F.conv_transpose2d(x, w, stride=2, padding=1),
        (16, 64, 14, 14),
        (64, 32, 4, 4),
    ),
    "conv1d 5 n32 c64 l256": (lambda lib, x, w: lib.F.conv1d(x, w, padding=2), (32, 64, 256), (64, 64, 5)),
}


def draw(lib: Lib, shape: tuple[int, ...], grad: bool = False) -> Any:
    return lib.image(*shape, grad=grad) if len(shape) == 4 else lib.normal(*shape, grad=grad)


def forward(lib: Lib, call: Any, x: tuple[int, ...], w: tuple[int, ...]) -> Any:
    a, b = draw(lib, x), draw(lib, w)
    return lambda: call(lib, a, b)


def train(lib: Lib, call: Any, x: tuple[int, ...], w: tuple[int, ...]) -> Any:
    a, b = draw(lib, x, True), draw(lib, w, True)
    v = draw(lib, tuple(call(lib, a, b).shape))
    return lambda: backward(call(lib, a, b), v, a, b)


def flops(x: tuple[int, ...], w: tuple[int, ...]) -> float:
    """Each pixel of x meets the taps of one of its sides: the same for the convolutions here, of stride 1."""
    pixels = x[0]
    for n in (*x[2:], *w):
        pixels *= n
    return 2.0 * pixels


ROWS = [
    row
    for name, (call, x, w) in CALLS.items()
    for row in (
        Row(f"{name} fwd", lambda lib, c=call, x=x, w=w: forward(lib, c, x, w), GEMM, flops=flops(x, w)),
        Row(f"{name} fwd+bwd", lambda lib, c=call, x=x, w=w: train(lib, c, x, w), GEMM, flops=3 * flops(x, w)),
    )
]
