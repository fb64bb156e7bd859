"""What the tests of autocast share."""

from __future__ import annotations

from typing import Any

import numpy as np

import dlcore as dl

BF16, F32, F64 = dl.bfloat16, dl.float32, dl.float64
UNIT = 2.0**-8  # half a unit in the last of bfloat16's 8 bits, relative


def draw(*shape: int, seed: int = 0) -> dl.Tensor:
    return dl.tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def wide(x: Any) -> np.ndarray:
    return x.detach().float().numpy().astype(np.float64)
