"""Images at a grid's places: a batch rotated and zoomed, and a feature map warped, with gradients to both."""

from __future__ import annotations

from math import prod
from typing import Any

from ..harness import Lib, Row, backward

OPS = ("grid_sample_fwd", "grid_sample_bwd_x", "grid_sample_bwd_grid")
# The gradient of a place on a pixel's edge is that of either side, which roundings choose: hence the rtol of fwd+bwd.
# x's shape, the grid's rows and columns, padding
CALLS: dict[str, tuple[tuple[int, ...], int, str]] = {
    "reflection 8x3x224²": ((8, 3, 224, 224), 224, "reflection"),
    "zeros 8x64x56²": ((8, 64, 56, 56), 56, "zeros"),
    "zeros 2x1x16²": ((2, 1, 16, 16), 16, "zeros"),
}


def inputs(lib: Lib, shape: tuple[int, ...], side: int, grad: bool = False) -> tuple[Any, Any]:
    x = lib.image(*shape, grad=grad)
    theta = lib.normal(shape[0], 2, 3) * 0.1 + lib.tensor(lib.rng.uniform(0.4, 0.6, (1, 2, 3)).astype("float32"))
    grid = lib.F.affine_grid(theta, (shape[0], 1, side, side), align_corners=True)
    return x, grid.requires_grad_() if grad else grid


def forward(lib: Lib, shape: tuple[int, ...], side: int, padding: str) -> Any:
    x, grid = inputs(lib, shape, side)
    return lambda: lib.F.grid_sample(x, grid, padding_mode=padding, align_corners=True)


def train(lib: Lib, shape: tuple[int, ...], side: int, padding: str) -> Any:
    x, grid = inputs(lib, shape, side, grad=True)
    v = lib.image(*shape[:2], side, side)
    return lambda: backward(lib.F.grid_sample(x, grid, padding_mode=padding, align_corners=True), v, x, grid)


ROWS = [
    row
    for name, how in CALLS.items()
    for moved in [8.0 * prod(how[0])]
    for row in (
        Row(f"grid_sample {name} fwd", lambda lib, a=how: forward(lib, *a), OPS[:1], bytes=moved),
        Row(f"grid_sample {name} fwd+bwd", lambda lib, a=how: train(lib, *a), OPS, bytes=2.5 * moved, rtol=1),
    )
]
