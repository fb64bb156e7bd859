"""Arithmetic, maths, comparisons, where and clamp: a new 64 MB result, and small ones where the call itself costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward


def add_relu(dl: Any, x: Any, y: Any) -> Any:
    """In PyTorch: two ops, the second in the first one's memory."""
    fused = getattr(dl.nn.functional, "add_relu", None)
    return fused(x, y) if fused else dl.relu_(x + y)


BINARY: dict[str, Callable[..., Any]] = {
    "add": lambda dl, x, y: x + y,
    "add_relu": add_relu,
    "sub": lambda dl, x, y: x - y,
    "mul": lambda dl, x, y: x * y,
    "div": lambda dl, x, y: x / y,
    "pow": lambda dl, x, y: x**y,
    "maximum": lambda dl, x, y: dl.maximum(x, y),
    "minimum": lambda dl, x, y: dl.minimum(x, y),
    "eq": lambda dl, x, y: x == y,
    "ne": lambda dl, x, y: x != y,
    "lt": lambda dl, x, y: x < y,
    "le": lambda dl, x, y: x <= y,
    "gt": lambda dl, x, y: x > y,
    "ge": lambda dl, x, y: x >= y,
}
UNARY: dict[str, Callable[..., Any]] = {
    "neg": lambda dl, x: -x,
    "abs": lambda dl, x: dl.abs(x),
    "exp": lambda dl, x: dl.exp(x),
    "log": lambda dl, x: dl.log(x),
    "sqrt": lambda dl, x: dl.sqrt(x),
    "clamp": lambda dl, x: dl.clamp(x, 0.6, 0.9),
    "square": lambda dl, x: dl.square(x),
    "reciprocal": lambda dl, x: dl.reciprocal(x),
    "sign": lambda dl, x: dl.sign(x),
    "pow 3": lambda dl, x: x**3,
}
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
# The kernels under each, where the name alone does not say it: forward, then what backward adds.
FORWARD = {"sub": "add", "neg": "mul", "gt": "lt", "ge": "le", "square": "mul", "reciprocal": "div", "pow 3": "mul"}
BACKWARD = {
    "div": ("div_bwd_b",),
    "pow": ("pow_bwd_a", "pow_bwd_b"),
    "pow 3": ("pow_bwd_a",),
    **{name: (f"{name}_bwd",) for name in ("maximum", "minimum", "abs", "sqrt", "clamp", "square", "reciprocal")},
}
LARGE, SMALL = (16, 1 << 20), (64, 50)


def inputs(lib: Lib, n: int, shape: tuple[int, ...]) -> list[Any]:
    return [lib.uniform(*shape, low=0.5, high=1.5) for _ in range(n)]


def forward(lib: Lib, call: Callable[..., Any], n: int, shape: tuple[int, ...]) -> Any:
    args = inputs(lib, n, shape)
    return lambda: call(lib.dl, *args)


def train(lib: Lib, call: Callable[..., Any], n: int, shape: tuple[int, ...]) -> Any:
    args = [x.requires_grad_() for x in inputs(lib, n, shape)]
    v = lib.normal(*shape)
    return lambda: backward(call(lib.dl, *args), v, *args)


def where(lib: Lib, shape: tuple[int, ...]) -> Any:
    x, y = inputs(lib, 2, shape)
    mask = x > y
    return lambda: lib.dl.where(mask, x, y)


def broadcast(lib: Lib, rows: int, columns: int) -> Any:
    x, b = lib.normal(rows, columns), lib.normal(columns)
    return lambda: x + b


def scalar(lib: Lib, shape: tuple[int, ...]) -> Any:
    (x,) = inputs(lib, 1, shape)
    return lambda: x * 2.5


def inplace(lib: Lib, shape: tuple[int, ...]) -> Any:
    x, y = inputs(lib, 2, shape)
    y = y * 0.0  # the timed calls must not run x away to infinity
    return lambda: x.add_(y)


def rows(name: str, call: Callable[..., Any], n: int, written: float) -> list[Row]:
    big = 4.0 * LARGE[0] * LARGE[1]
    ops = (f"{FORWARD.get(name, name)}_fwd",)
    out = [
        Row(f"{name} 64 MB", lambda lib: forward(lib, call, n, LARGE), ops, bytes=big * (n + written)),
        Row(f"{name} 64x50", lambda lib: forward(lib, call, n, SMALL), ops),
    ]
    if name not in COMPARISONS:
        ops += BACKWARD.get(name, ())
        out.append(Row(f"{name} 64x50 fwd+bwd", lambda lib: train(lib, call, n, SMALL), ops))
    return out


MB64 = 4.0 * LARGE[0] * LARGE[1]
ROWS = [
    *[row for name, call in BINARY.items() for row in rows(name, call, 2, 0.25 if name in COMPARISONS else 1.0)],
    *[row for name, call in UNARY.items() for row in rows(name, call, 1, 1.0)],
    Row("where 64 MB", lambda lib: where(lib, LARGE), ("where_fwd",), bytes=3.25 * MB64),
    Row("where 64x50", lambda lib: where(lib, SMALL), ("where_fwd",)),
    Row("add bias 64x50", lambda lib: broadcast(lib, 64, 50), ("add_fwd",)),
    Row("add bias 4096x1000", lambda lib: broadcast(lib, 4096, 1000), ("add_fwd",), bytes=8.0 * 4096 * 1000),
    Row("mul scalar 64 MB", lambda lib: scalar(lib, LARGE), ("mul_fwd",), bytes=2 * MB64),
    Row("add_ 64 MB", lambda lib: inplace(lib, LARGE), ("add_fwd",), bytes=3 * MB64),
]
