"""cumsum, cumprod, cummax, cummin: along every dimension, zeros, NaN, long lines, dtypes."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing

from .cases import Arg, Case, bools, distinct, ints, normal, t
from .common import run_cases, threads
from .test_index import to_each
from .test_sort import tied

SHAPES = ((0,), (1,), (67,), (3, 0), (0, 3), (5, 7), (2, 3, 5, 7), (33, 1031), (9, 40))
NUMBERS = ("float32", "float64", "int64", "int32", "uint8", "bool")
DIMS = (0, -1)


def of(draw):
    return [(t(*s, draw=draw),) for s in SHAPES]


def near_one(rng, shape):
    """Products of a thousand of these neither vanish nor overflow."""
    return rng.choice([-1.0, 1.0], shape) * np.exp(rng.standard_normal(shape) * 0.05)


def with_zeros(rng, shape):
    return near_one(rng, shape) * (rng.random(shape) > 0.3)


def wide(f):
    """Integers and bools are totalled in int64."""
    return lambda x, **kw: f(x if x.dtype.kind == "f" else x.astype(np.int64), **kw)


def running(better):
    def oracle(x, axis):
        best, place = np.moveaxis(x, axis, 0).copy(), np.zeros(np.moveaxis(x, axis, 0).shape, np.int64)
        for i in range(1, len(best)):
            wins = np.isnan(best[i]) | ~(np.isnan(best[i - 1]) | better(best[i - 1], best[i]))
            best[i], place[i] = np.where(wins, best[i], best[i - 1]), np.where(wins, i, place[i - 1])
        return np.moveaxis(best, 0, axis), np.moveaxis(place, 0, axis)

    return oracle


largest, smallest = running(np.greater), running(np.less)
CASES = [
    *(c for d in DIMS for c in (
        *to_each(f"cumsum {d}", lambda dl, F, x, d=d: dl.cumsum(x, d), of, wide(lambda x, d=d: np.cumsum(x, d)),
                 ("cumsum",), NUMBERS, length=1031, scale="abs"),
        *to_each(f"cumprod {d}", lambda dl, F, x, d=d: dl.cumprod(x, d), lambda draw: of(near_one if draw is normal else
                 draw), wide(lambda x, d=d: np.cumprod(x, d)), ("cumprod", "cumprod_bwd"), NUMBERS, length=1031,
                 grad_length=1031),
        Case(f"cumprod with zeros {d}", lambda dl, F, x, d=d: x.cumprod(d), of(with_zeros),
             lambda x, d=d: np.cumprod(x, d), ("cumprod", "cumprod_bwd"), length=1031, grad_length=1031),
        *to_each(f"cummax {d}", lambda dl, F, x, d=d: dl.cummax(x, d), lambda draw: of(tied(draw)),
                 lambda x, d=d: largest(x, d), ("cummax",), NUMBERS, grad=()),
        *to_each(f"cummin {d}", lambda dl, F, x, d=d: dl.cummin(x, d), lambda draw: of(tied(draw)),
                 lambda x, d=d: smallest(x, d), ("cummin",), NUMBERS, grad=()),
        Case(f"cummax distinct {d}", lambda dl, F, x, d=d: x.cummax(d), of(distinct), lambda x, d=d: largest(x, d),
             ("cummax",), grad_length=1031),
        Case(f"cummin distinct {d}", lambda dl, F, x, d=d: x.cummin(d), of(distinct), lambda x, d=d: smallest(x, d),
             ("cummin",), grad_length=1031),
    )),
    Case("cumsum of the middle", lambda dl, F, x: x.cumsum(1), [(t(2, 3, 5, 7),), (t(2, 70, 1, 3),)],
         lambda x: np.cumsum(x, 1), ("cumsum",), length=70, scale="abs"),
    Case("diff", lambda dl, F, x, a, b: dl.diff(x, 2, 0, prepend=a, append=b), [(t(5, 7), t(1, 7), t(2, 7))],
         lambda x, a, b: np.diff(x, 2, 0, prepend=a, append=b), ("copy",), length=16, scale="max"),
    Case("diff of nothing", lambda dl, F, x: x.diff(n=0, prepend=x), [(t(5, 7),)], np.copy),
    Case("diff of bools", lambda dl, F, x: x.diff(), [(t(0, draw=bools),), (t(1, draw=bools),), (t(5, 7, draw=bools),)],
         np.diff, (), ("bool",), grad=False),
    Case("cumsum of a number", lambda dl, F, x: x.cumsum(0), [(t(),)], np.copy, ("cumsum",)),
    Case("cumsum as float64", lambda dl, F, x: x.cumsum(0, dtype=dl.float64), [(Arg((5, 7), ints(0, 99)),)],
         lambda x: np.cumsum(x, 0).astype(np.float64), ("cumsum",), ("int32",), grad=False),
    Case("cumprod as int32", lambda dl, F, x: x.cumprod(0, dtype=dl.int32), [(Arg((40,), ints(1, 99)),)],
         lambda x: np.cumprod(x.astype(np.int32), 0, dtype=np.int32), ("cumprod",), ("int64",), grad=False),
]  # fmt: skip
test_op = run_cases(CASES)


def test_float32_is_rounded_once():
    a = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    testing.assert_close(dl.tensor(a).cumsum(0), np.cumsum(a.astype(np.float64)).astype(np.float32), 0, 0)


@pytest.mark.parametrize("fn", [dl.cummax, dl.cummin])
def test_nan_stays(fn):
    values, indices = fn(dl.tensor([1.0, float("nan"), 5.0, float("nan"), 0.0]), 0)
    assert np.isnan(values.numpy()).tolist() == [False, True, True, True, True]
    assert indices.tolist() == [0, 1, 1, 3, 3]


def test_bits_do_not_depend_on_threads():
    a = np.random.default_rng(0).standard_normal((300, 1000)).astype(np.float32)

    def run():
        x = dl.tensor(a, requires_grad=True)
        y = x.cumsum(0) * x.cumprod(1)
        y.sum().backward()
        return y.detach().numpy().tobytes(), x.grad.numpy().tobytes()

    with threads(1):
        expected = run()
    for n in (2, 7):
        with threads(n):
            assert run() == expected


def test_wrong_arguments():
    with pytest.raises(IndexError, match="cumsum"):
        dl.ones(2).cumsum(1)
    with pytest.raises(dl.ShapeError, match="diff: needs a tensor of at least one dimension"):
        dl.tensor(1.0).diff()
    with pytest.raises(ValueError, match="diff: n must not be negative"):
        dl.ones(2).diff(-1)
    with pytest.raises(dl.DTypeError, match="cumsum: a float16 tensor"):
        dl.ones(2).half().cumsum(0)
