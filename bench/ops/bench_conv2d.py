"""Convolutions: the ResNet bodies, both first layers, 1×1, the course's CNN, depthwise and dilated. TARGETS shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dlcore import _C, testing

from ..harness import Lib, Row, at_precision, backward


@dataclass(frozen=True)
class Conv:
    n: int
    c: int
    hw: int
    k: int
    r: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    first: bool = False  # the network's input: no gradient for x

    @property
    def out(self) -> int:
        return (self.hw + 2 * self.padding - self.dilation * (self.r - 1) - 1) // self.stride + 1

    def flops(self) -> float:
        return 2.0 * self.n * self.k * self.out**2 * (self.c // self.groups) * self.r**2

    def train_flops(self) -> float:
        return self.flops() * (2 if self.first else 3)

    def call(self, lib: Lib, x: Any, w: Any) -> Any:
        return lib.F.conv2d(x, w, None, self.stride, self.padding, self.dilation, self.groups)

    def inputs(self, lib: Lib, grad: bool) -> tuple[Any, Any]:
        x = lib.image(self.n, self.c, self.hw, self.hw, grad=grad and not self.first)
        return x, lib.image(self.k, self.c // self.groups, self.r, self.r, grad=grad)


def forward(lib: Lib, conv: Conv) -> Any:
    x, w = conv.inputs(lib, grad=False)
    return lambda: conv.call(lib, x, w)


def train(lib: Lib, conv: Conv) -> Any:
    x, w = conv.inputs(lib, grad=True)
    v = lib.image(conv.n, conv.k, conv.out, conv.out)
    leaves = (w,) if conv.first else (x, w)
    return lambda: backward(conv.call(lib, x, w), v, *leaves)


def winograd(lib: Lib, call: Callable[[], Any]) -> Callable[[], Any]:
    """As a machine without AMX computes under "high". PyTorch's float32 takes no tiles either."""
    if lib.peer:
        return call

    def capped() -> Any:
        with testing.isa("avx512" if _C.isa() in ("avx512bf16", "amx") else _C.isa()):
            return call()

    return at_precision(lib, "high", capped)


CONVS = {
    "3x3 n32 c64 56²": Conv(32, 64, 56, 64, 3, padding=1),
    "3x3 n32 c128 28²": Conv(32, 128, 28, 128, 3, padding=1),
    "3x3 n32 c256 14²": Conv(32, 256, 14, 256, 3, padding=1),
    "3x3 n32 c512 7²": Conv(32, 512, 7, 512, 3, padding=1),
    "3x3 n64 c1 28² k32": Conv(64, 1, 28, 32, 3, padding=1, first=True),
    "7x7 s2 n32 c3 224² k64": Conv(32, 3, 224, 64, 7, stride=2, padding=3, first=True),
    "1x1 n32 c256 14² k1024": Conv(32, 256, 14, 1024, 1),
    "3x3 n64 c32 14² k64": Conv(64, 32, 14, 64, 3, padding=1),
    "3x3 s2 n64 c8 14² k16": Conv(64, 8, 14, 16, 3, stride=2, padding=1),
    "3x3 depthwise n32 c64 28²": Conv(32, 64, 28, 64, 3, padding=1, groups=64),
    "3x3 dilated n8 c32 28²": Conv(8, 32, 28, 32, 3, padding=2, dilation=2),
    "3x3 n1 c64 56²": Conv(1, 64, 56, 64, 3, padding=1),
}
WINOGRAD = ("3x3 n32 c64 56²", "3x3 n32 c128 28²", "3x3 n32 c256 14²", "3x3 n32 c512 7²", "3x3 n1 c64 56²")
GEMM = (("gemm", "gemm_pack"), ("gemm", "gemm_pack", "gemm_sum"))  # implicit matrix products
DEPTHWISE = (("depthwise_fwd",), ("depthwise_fwd", "depthwise_bwd_x", "depthwise_bwd_w"))
FIRST = (("first_layer_fwd",), ("first_layer_fwd", "first_layer_bwd_w"))
ROWS = [
    row
    for name, conv in CONVS.items()
    for fwd, bwd in [DEPTHWISE if conv.groups == conv.c > 1 else FIRST if conv.first else GEMM]
    for row in (
        Row(f"conv2d {name} fwd", lambda lib, c=conv: forward(lib, c), fwd, flops=conv.flops()),
        Row(f"conv2d {name} fwd+bwd", lambda lib, c=conv: train(lib, c), bwd, flops=conv.train_flops()),
    )
]
ROWS += [
    row
    for name in WINOGRAD
    for conv in [CONVS[name]]
    for row in (
        Row(
            f"conv2d winograd {name} fwd",
            lambda lib, c=conv: winograd(lib, forward(lib, c)),
            ("winograd",),
            flops=conv.flops(),
        ),
        Row(
            f"conv2d winograd {name} fwd+bwd",
            lambda lib, c=conv: winograd(lib, train(lib, c)),
            ("winograd", "winograd_weights"),
            flops=conv.train_flops(),
        ),
    )
]
