"""Copies: contiguous, transposed, permuted images, cat, stack, dtype changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..harness import Lib, Row, backward

MB64 = 4.0 * 16 * (1 << 20)
IMAGES = (32, 64, 56, 56)
IMAGE_BYTES = 4.0 * 32 * 64 * 56 * 56


def of(shape: tuple[int, ...], call: Callable[[Any], Any]) -> Callable[[Lib], Any]:
    def build(lib: Lib) -> Any:
        x = lib.normal(*shape)
        return lambda: call(x)

    return build


def joined(lib: Lib, name: str, dim: int, *shape: int) -> Any:
    parts = [lib.normal(*shape) for _ in range(4)]
    return lambda: getattr(lib.dl, name)(parts, dim)


def joined_train(lib: Lib, name: str, dim: int, *shape: int) -> Any:
    parts = [lib.normal(*shape, grad=True) for _ in range(4)]
    v = lib.normal(*getattr(lib.dl, name)(parts, dim).shape)
    return lambda: backward(getattr(lib.dl, name)(parts, dim), v, *parts)


def cast(lib: Lib, *shape: int) -> Any:
    x = lib.tensor(lib.rng.integers(0, 255, shape).astype(np.uint8))
    return lambda: x.to(lib.dl.float32)


COPY, TURN = ("copy",), ("transpose",)
ROWS = [
    Row("clone 64 MB", of((16, 1 << 20), lambda x: x.clone()), COPY, bytes=2 * MB64),
    Row("clone 64x50", of((64, 50), lambda x: x.clone()), COPY),
    Row("transpose copy 4096x4096", of((4096, 4096), lambda x: x.T.contiguous()), TURN, bytes=2 * MB64),
    Row(
        "nchw to nhwc 32x64x56²", of(IMAGES, lambda x: x.permute(0, 2, 3, 1).contiguous()), TURN, bytes=2 * IMAGE_BYTES
    ),
    Row(
        "nhwc to nchw 32x56²x64",
        of((32, 56, 56, 64), lambda x: x.permute(0, 3, 1, 2).contiguous()),
        TURN,
        bytes=2 * IMAGE_BYTES,
    ),
    Row("reshape copy 1024x1024", of((1024, 1024), lambda x: x.T.reshape(-1)), TURN, bytes=8.0 * (1 << 20)),
    Row("strided slice copy", of((4096, 4096), lambda x: x[:, ::2].contiguous()), COPY, bytes=MB64),
    Row("flatten 64x64x7² (view)", of((64, 64, 7, 7), lambda x: x.reshape(64, -1))),
    Row("cat 4x 1024x1024 dim 0", lambda lib: joined(lib, "cat", 0, 1024, 1024), COPY, bytes=32.0 * (1 << 20)),
    Row("cat 4x 1024x1024 dim 1", lambda lib: joined(lib, "cat", 1, 1024, 1024), COPY, bytes=32.0 * (1 << 20)),
    Row("cat 4x 64x50 dim 1 fwd+bwd", lambda lib: joined_train(lib, "cat", 1, 64, 50), COPY),
    Row("stack 4x 1024x1024 dim 0", lambda lib: joined(lib, "stack", 0, 1024, 1024), COPY, bytes=32.0 * (1 << 20)),
    Row("uint8 to float32 64x28²", lambda lib: cast(lib, 64, 28, 28), COPY),
    Row("uint8 to float32 16 M", lambda lib: cast(lib, 1 << 24), COPY, bytes=5.0 * (1 << 24)),
]
