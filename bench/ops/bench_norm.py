"""Batch norm, 2-d and 1-d, training mode forward and backward, and evaluation; layer norm and group norm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..harness import Lib, Row, backward


def batch_norm(lib: Lib, shape: tuple[int, ...], mode: str) -> Any:
    c, grad = shape[1], mode == "fwd+bwd"
    make = lib.image if len(shape) == 4 else lib.normal
    x = make(*shape, grad=grad)
    mean, var = lib.tensor(lib.rng.standard_normal(c).astype("f4")), lib.uniform(c, low=0.5, high=1.5)
    weight, bias = lib.normal(c, grad=grad), lib.normal(c, grad=grad)
    if mode == "eval":
        return lambda: lib.F.batch_norm(x, mean, var, weight, bias, training=False)
    if not grad:
        return lambda: lib.F.batch_norm(x, mean, var, weight, bias, training=True)
    v = make(*shape)
    return lambda: backward(lib.F.batch_norm(x, mean, var, weight, bias, training=True), v, x, weight, bias)


def batch_norm_relu(lib: Lib, shape: tuple[int, ...]) -> Any:
    """As ResNets go on from batch norm: with a ReLU in place."""
    c, x, v = shape[1], lib.image(*shape, grad=True), lib.image(*shape)
    weight, bias = lib.normal(c, grad=True), lib.normal(c, grad=True)

    def call() -> Any:
        y = lib.F.batch_norm(x, None, None, weight, bias, training=True)
        return backward(lib.F.relu(y, inplace=True), v, x, weight, bias)

    return call


def row_norm(lib: Lib, call: Callable[..., Any], shape: tuple[int, ...], params: int, mode: str) -> Any:
    grad = mode == "fwd+bwd"
    x, weight, bias = lib.normal(*shape, grad=grad), lib.normal(params, grad=grad), lib.normal(params, grad=grad)
    if not grad:
        return lambda: call(lib.F, x, weight, bias)
    v = lib.normal(*shape)
    return lambda: backward(call(lib.F, x, weight, bias), v, x, weight, bias)


SHAPES = {"2d 32x64x56²": (32, 64, 56, 56), "2d 64x16x7²": (64, 16, 7, 7), "1d 64x50": (64, 50)}
EVAL = ("batch_norm_fwd",)
FWD = ("batch_norm_stats", *EVAL)
BWD = (*FWD, "batch_norm_sums", "batch_norm_bwd")
OPS = {"fwd": FWD, "fwd+bwd": BWD, "eval": EVAL}


def size(shape: tuple[int, ...]) -> float:
    n = 4.0
    for s in shape:
        n *= s
    return n if n > 1e6 else 0.0


ROWS = [
    Row(
        f"batch_norm {label} {mode}",
        lambda lib, s=shape, m=mode: batch_norm(lib, s, m),
        OPS[mode],
        bytes=size(shape) * (8 if mode == "fwd+bwd" else 3 if mode == "fwd" else 2),
    )
    for label, shape in SHAPES.items()
    for mode in ("fwd", "fwd+bwd", "eval")
]
ROWS += [
    Row(
        f"batch_norm + relu {label} fwd+bwd",
        lambda lib, s=shape: batch_norm_relu(lib, s),
        (*BWD, "relu_fwd"),
        bytes=size(shape) * 10,  # forward 3 and the relu's 2, backward 5
    )
    for label, shape in list(SHAPES.items())[:2]
]
ROW_NORMS: dict[str, tuple[Callable[..., Any], tuple[int, ...], int]] = {
    "layer_norm 8192x512": (lambda F, x, w, b: F.layer_norm(x, (512,), w, b), (8192, 512), 512),
    "layer_norm 64x50": (lambda F, x, w, b: F.layer_norm(x, (50,), w, b), (64, 50), 50),
    "group_norm 32x64x56² in 8": (lambda F, x, w, b: F.group_norm(x, 8, w, b), (32, 64, 56, 56), 64),
}
ROWS += [
    Row(
        f"{label} {mode}",
        lambda lib, c=call, s=shape, p=params, m=mode: row_norm(lib, c, s, p, m),
        ("row_norm_fwd", "row_norm_bwd") if mode == "fwd+bwd" else ("row_norm_fwd",),
        bytes=size(shape) * (8 if mode == "fwd+bwd" else 2),
    )
    for label, (call, shape, params) in ROW_NORMS.items()
    for mode in ("fwd", "fwd+bwd")
]
