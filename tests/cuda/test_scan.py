"""Running totals on the device where a line is cut into pieces, and whose parts leave double's range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing

Schedules = Callable[..., Iterator[int]]
# (shape, dim): several tiles of a row, in arrays whose ends the shim sees; several pieces of lines that are neighbours,
# of short rows of such.
CUT = [((4, 5001), 1), ((700, 3), 0), ((2, 301, 5), 1), ((1, 4097, 1), 1)]


def same_under(schedules: Schedules, f: Callable[[], list[Any]]) -> list[np.ndarray]:
    first: list[np.ndarray] = []
    for s in (0, 1, 2):
        for _ in schedules(s):
            got = [y.cpu().numpy() for y in f()]
            assert not first or [y.tobytes() for y in got] == [y.tobytes() for y in first], f"schedule {s}"
            first = first or got
    return first


@pytest.mark.parametrize(("shape", "dim"), CUT, ids=str)
def test_totals_of_pieces(schedules: Schedules, shape: tuple[int, ...], dim: int) -> None:
    rng = np.random.default_rng(0)
    a, g = rng.standard_normal(shape), rng.standard_normal(shape)
    near_one = np.exp(a * 0.05)
    whole = rng.integers(-9, 9, shape)
    for dtype in ("float32", "float64"):
        on_cpu, on_cuda = [], []
        for device, results in (("cpu", on_cpu), ("cuda", on_cuda)):
            x = dl.tensor(a.astype(dtype), device=device).requires_grad_()
            y = dl.tensor(near_one.astype(dtype), device=device).requires_grad_()
            v = dl.tensor(g.astype(dtype), device=device)

            def run(x: Any = x, y: Any = y, v: Any = v) -> list[Any]:
                x.grad = y.grad = None
                total, product = x.cumsum(dim), y.cumprod(dim)
                total.backward(v)
                product.backward(v)
                return [total.detach(), product.detach(), x.grad, y.grad]

            results += [z.numpy() for z in run()] if device == "cpu" else same_under(schedules, run)
        for got, expected in zip(on_cuda, on_cpu, strict=True):
            size = np.abs(expected).max()
            testing.assert_close(got, expected, 0.0, 4 * np.finfo(dtype).eps * size * (1 + shape[dim] ** 0.5))
    x = dl.tensor(whole, device="cuda")
    total, product = same_under(schedules, lambda: [x.cumsum(dim), (x | 1).cumprod(dim)])
    assert total.tobytes() == np.cumsum(whole, dim).tobytes()
    assert product.tobytes() == np.cumprod(whole | 1, dim).tobytes()


@pytest.mark.parametrize(("shape", "dim"), CUT, ids=str)
@pytest.mark.parametrize("fn", [dl.cummax, dl.cummin])
def test_extremes_of_pieces_are_the_cpu_s(
    schedules: Schedules, fn: Callable[..., Any], shape: tuple[int, ...], dim: int
) -> None:
    a = np.random.default_rng(0).integers(-50, 50, shape).astype(np.float32) * -0.5
    late = a.copy()
    late.reshape(-1)[-7] = np.nan
    for values in (a, np.abs(a) * 0.0, late):
        expected = [y.numpy().tobytes() for y in fn(dl.tensor(values), dim)]
        x = dl.tensor(values, device="cuda")
        assert [y.tobytes() for y in same_under(schedules, lambda x=x: list(fn(x, dim)))] == expected


def test_more_tiles_than_a_block_has_threads(schedules: Schedules) -> None:
    a = np.random.default_rng(0).integers(-9, 9, 2048 * 257 + 3)
    for _ in schedules(0):
        assert dl.tensor(a, device="cuda").cumsum(0).cpu().numpy().tobytes() == np.cumsum(a).tobytes()


@pytest.mark.parametrize("dim", [0, 1])
def test_products_of_parts_may_leave_double_s_range(schedules: Schedules, dim: int) -> None:
    """0 · (large · large · …) is 0 and not 0 · ∞, and a gradient of 0 stays 0 whatever it is multiplied by."""
    a = np.full((3, 700), 1e30, np.float32)
    a[0, 0], a[1, 3], a[2, 5] = 0, np.inf, np.nan
    g = np.zeros_like(a)
    g[:, :2] = 1
    results = []
    for device in ("cpu", "cuda"):
        x = dl.tensor(a if dim else np.ascontiguousarray(a.T), device=device).requires_grad_()
        for _ in schedules(1):
            x.grad = None
            y = x.cumprod(dim)
            y.backward(dl.tensor(g if dim else np.ascontiguousarray(g.T), device=device))
        results.append([y.detach().cpu().numpy(), x.grad.cpu().numpy()])
    for got, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_array_equal(got, expected)
