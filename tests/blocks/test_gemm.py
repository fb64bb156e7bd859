"""The matrix product itself: every tail of its tiles, operand orders, epilogues, and the same bits at any threads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C

from ..ops.common import threads

DTYPES = (np.float32, np.float64)
# Around the micro-tiles' 4, 6, 14 rows and 4 … 32 columns, and the panels' depth of 256.
ROWS = (0, 1, 2, 4, 5, 6, 7, 13, 14, 15, 29, 61)
COLUMNS = (0, 1, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 67)
DEPTHS = (0, 1, 2, 15, 17, 255, 256, 257, 521)


def array(x: np.ndarray, order: str) -> _C.Array:
    """x as an Array: rows together ("c"), columns together ("f"), or neither ("s"); gaps hold NaN."""
    if order == "f":
        return _C.from_numpy(x.T.copy()).transpose(0, 1)
    if order == "s":
        wide = np.full((x.shape[0], 2 * x.shape[1] + 1), np.nan, x.dtype)
        wide[:, 1::2] = x
        return _C.from_numpy(wide).slice(1, 1, x.shape[1], 2)
    return _C.from_numpy(x.copy())


def draw(rng: np.random.Generator, dtype: type, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


def product(a, b, orders="ccc", c=None, bias_n=None, bias_m=None, accumulate=False, relu=False) -> np.ndarray:
    start = np.full((a.shape[0], b.shape[1]), np.nan, a.dtype) if c is None else c
    out = array(start, orders[2])
    biases = [None if x is None else _C.from_numpy(x.copy()) for x in (bias_n, bias_m)]
    _C.gemm_into(out, array(a, orders[0]), array(b, orders[1]), *biases, accumulate, relu)
    return out.numpy()


def check(actual, a, b, c=None, bias_n=None, bias_m=None, relu=False, where="") -> None:
    """|error| <= (k + 4) eps (|a||b| + |c| + |biases|): k products, and one rounding for each addition after them."""
    wide = [x.astype(np.float64) for x in (a, b)]
    extra = [x for x in (c, bias_n, None if bias_m is None else bias_m[:, None]) if x is not None]
    expected = sum((x.astype(np.float64) for x in extra), wide[0] @ wide[1])
    size = sum((np.abs(x.astype(np.float64)) for x in extra), np.abs(wide[0]) @ np.abs(wide[1]))
    if relu:
        expected = np.maximum(expected, 0)
    error = np.abs(actual - expected)
    bound = (a.shape[1] + 4) * np.finfo(a.dtype).eps * size
    assert (error <= bound).all(), f"{where}: error {np.nanmax(error)}, {np.isnan(error).sum()} not numbers"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("orders", ["cc", "cf", "fc", "ff", "ss"])
def test_every_tail(isa: str, dtype: type, orders: str) -> None:
    rng = np.random.default_rng(1)
    corners = itertools.product((1, 6, 29), (3, 16, 67), DEPTHS)
    for m, n, k in [*itertools.product(ROWS, COLUMNS, (17,)), *corners]:
        a, b = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
        check(product(a, b, orders + "c"), a, b, where=f"{m}×{n}×{k}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["c", "f", "s"])
def test_epilogues(isa: str, dtype: type, order: str) -> None:
    rng = np.random.default_rng(2)
    for m, n, k in [(1, 1, 1), (3, 50, 40), (4, 7, 600), (15, 33, 0), (29, 10, 521), (61, 2, 9), (200, 40, 17)]:
        a, b, c = draw(rng, dtype, m, k), draw(rng, dtype, k, n), draw(rng, dtype, m, n)
        for with_n, with_m, accumulate, relu in itertools.product((False, True), repeat=4):
            given = {
                "bias_n": draw(rng, dtype, n) if with_n else None,
                "bias_m": draw(rng, dtype, m) if with_m else None,
                "c": c if accumulate else None,
                "relu": relu,
            }
            for b_order in "cf":
                y = product(a, b, f"c{b_order}{order}", accumulate=accumulate, **given)
                check(y, a, b, **given, where=f"{m}×{n}×{k} {given.keys()}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_wide_b_is_copied_for_many_rows_and_read_in_place_for_few(isa: str, dtype: type) -> None:
    rng = np.random.default_rng(7)
    for m, n, k in [(301, 523, 511), (70, 523, 511)]:  # B of 1 MB and more
        a, b = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
        check(product(a, b, "ccc"), a, b, where=f"{m}×{n}×{k}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_split_sums(isa: str, dtype: type) -> None:
    rng = np.random.default_rng(3)
    for m, n, k in [(9, 17, 20011), (50, 40, 9001), (3, 300, 30000)]:
        a, b, c = draw(rng, dtype, m, k), draw(rng, dtype, k, n), draw(rng, dtype, m, n)
        bias = draw(rng, dtype, n)
        for orders in ("ccc", "fcc", "ffs"):
            y = product(a, b, orders, c=c, bias_n=bias, accumulate=True, relu=True)
            check(y, a, b, c=c, bias_n=bias, relu=True, where=f"{m}×{n}×{k} {orders}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_same_bits_at_any_number_of_threads(isa: str, dtype: type) -> None:
    rng = np.random.default_rng(4)
    for m, n, k in [(131, 257, 300), (1, 999, 700), (700, 3, 257), (40, 30, 12000), (64, 50, 784)]:
        a, b = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
        for orders in ("ccc", "cfc", "fcc"):
            results = []
            for count in (1, 2, 3, 4, 7):
                with threads(count):
                    results.append(product(a, b, orders).tobytes())
            assert len(set(results)) == 1, f"{m}×{n}×{k} {orders}"


def test_a_batch_gives_the_bits_of_its_products(isa: str) -> None:
    rng = np.random.default_rng(5)
    a, b = draw(rng, np.float32, 6, 33, 70), draw(rng, np.float32, 6, 70, 41)
    whole = dl.matmul(dl.tensor(a), dl.tensor(b)).numpy()
    for i in range(6):
        assert whole[i].tobytes() == dl.matmul(dl.tensor(a[i]), dl.tensor(b[i])).numpy().tobytes()
