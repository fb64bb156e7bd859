"""Pooling: max 3×3 s2 and 2×2, average, adaptive average; forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward

Pool = Callable[[Lib, Any], Any]


def forward(lib: Lib, pool: Pool, shape: tuple[int, ...]) -> Any:
    x = lib.image(*shape)
    return lambda: pool(lib, x)


def train(lib: Lib, pool: Pool, shape: tuple[int, ...]) -> Any:
    x = lib.image(*shape, grad=True)
    v = lib.image(*pool(lib, x).shape)
    return lambda: backward(pool(lib, x), v, x)


def size(shape: tuple[int, ...]) -> float:
    n, c, h, w = shape
    return 4.0 * n * c * h * w


RESNET, MNIST, TINY = (32, 64, 56, 56), (64, 32, 28, 28), (1, 3, 8, 8)
MAX, AVG = ("max_pool2d_fwd", "max_pool2d_bwd"), ("avg_pool2d_fwd", "avg_pool2d_bwd")
POOLS: dict[str, tuple[Pool, tuple[int, ...], float, tuple[str, ...]]] = {
    "max 3x3 s2 32x64x56²": (lambda lib, x: lib.F.max_pool2d(x, 3, 2, 1), RESNET, 4, MAX),
    "max 2x2 64x32x28²": (lambda lib, x: lib.F.max_pool2d(x, 2), MNIST, 4, MAX),
    "max 2x2 1x3x8²": (lambda lib, x: lib.F.max_pool2d(x, 2), TINY, 4, MAX),
    "avg 2x2 32x64x56²": (lambda lib, x: lib.F.avg_pool2d(x, 2), RESNET, 4, AVG),
    "adaptive max 1 32x64x56²": (lambda lib, x: lib.F.adaptive_max_pool2d(x, 1), RESNET, 1, MAX),
    "adaptive avg 1 32x64x56²": (lambda lib, x: lib.F.adaptive_avg_pool2d(x, 1), RESNET, 1, AVG),
}


def rows(name: str, pool: Pool, shape: tuple[int, ...], shrink: float, ops: tuple[str, ...]) -> list[Row]:
    moved = size(shape) * (1 + 1 / shrink)
    return [
        Row(f"pool {name} fwd", lambda lib: forward(lib, pool, shape), ops[:1], bytes=moved),
        Row(f"pool {name} fwd+bwd", lambda lib: train(lib, pool, shape), ops, bytes=2 * moved),
    ]


ROWS = [row for name, spec in POOLS.items() for row in rows(name, *spec)]
