"""Sums, means, maxima and argmax: everything, the last dimension, the first one (strided)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward

CALLS: dict[str, Callable[..., Any]] = {
    "sum": lambda x, *dim: x.sum(*dim),
    "mean": lambda x, *dim: x.mean(*dim),
    "max": lambda x, *dim: x.max(*dim)[0] if dim else x.max(),
    "min": lambda x, *dim: x.min(*dim)[0] if dim else x.min(),
    "prod": lambda x, *dim: x.prod(*dim),
    "argmax": lambda x, *dim: x.argmax(*dim),
    "argmin": lambda x, *dim: x.argmin(*dim),
}
WHOLE = {
    "mean": "sum_fwd",
    "argmax": "argmax_fwd",
    "argmin": "argmin_fwd",
}  # the kernel, where the name does not say it
ALONG = WHOLE | {"max": "argmax_fwd", "min": "argmin_fwd"}  # along a dimension an extreme comes with its place
SHAPES = {"64 MB": (16, 1 << 20), "4096x1000": (4096, 1000), "64x50": (64, 50)}


def forward(lib: Lib, call: Callable[..., Any], shape: tuple[int, ...], *dim: int) -> Any:
    x = lib.normal(*shape)
    return lambda: call(x, *dim)


def train(lib: Lib, call: Callable[..., Any], shape: tuple[int, ...], *dim: int) -> Any:
    x = lib.normal(*shape, grad=True)
    y = call(x, *dim)
    v = lib.normal(*y.shape)
    return lambda: backward(call(x, *dim), v, x)


def rows(name: str) -> list[Row]:
    call = CALLS[name]
    out = []
    for label, shape in SHAPES.items():
        for dims, where in (((), "all"), ((1,), "dim 1"), ((0,), "dim 0")):
            out.append(
                Row(
                    f"{name} {label} {where}",
                    lambda lib, s=shape, d=dims: forward(lib, call, s, *d),
                    ((ALONG if dims else WHOLE).get(name, f"{name}_fwd"),),
                    bytes=4.0 * shape[0] * shape[1] if shape != (64, 50) else 0.0,
                    rtol=1e-2,  # of the largest sum: those of normal values cancel
                )
            )
    if not name.startswith("arg"):
        out.append(Row(f"{name} 4096x1000 dim 1 fwd+bwd", lambda lib: train(lib, call, (4096, 1000), 1)))
    return out


ROWS = [row for name in CALLS for row in rows(name)]

STATISTICS: dict[str, tuple[str, Callable[..., Any]]] = {
    "std": ("sum_fwd", lambda x, *dim: x.std(*dim)),
    "norm": ("sum_squares_fwd", lambda x, *dim: x.norm(2, *dim)),
    "logsumexp": ("logsumexp_fwd", lambda x, *dim: x.logsumexp(*(dim or (0,)))),
}
ROWS += [
    Row(
        f"{name} 4096x1000 dim 1{' fwd+bwd' if bwd else ''}",
        lambda lib, c=call, m=make: m(lib, c, (4096, 1000), 1),
        (op,),
    )
    for name, (op, call) in STATISTICS.items()
    for bwd, make in ((False, forward), (True, train))
]
