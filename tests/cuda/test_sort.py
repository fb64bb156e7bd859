"""Orders on the device, where the shared cases do not reach: several long rows, special values, ties, every k."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl

from ..ops.broadcast import DTYPES
from ..ops.test_sort import special

Schedules = Callable[..., Iterator[int]]


def all_orders(x: Any, k: int) -> list[Any]:
    down, largest, smallest = x.sort(1, True), x.topk(k), x.topk(k, largest=False)
    return [*x.sort(1), *down, *largest, *smallest, *x.kthvalue(k), *x.median(1), *x.sort(0)]


@pytest.mark.parametrize("n", [2, 17, 1024, 1025, 2048, 2049, 4999])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_short_and_long_are_in_the_cpu_s_order(schedules: Schedules, dtype: str, n: int) -> None:
    """Rows of up to 2048 (of 64 bits: 1024) are sorted in shared memory, longer ones digit by digit."""
    rng = np.random.default_rng(n)
    a = (rng.integers(-99, 99, (3, n)) if n % 2 else rng.standard_normal((3, n)) * 2.0**60).astype(dtype)
    k = (n + 2) // 3
    expected = [y.numpy().tobytes() for y in all_orders(dl.tensor(a), k)]
    for _ in schedules(n):
        got = [y.cpu().numpy().tobytes() for y in all_orders(dl.tensor(a, device="cuda"), k)]
        assert got == expected


@pytest.mark.parametrize("times", [1, 8])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_is_largest_and_zeros_are_equal(schedules: Schedules, dtype: str, times: int) -> None:
    a = np.tile(special(dtype), (1, times))
    a[3] = 1.0  # a row without NaN
    expected = [y.numpy().tobytes() for y in all_orders(dl.tensor(a), 99)]
    for s in (0, 1, 2):
        for _ in schedules(s):
            assert [y.cpu().numpy().tobytes() for y in all_orders(dl.tensor(a, device="cuda"), 99)] == expected
    values = dl.tensor(a, device="cuda").median(1).values.cpu().numpy()
    assert np.isnan(values).tolist() == np.isnan(a).any(1).tolist()


def test_many_rows_share_a_block(schedules: Schedules) -> None:
    a = np.random.default_rng(0).integers(0, 5, (1000, 9)).astype(np.int32)
    expected = [y.numpy().tobytes() for y in dl.tensor(a).sort(1)]
    for s in (0, 1):
        for _ in schedules(s):
            assert [y.cpu().numpy().tobytes() for y in dl.tensor(a, device="cuda").sort(1)] == expected


def test_what_is_built_on_orders(schedules: Schedules) -> None:
    a = np.random.default_rng(0).integers(0, 9, (40, 3))
    for _ in schedules(1):
        x = dl.tensor(a, device="cuda")
        values, inverse, counts = dl.unique(x, return_inverse=True, return_counts=True)
        e_values, e_inverse, e_counts = np.unique(a, return_inverse=True, return_counts=True)
        assert values.cpu().tolist() == e_values.tolist() and counts.cpu().tolist() == e_counts.tolist()
        assert inverse.cpu().numpy().reshape(-1).tolist() == e_inverse.reshape(-1).tolist()
        assert dl.unique(x, dim=0).cpu().tolist() == np.unique(a, axis=0).tolist()
        assert dl.isin(x, dl.tensor([3, 4], device="cuda")).cpu().tolist() == np.isin(a, [3, 4]).tolist()
        assert dl.unique_consecutive(x[:, 0].contiguous()).device == "cuda"
    with pytest.raises(dl.DeviceError, match="searchsorted: the sorted tensor is on cuda but values on cpu; move one"):
        dl.searchsorted(dl.tensor([1.0, 2.0]).cuda(), dl.tensor([1.0]))
