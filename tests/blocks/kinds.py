"""Operands on which rounding shows: the distributions that products and convolutions are held to."""

from __future__ import annotations

import numpy as np

KINDS = ["normal", "uniform", "log-normal", "cancelling", "extreme"]


def values(kind: str, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    x = rng.standard_normal(shape)
    if kind == "uniform":
        x = rng.uniform(0, 1, shape)
    elif kind == "log-normal":
        x *= np.exp(4 * rng.standard_normal(shape))
    elif kind == "cancelling":
        x[:, 1::2] = -x[:, ::2] * (1 + 1e-3 * rng.standard_normal(x[:, ::2].shape))
    elif kind == "extreme":
        x *= 2.0 ** rng.integers(-50, 50, shape)
    return x.astype(np.float32)
