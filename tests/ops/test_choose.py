"""masked_select, masked_fill, nonzero, where of a condition, one_hot, bincount."""

import numpy as np
import pytest
from hypothesis import given

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from .broadcast import array, operands
from .cases import ODD, Arg, Case, bools, index, ints, t
from .common import run_cases, threads
from .test_index import EVERY, to_each


def masked(*shapes, draw=None):
    return [(t(*a, draw=draw) if draw else t(*a), t(*b, draw=bools, dtype="bool")) for a, b in shapes]


SHAPES = [(s, s) for s in ODD] + [((5, 7), (7,)), ((5, 1), (1, 7)), ((33, 1031), (33, 1031)), ((), ())]
NARROWER = [(a, b) for a, b in SHAPES if a != (5, 1)]
ROWS = ("gather", "scatter_add")
FOUND, COUNTED = ("nonzero_count", "nonzero"), ("bincount_most", "bincount")


def chosen(x, m):
    x, m = np.broadcast_arrays(x, m)
    return x[m]


CASES = [
    *to_each("masked_select", lambda dl, F, x, m: dl.masked_select(x, m), lambda d: masked(*SHAPES, draw=d), chosen,
             ROWS[:1]),
    Case("masked_select backward", lambda dl, F, x, m: x.masked_select(m), masked(*SHAPES), chosen, (*FOUND, *ROWS)),
    Case("masked_fill", lambda dl, F, x, m: dl.masked_fill(x, m, 2.5), masked(*SHAPES),
         lambda x, m: np.where(m, 2.5, x)),
    Case("masked_fill of whole numbers", lambda dl, F, x, m: x.masked_fill(m, 2),
         masked(*SHAPES, draw=ints(0, 9)), lambda x, m: np.where(m, 2, x).astype(x.dtype), (),
         ("int64", "int32", "uint8")),
    Case("masked_fill with a tensor", lambda dl, F, x, m, v: x.masked_fill(m, v),
         [(*pair, Arg(())) for pair in masked(*NARROWER)], lambda x, m, v: np.where(m, v, x)),
    *(Case(f"nonzero {d}", lambda dl, F, x: dl.nonzero(x), [(t(*s, draw=ints(0, 2)),) for s in ((), *ODD)],
           lambda x: np.stack(np.nonzero(np.atleast_1d(x)), 1)[:, : x.ndim], FOUND, (d,), grad=False) for d in EVERY),
    Case("argwhere and count_nonzero", lambda dl, F, x: (dl.argwhere(x), dl.count_nonzero(x), x.count_nonzero(0)),
         [(t(5, 7, draw=ints(0, 2)),)], lambda x: (np.argwhere(x), np.count_nonzero(x), np.count_nonzero(x, 0)),
         FOUND, ("float32", "int64"), grad=False),
    Case("one_hot", lambda dl, F, i: F.one_hot(i, 7), [(index(*s, high=7),) for s in ((), *ODD, (5000,))],
         lambda i: np.eye(7, dtype=int)[i], ("scatter",), ("float32",), grad=False),
    Case("bincount", lambda dl, F, i: dl.bincount(i, minlength=3),
         [(index(n, high=9),) for n in (0, 1, 70, 5000, 140_001)], lambda i: np.bincount(i, minlength=3), COUNTED,
         ("float32",), grad=False),
    Case("bincount of many numbers", lambda dl, F, i: dl.bincount(i), [(index(n, high=5000),) for n in (3, 70_000)],
         np.bincount, COUNTED, ("float32",), grad=False),
    Case("bincount of weights", lambda dl, F, i, w: dl.bincount(i, w.detach()),
         [(index(n, high=9), t(n)) for n in (1, 70, 5000)], lambda i, w: np.bincount(i, w), ("scatter_add",),
         grad=False, length=5000, scale="abs"),
]  # fmt: skip
test_op = run_cases(CASES)


@given(operands(1))
def test_nonzero_is_numpys(a):
    (a,) = a
    expected = np.nonzero(np.atleast_1d(a))
    got = dl.nonzero(dl.Tensor(array(a)), as_tuple=True)
    assert [g.tolist() for g in got] == [e.tolist() for e in expected]
    assert dl.where(dl.Tensor(array(a)) != 0)[0].tolist() == expected[0].tolist()


def test_nonzero_of_many_chunks():
    a = np.random.default_rng(0).random((1000, 333)) < 0.3
    for n in (1, 3):
        with threads(n):
            np.testing.assert_array_equal(dl.nonzero(dl.tensor(a)).numpy(), np.argwhere(a))


def test_masked_fill_in_place():
    x, m = dl.zeros(2, 3), dl.tensor([True, False, True])
    assert x.masked_fill_(m, 4) is x
    testing.assert_close(x, np.float32([[4, 0, 4], [4, 0, 4]]))
    leaf = dl.ones(3, requires_grad=True)
    y = leaf * 1
    y.masked_fill_(m, 0.0).sum().backward()
    assert leaf.grad.tolist() == [0.0, 1.0, 0.0]


def test_one_hot_finds_the_number_of_classes():
    assert F.one_hot(dl.tensor([1, 0])).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="pass num_classes"):
        F.one_hot(dl.zeros(0, dtype=dl.int64))


def test_wrong_arguments():
    x = dl.ones(3)
    with pytest.raises(dl.DTypeError, match=r"masked_fill: mask must be bool, got float32 .*convert with .bool\(\)"):
        dl.masked_fill(x, x, 0)
    with pytest.raises(dl.ShapeError, match="value must be a number or a tensor of no dimensions"):
        dl.masked_fill(x, x > 0, dl.ones(3))
    with pytest.raises(dl.ShapeError, match="masked_select: shapes .* do not broadcast"):
        dl.masked_select(x, dl.tensor([True, False]))
    with pytest.raises(TypeError, match="where: give both input and other"):
        dl.where(x > 0, x)
    with pytest.raises(IndexError, match=r"one_hot: index\[1,0\] is 3 but there are 3 elements in dimension 1"):
        F.one_hot(dl.tensor([0, 3]), 3)
    with pytest.raises(IndexError, match=r"bincount: index\[1\] is -1 but there are 6 elements"):
        dl.bincount(dl.tensor([5, -1]))
    with pytest.raises(IndexError, match=r"bincount: index\[0\] is -1"):
        dl.bincount(dl.tensor([-1]), minlength=2)
    with pytest.raises(dl.ShapeError, match="bincount: input must have one dimension"):
        dl.bincount(dl.tensor([[1]]))
    with pytest.raises(dl.ShapeError, match="weights must have input's shape"):
        dl.bincount(dl.tensor([1]), dl.ones(2))
    with pytest.raises(ValueError, match="minlength must not be negative"):
        dl.bincount(dl.tensor([1]), minlength=-1)
