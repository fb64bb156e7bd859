"""Hypothesis strategies: arrays of any dtype in any memory layout, and shapes that broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcore import _C

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")


def layouts(a: np.ndarray, draw: Any) -> np.ndarray:
    """a's values in another memory layout: dimensions permuted in memory, with gaps, and offset."""
    return laid_out(a, draw(st.permutations(range(a.ndim))), draw(st.integers(1, 3))) if a.ndim else np.array(a)


def laid_out(a: np.ndarray, order: Sequence[int], gap: int) -> np.ndarray:
    """a's values with its dimensions in memory in this order, `gap` - 1 elements between neighbours, and offset."""
    wide = tuple(a.shape[d] * gap + 1 for d in order)
    memory = np.zeros(wide, a.dtype)
    view = memory[tuple(slice(1, None, gap) if a.shape[d] else slice(0, 0) for d in order)]
    view = view.transpose(np.argsort(order))
    view[...] = a
    return view


@st.composite
def operands(draw: Any, count: int, dtypes: tuple[str, ...] = DTYPES, same_dtype: bool = False) -> list[np.ndarray]:
    """`count` NumPy arrays whose shapes broadcast, with small values, in random layouts."""
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=4, min_side=0, max_side=19)).input_shapes
    kinds = [draw(st.sampled_from(dtypes)) for _ in range(count)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    out = []
    for shape, kind in zip(shapes, [kinds[0]] * count if same_dtype else kinds, strict=True):
        values = np.asarray(rng.integers(0 if kind in ("bool", "uint8") else -4, 5, shape))
        if kind.startswith("float"):
            values = values + np.asarray(rng.integers(0, 4, shape)) / 4
        out.append(layouts(values.astype(kind), draw))
    return out


def array(a: np.ndarray) -> Any:
    return _C.from_numpy(a)
