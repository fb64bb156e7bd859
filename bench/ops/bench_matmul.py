"""Matrix products: square, the course's layer, batched, transposed operands, and with bias (linear)."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward


def flops(m: int, k: int, n: int, batch: int = 1) -> float:
    return 2.0 * batch * m * k * n


def plain(lib: Lib, m: int, k: int, n: int) -> Any:
    a, b = lib.normal(m, k), lib.normal(k, n)
    return lambda: lib.dl.matmul(a, b)


def turned(lib: Lib, m: int, k: int, n: int, left: bool) -> Any:
    a = lib.normal(k, m).T if left else lib.normal(m, k)
    b = lib.normal(k, n) if left else lib.normal(n, k).T
    return lambda: lib.dl.matmul(a, b)


def batched(lib: Lib, batch: int, m: int, k: int, n: int) -> Any:
    a, b = lib.normal(batch, m, k), lib.normal(batch, k, n)
    return lambda: lib.dl.matmul(a, b)


def linear(lib: Lib, m: int, k: int, n: int) -> Any:
    x, w, b = lib.normal(m, k), lib.normal(n, k), lib.normal(n)
    return lambda: lib.F.linear(x, w, b)


def linear_train(lib: Lib, m: int, k: int, n: int) -> Any:
    x, w, b = lib.normal(m, k, grad=True), lib.normal(n, k, grad=True), lib.normal(n, grad=True)
    v = lib.normal(m, n)
    return lambda: backward(lib.F.linear(x, w, b), v, x, w, b)


OPS = ("gemm",)
PACKED = ("gemm", "gemm_pack")  # an operand that cannot be read in place is packed
BWD = (*PACKED, "column_sums")  # the bias's gradient
SQUARE = [(64, 64, 64), (512, 512, 512), (1024, 1024, 1024), (128, 784, 256), (64, 784, 50), (64, 50, 10), (7, 13, 5)]
ROWS = [
    *[
        Row(f"matmul {m}x{k}x{n}", lambda lib, s=(m, k, n): plain(lib, *s), OPS, flops=flops(m, k, n))
        for m, k, n in SQUARE
    ],
    Row("matmul 512x512x512 a.T", lambda lib: turned(lib, 512, 512, 512, True), PACKED, flops=flops(512, 512, 512)),
    Row("matmul 512x512x512 b.T", lambda lib: turned(lib, 512, 512, 512, False), PACKED, flops=flops(512, 512, 512)),
    Row("matmul batched 16x64x64x64", lambda lib: batched(lib, 16, 64, 64, 64), OPS, flops=flops(64, 64, 64, 16)),
    Row("matmul batched 8x256x64x256", lambda lib: batched(lib, 8, 256, 64, 256), OPS, flops=flops(256, 64, 256, 8)),
    Row("matmul vector 1024x1024x1", lambda lib: plain(lib, 1024, 1024, 1), OPS, bytes=4.0 * 1024 * 1024),
    Row("linear 128x784x256", lambda lib: linear(lib, 128, 784, 256), OPS, flops=flops(128, 784, 256)),
    Row("linear 1x784x50", lambda lib: linear(lib, 1, 784, 50), OPS, bytes=4.0 * 784 * 50),
    Row("linear 64x784x50 fwd+bwd", lambda lib: linear_train(lib, 64, 784, 50), BWD, flops=3 * flops(64, 784, 50)),
    Row(
        "linear 128x784x256 fwd+bwd", lambda lib: linear_train(lib, 128, 784, 256), BWD, flops=3 * flops(128, 784, 256)
    ),
]
