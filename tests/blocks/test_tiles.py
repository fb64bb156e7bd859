"""float32 products on tiles of bfloat16: as exact as multiply-adds, on any data, or left to multiply-adds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing

from ..ops.common import threads
from .kinds import KINDS, values
from .test_gemm import check, draw, product

pytestmark = pytest.mark.skipif("amx" not in _C.isas(), reason="this machine has no tiles")


@pytest.fixture(autouse=True)
def on_tiles() -> Iterator[None]:
    with testing.isa("amx"):
        _C.set_tiles_always(True)
        yield
        _C.set_tiles_always(False)


def ran() -> dict[str, int]:
    return {k["name"]: k["calls"] for k in testing.kernels() if k["op"] == "gemm" and k["dtype"] == "f32"}


def rows_of(call) -> list[str]:
    before = ran()
    call()
    return sorted(name for name, count in ran().items() if count > before[name])


# Around the tiles' 16 and 32 rows and columns, the steps' 32 and the panels' 128 of k, and the tasks' 512.
SIZES = [(6, 5, 32), (17, 33, 47), (65, 79, 129), (97, 111, 255), (80, 513, 257), (515, 81, 160), (2100, 40, 385)]


@pytest.mark.parametrize("orders", ["cc", "cf", "fc", "ff", "ss"])
def test_every_tail(orders: str) -> None:
    rng = np.random.default_rng(1)
    for (m, n, k), c_order in itertools.product(SIZES, "cs"):
        a, b, bias_n, bias_m = (draw(rng, np.float32, *s) for s in ((m, k), (k, n), (n,), (m,)))
        rows = rows_of(lambda a=a, b=b, o=orders + c_order: check(product(a, b, o), a, b, where=f"{a.shape} {o}"))
        assert rows == ["gemm.f32.amx"], f"{m}×{n}×{k} ran on {rows}"
        given = {"bias_n": bias_n, "bias_m": bias_m, "relu": True}
        check(product(a, b, orders + c_order, **given), a, b, **given, where=f"{m}×{n}×{k} {orders}")


def chain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b as one chain of fused multiply-adds: a product of float32 is exact in float64."""
    c = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for k in range(a.shape[1]):
        c = (c.astype(np.float64) + a[:, k, None].astype(np.float64) * b[k]).astype(np.float32)
    return c


def errs_no_more_than_a_chain(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """y against a @ b in float64, beside one chain of multiply-adds."""
    exact, size = a.astype(np.float64) @ b.astype(np.float64), np.abs(a).astype(np.float64) @ np.abs(b)
    size += a.shape[1] * 2.0**-126 * max(np.abs(a).max(), np.abs(b).max()) / np.finfo(np.float32).eps
    errors = [np.abs(result - exact) / size for result in (y, chain(a, b))]
    (worst, worst_chain), (rms, rms_chain) = (
        [f(e) for e in errors] for f in (np.max, lambda e: np.sqrt(np.mean(e**2)))
    )
    one_rounding = 2.0**-24  # of sum |a||b|: what is left where a few terms, or terms that cancel at once, decide
    assert worst <= worst_chain + one_rounding, f"{worst:.2g}, a chain {worst_chain:.2g}"
    assert rms <= max(rms_chain, one_rounding), f"{rms:.2g}, a chain {rms_chain:.2g}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [64, 512, 4096])
def test_highest_errs_no_more_than_a_chain_of_multiply_adds(kind: str, k: int) -> None:
    rng = np.random.default_rng(k)
    a = values(kind, rng, (128, k))
    b = np.ascontiguousarray(values("normal" if kind == "cancelling" else kind, rng, (128, k)).T)
    if kind == "cancelling":
        b[1::2] = b[::2]
    y = []
    assert rows_of(lambda: y.append(product(a, b))) == ["gemm.f32.amx"]
    errs_no_more_than_a_chain(y[0], a, b)


@pytest.mark.parametrize(("word", "bound"), [("high", 2.0**-15), ("medium", 2.0**-7)])
@pytest.mark.parametrize("kind", KINDS)
def test_fewer_parts_keep_their_bound_and_err_more(word: str, bound: float, kind: str) -> None:
    rng = np.random.default_rng(5)
    a, b = values(kind, rng, (130, 700)), values(kind, rng, (700, 90))
    exact, size = a.astype(np.float64) @ b.astype(np.float64), np.abs(a).astype(np.float64) @ np.abs(b)
    dl.set_float32_matmul_precision(word)
    try:
        error = np.abs(product(a, b) - exact) / size
    finally:
        dl.set_float32_matmul_precision("highest")
    highest = np.abs(product(a, b) - exact) / size
    assert error.max() <= bound and error.max() > highest.max()


def test_precision_is_one_of_three_words() -> None:
    assert dl.get_float32_matmul_precision() == "highest"
    with pytest.raises(ValueError, match="needs .highest., .high. or .medium., got 'low'"):
        dl.set_float32_matmul_precision("low")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2.0**-111, -(2.0**-126), 3.4e38])
