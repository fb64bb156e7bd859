"""The product of bfloat16 operands, on tiles, on pairs and widened: any strides, sums in float32, one rounding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

from ..isas import HERE_FOR_PRODUCTS
from ..ops.common import threads

# Around the tiles' 16 and 32 rows and columns, the steps' 32 of k, the 640 that L1 holds and the 2048 of a run, and the
# tasks' 512 columns. Rows of whole steps (64, 672, 2080) are read in place.
SIZES = [
    (1, 1, 1),
    (6, 5, 32),
    (17, 33, 47),
    (65, 79, 129),
    (97, 111, 391),
    (80, 513, 257),
    (515, 81, 860),
    (80, 70, 64),
    (67, 40, 672),
    (48, 33, 2080),
]
DEEP = (40, 30, 5000)  # a K of several parts
ORDERS = ("ccc", "cfc", "fcc", "ffc", "ssc", "ccs", "ccf", "fff")


def stored(x: dl.Tensor, order: str) -> dl.Tensor:
    """x row by row, column by column, or with gaps that hold NaN."""
    if order == "f":
        return x.T.contiguous().T
    if order == "c":
        return x
    gaps = dl.full((x.shape[0] * 2, x.shape[1] * 3), float("nan")).to(x.dtype)
    gaps[::2, 1::3] = x
    return gaps[::2, 1::3]


def normal(rng: np.random.Generator, *shape: int) -> dl.Tensor:
    return dl.tensor(rng.standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("dtype", [dl.bfloat16, dl.float32], ids=["bf16", "f32"])
def test_every_tail_and_layout(isa: str, orders: str, dtype: dl.DType) -> None:
    rng = np.random.default_rng(1)
    for (m, n, k), more in itertools.product([*SIZES, DEEP], (False, True)):
        a, b = (stored(normal(rng, *s).bfloat16(), o) for s, o in (((m, k), orders[0]), ((k, n), orders[1])))
        bias_n, bias_m = (normal(rng, n).array, normal(rng, m).array) if more else (None, None)
        c = stored(dl.full((m, n), float("nan")).to(dtype), orders[2])
        _C.gemm_into(c.array, a.array, b.array, bias_n, bias_m, False, more)
        wide_a, wide_b = (x.float().numpy().astype(np.float64) for x in (a, b))
        exact, size = wide_a @ wide_b, np.abs(wide_a) @ np.abs(wide_b)
        if more:
            exact = exact + bias_n.numpy() + bias_m.numpy()[:, None]
            size, exact = size + np.abs(exact) + 4, np.maximum(exact, 0)
        bound = (k + 8) * 2.0**-24 * size + (2.0**-8 * np.abs(exact) if dtype == dl.bfloat16 else 0)
        error = np.abs(c.float().numpy() - exact)
        assert (error <= bound).all(), f"{m}×{n}×{k} {orders} bias {more}: {np.max(error / bound):.3g} bounds"


@pytest.mark.parametrize("isa", HERE_FOR_PRODUCTS)
def test_its_rows_run_by_name(isa: str) -> None:

    def calls() -> dict[str, int]:
        return {k["name"]: k["calls"] for k in testing.kernels() if k["op"].startswith("gemm16") and k["isa"] == isa}

    rng, before = np.random.default_rng(4), calls()
    with testing.isa(isa):
        for m, n, k in [(1100, 64, 64), (40, 30, 20000)]:  # several tiles of rows; a K of several parts
            a, b, c = normal(rng, m, k).bfloat16(), normal(rng, k, n).bfloat16(), dl.zeros(m, n)
            _C.gemm_into(c.array, a.array, b.array, None, None, False, False)
    assert before and {name for name, count in calls().items() if count > before[name]} == set(before)


@pytest.mark.parametrize("start", [0, 32, 33], ids=["first line", "second line", "between lines"])
def test_a_result_larger_than_the_caches(start: int) -> None:
    m, n, k, pitch = 2049, 2048, 33, 2112
    rng = np.random.default_rng(5)
    a, b, bias = normal(rng, m, k).bfloat16(), normal(rng, k, n).bfloat16(), normal(rng, n)
    around = dl.full((m, pitch), 7.0).bfloat16()
    c = around[:, start : start + n]
    _C.gemm_into(c.array, a.array, b.array, bias.array, None, False, True)
    exact = a.float().numpy().astype(np.float64) @ b.float().numpy() + bias.numpy()
    np.testing.assert_allclose(c.float().numpy(), np.maximum(exact, 0), rtol=2.0**-8, atol=2.0**-18)
    outside = np.delete(around.float().numpy(), np.s_[start : start + n], axis=1)
    assert (outside == 7).all()


def test_it_adds_to_a_float32_c(isa: str) -> None:
    rng = np.random.default_rng(2)
    a, b, before = normal(rng, 33, 70).bfloat16(), normal(rng, 70, 45).bfloat16(), normal(rng, 33, 45)
    for order in "cfs":
        c = stored(before, order).clone()
        _C.gemm_into(c.array, a.array, b.array, None, None, True, False)
        exact = before.numpy() + a.float().numpy().astype(np.float64) @ b.float().numpy()
        np.testing.assert_allclose(c.numpy(), exact, rtol=0, atol=80 * 2.0**-24 * 40)


def test_the_same_bits_at_any_number_of_threads(isa: str) -> None:
    rng = np.random.default_rng(3)
    for m, n, k in [(515, 81, 860), (2100, 70, 96), (64, 96, 20000)]:
        a, b = normal(rng, m, k).bfloat16(), normal(rng, k, n).bfloat16()
        results = set()
        for count in (1, 2, 3, 4, 7):
            c = dl.zeros(m, n)
            with threads(count):
                _C.gemm_into(c.array, a.array, b.array, None, None, False, False)
            results.add(c.numpy().tobytes())
        assert len(results) == 1
