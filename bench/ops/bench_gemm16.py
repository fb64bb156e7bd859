"""bfloat16: products, convolutions and what lies between them, operands in bfloat16 in memory."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward
from .bench_conv2d import CONVS, Conv

ROUGH = 4e-2  # a result and what it was made of are rounded to 8 bits


def low(lib: Lib, x: Any, grad: bool = False) -> Any:
    """x in bfloat16; images channels-last in both libraries, PyTorch's faster layout."""
    x = x.bfloat16()
    if lib.exact:
        x = x.double()
    if lib.peer and x.ndim == 4:
        x = x.contiguous(memory_format=lib.dl.channels_last)
    return x.detach().requires_grad_() if grad else x


def product(lib: Lib, m: int, k: int, n: int) -> Any:
    a, b = low(lib, lib.normal(m, k)), low(lib, lib.normal(k, n))
    return lambda: lib.dl.matmul(a, b)


def forward(lib: Lib, conv: Conv) -> Any:
    x, w = (low(lib, t) for t in conv.inputs(lib, grad=False))
    return lambda: conv.call(lib, x, w)


def train(lib: Lib, conv: Conv) -> Any:
    x, w = (low(lib, t, grad=True) for t in conv.inputs(lib, grad=False))
    v = low(lib, lib.image(conv.n, conv.k, conv.out, conv.out))
    return lambda: backward(conv.call(lib, x, w), v, x, w)


def pointwise(lib: Lib, name: str) -> Any:
    x, y = low(lib, lib.normal(1 << 22)), low(lib, lib.normal(1 << 22))
    return {"relu": lambda: lib.dl.relu(x), "add": lambda: x + y}[name]


def flops(m: int, k: int, n: int) -> float:
    return 2.0 * m * k * n


SQUARE = [(512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (128, 784, 256), (64, 784, 50)]
ROWS = [
    *[
        Row(
            f"bf16 matmul {m}x{k}x{n}",
            lambda lib, s=(m, k, n): product(lib, *s),
            ("gemm16",),
            flops=flops(m, k, n),
            rtol=ROUGH,
        )
        for m, k, n in SQUARE
    ],
    *[
        row
        for name in ("3x3 n32 c64 56²", "3x3 n32 c128 28²", "3x3 n32 c256 14²", "1x1 n32 c256 14² k1024")
        for conv in [CONVS[name]]
        for row in (
            Row(
                f"bf16 conv2d {name} fwd",
                lambda lib, c=conv: forward(lib, c),
                ("gemm16",),
                flops=conv.flops(),
                rtol=ROUGH,
            ),
            Row(
                f"bf16 conv2d {name} fwd+bwd",
                lambda lib, c=conv: train(lib, c),
                ("gemm16", "gemm16_sum"),
                flops=conv.train_flops(),
                rtol=ROUGH,
            ),
        )
    ],
    *[
        Row(
            f"bf16 {name} 4M",
            lambda lib, n=name: pointwise(lib, n),
            (f"{name}_fwd",),
            bytes=2.0 * (1 << 22) * n,
            rtol=ROUGH,
        )
        for name, n in (("relu", 2), ("add", 3))
    ],
]
