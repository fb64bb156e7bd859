"""Rows that are read 16 bytes at a time: the same bits where a view's address allows no such reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import dlcore as dl

Schedules = Callable[..., Iterator[int]]
# A run, more than a warp's, more than a warp may have, chunks of one sum; and rows that are no multiple of a run.
SHAPES = [(3, 16), (3, 144), (2, 4112), (1, 280000), (1, 280001), (3, 67), (2, 2051)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_view_that_is_not_aligned_has_the_same_bits(schedules: Schedules, shape: tuple[int, int], dtype: str) -> None:
    rng = np.random.default_rng(0)
    wide = rng.standard_normal(shape) if dtype.startswith("float") else rng.integers(0, 100, shape)
    a = wide.astype(dtype)
    aligned = dl.tensor(a, device="cuda")
    flat = dl.tensor(np.concatenate([np.zeros(1, dtype), a.reshape(-1)]), device="cuda")
    offset = dl.Tensor(flat.array.slice(0, 1, a.size, 1).view(a.shape))
    for _ in schedules(0):
        total, most = offset.sum(dim=1).cpu().numpy(), offset.amax(dim=1).cpu().numpy()
        assert total.tobytes() == aligned.sum(dim=1).cpu().numpy().tobytes()
        np.testing.assert_allclose(total, a.sum(1, dtype="float64"), rtol=0, atol=1e-5 * np.abs(a).sum(1).max())
        np.testing.assert_array_equal(most, a.max(1))
