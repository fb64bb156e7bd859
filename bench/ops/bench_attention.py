"""Scaled dot-product attention, of two products and a softmax: self-attention's shapes."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward


def attention(lib: Lib, shape: tuple[int, ...], causal: bool, train: bool) -> Any:
    q, k, v = (lib.normal(*shape, grad=train) for _ in range(3))
    call = lib.F.scaled_dot_product_attention
    if not train:
        return lambda: call(q, k, v, is_causal=causal)
    g = lib.normal(*shape)
    return lambda: backward(call(q, k, v, is_causal=causal), g, q, k, v)


SHAPES = {"8x8x512x64": (8, 8, 512, 64), "4x4x64x32": (4, 4, 64, 32)}


def products(shape: tuple[int, ...]) -> float:
    n, heads, length, width = shape
    return 4.0 * n * heads * length * length * width


ROWS = [
    Row(
        f"attention {label}{' causal' if causal else ''} {'fwd+bwd' if train else 'fwd'}",
        lambda lib, s=shape, c=causal, t=train: attention(lib, s, c, t),
        ("gemm", "softmax_fwd", "softmax_bwd") if train else ("gemm", "softmax_fwd"),
        flops=products(shape) * (3 if train else 1) if shape[2] > 64 else 0.0,
    )
    for label, shape in SHAPES.items()
    for causal in (False, True)
    for train in (False, True)
]
