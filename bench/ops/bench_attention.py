"""Scaled dot-product attention, fused: self-attention's shapes, and nn.MultiheadAttention around it."""

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


def module(lib: Lib, weights: bool) -> Any:
    """nn.MultiheadAttention of 512 with 8 heads on 8 sequences of 128, with every gradient."""
    layer, x = lib.fill(lib.nn.MultiheadAttention(512, 8, batch_first=True)), lib.normal(8, 128, 512, grad=True)
    v, leaves = lib.normal(8, 128, 512), [x, *layer.parameters()]
    return lambda: backward(layer(x, x, x, need_weights=weights)[0], v, *leaves)


def products(shape: tuple[int, ...]) -> float:
    n, heads, length, width = shape
    return 4.0 * n * heads * length * length * width


ROWS = [
    Row(
        f"attention {label}{' causal' if causal else ''} {'fwd+bwd' if train else 'fwd'}",
        lambda lib, s=shape, c=causal, t=train: attention(lib, s, c, t),
        ("attention_fwd", "attention_bwd") if train else ("attention_fwd",),
        flops=products(shape) * (3 if train else 1) if shape[2] > 64 else 0.0,
    )
    for label, shape in SHAPES.items()
    for causal in (False, True)
    for train in (False, True)
]
ROWS += [
    Row(
        f"MultiheadAttention 8x128x512 {'with weights' if weights else 'without weights'} fwd+bwd",
        lambda lib, w=weights: module(lib, w),
        ("softmax_fwd", "softmax_bwd") if weights else ("attention_fwd", "attention_bwd"),
    )
    for weights in (False, True)
]