@pytest.mark.parametrize("operand", ["a", "b"])
@pytest.mark.parametrize("orders", ["cc", "ff"])
def test_values_that_parts_cannot_carry_select_multiply_adds_for_all_of_c(value, operand, orders) -> None:
    rng = np.random.default_rng(6)
    for m, n, k in [(70, 600, 300), (2100, 64, 64)]:  # B split by each task, and once for all
        x = {"a": draw(rng, np.float32, m, k), "b": draw(rng, np.float32, k, n)}
        rows, columns = x[operand].shape
        x[operand][rows - 3, columns - 2] = value
        results = []
        assert "gemm.f32.avx512" in rows_of(lambda x=x, r=results: r.append(product(x["a"], x["b"], orders + "c")))
        with testing.isa("avx512"):
            expected = product(x["a"], x["b"], orders + "c")
        assert results[0].tobytes() == expected.tobytes()


def test_one_unfit_value_in_a_slab_of_b_selects_multiply_adds_for_every_slab() -> None:
    rng = np.random.default_rng(10)
    a, b = draw(rng, np.float32, 40, 16384), draw(rng, np.float32, 16384, 1100)  # 72 MB: slabs of 1024 columns and 76
    for column in (5, 1099):
        b[5, column], kept = 2.0**-120, b[5, column]
        y = product(a, b)
        with testing.isa("avx512"):
            expected = product(a, b)
        assert y.tobytes() == expected.tobytes(), f"value in column {column}"
        b[5, column] = kept


def test_zeros_and_the_smallest_value_that_parts_carry_stay_on_tiles() -> None:
    rng = np.random.default_rng(7)
    a, b = draw(rng, np.float32, 64, 96), draw(rng, np.float32, 96, 64)
    a[::2], b[3] = 0, -0.0
    a[1, 1] = b[2, 2] = 2.0**-110
    assert rows_of(lambda: check(product(a, b), a, b)) == ["gemm.f32.amx"]


def test_same_bits_at_any_number_of_threads() -> None:
    rng = np.random.default_rng(8)
    for m, n, k in [(131, 257, 300), (2100, 70, 96), (64, 96, 20000)]:
        a, b = draw(rng, np.float32, m, k), draw(rng, np.float32, k, n)
        for orders in ("ccc", "cfc", "fcc"):
            results = []
            for count in (1, 2, 3, 4, 7):
                with threads(count):
                    results.append(product(a, b, orders).tobytes())
            assert len(set(results)) == 1, f"{m}×{n}×{k} {orders}"


def test_conv2d_runs_on_tiles_forward_and_backward() -> None:
    rng = np.random.default_rng(9)
    shapes = ((4, 32, 17, 19), (64, 32, 3, 3))
    x, w = (dl.tensor(draw(rng, np.float32, *s)).requires_grad_() for s in shapes)

    def step() -> None:
        dl.nn.functional.conv2d(x, w, padding=1).sum().backward()

    assert set(rows_of(step)) <= {"gemm.f32.amx", "gemm.f32.amx.band", "gemm.f32.amx.weights"}
    ours = [x.grad.numpy().copy(), w.grad.numpy().copy()]
    x.grad = w.grad = None
    with testing.isa("avx512"):
        step()
    for tile, chain_of_adds in zip(ours, (x.grad.numpy(), w.grad.numpy()), strict=True):
        np.testing.assert_allclose(tile, chain_of_adds, rtol=0, atol=3e-6 * np.abs(chain_of_adds).max())
