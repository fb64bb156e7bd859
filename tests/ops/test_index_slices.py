"""index_select, index_add, index_copy, index_fill: whole slices named by one index."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing

from .cases import Arg, Case, index, normal, t
from .common import run_cases, threads
from .test_index import NUMBERS, bf16, rounded, to_each


def inputs(draw):
    return [
        (t(5, 3, draw=draw), index(7, high=5)),
        (t(5, 1, draw=draw), index(0, high=5)),
        (t(67, draw=draw), index(130, high=67)),
        (t(5, 0, draw=draw), index(2, high=5)),
        (t(9, 2, 3, 7, draw=draw), index(4, high=9)),
        (t(1031, 33, draw=draw), index(1500, high=1031)),
    ]


def with_source(draw):
    return [(x, i, Arg((*i.shape, *x.shape[1:]), draw)) for x, i in inputs(draw)]


def permuted(draw):
    def order(rng, shape):
        return rng.permutation(shape[0] + 3)[: shape[0]]

    return [(t(n + 3, 3, draw=draw), Arg((n,), order, "int64", False), t(n, 3, draw=draw)) for n in (1, 4, 67)]


def add(x, i, s):
    y = x.copy()
    np.add.at(y, i, s)
    return y


def put(x, i, s):
    y = x.copy()
    for at, place in enumerate(i):
        y[place] = s[at]
    return y


def filled(x, i):
    y = x.copy()
    y[i] = 3
    return y


def put_one(x, i, v):
    y = x.copy()
    y[i] = v
    return y


def last(f):
    """The same op along the last dimension: slices are columns."""
    return lambda x, i, *s: f(x.T, i, *(a.T for a in s)).T


def turned(draw):
    return [
        (t(3, 5, draw=draw), index(7, high=5), t(3, 7, draw=draw)),
        (t(70, 9, draw=draw), index(30, high=9), t(70, 30, draw=draw)),
    ]


# fmt: skip
ROWS = ("gather", "scatter_add")
CASES = [
    *to_each("index_select", lambda dl, F, x, i: dl.index_select(x, 0, i), inputs, lambda x, i: x[i], ROWS,
             grad_length=1500),
    Case("index_select last", lambda dl, F, x, i: x.index_select(-1, i),
         [(t(3, 5), index(7, high=5)), (t(2, 3, 4, 5), index(3, high=5)), (t(70, 9), index(30, high=9))],
         lambda x, i: x[..., i], ROWS),
    Case("index_select of one number", lambda dl, F, x, i: x.index_select(0, i), [(t(), index(1, high=1))],
         lambda x, i: x, ROWS),
    Case("index_select bfloat16", lambda m, F, x, i: bf16(m, lambda x, i: m.index_select(x, 0, i))(x, i),
         inputs(normal), lambda x, i: rounded(x[i]), ROWS[:1], ("float32",), grad=False),
    *to_each("index_add", lambda dl, F, x, i, s: dl.index_add(x, 0, i, s), with_source, add, ROWS[1:], NUMBERS,
             length=1500, scale="abs"),
    Case("index_add of half", lambda dl, F, x, i, s: x.index_add(0, i, s, alpha=0.5), with_source(normal),
         lambda x, i, s: add(x, i, s / 2), ROWS, length=1500, scale="abs"),
    *to_each("index_add last", lambda dl, F, x, i, s: x.index_add(1, i, s), turned, last(add), ROWS[1:], NUMBERS,
             length=30, scale="abs"),
    *to_each("index_copy", lambda dl, F, x, i, s: dl.index_copy(x, 0, i, s), permuted, put, ("scatter",)),
    *to_each("index_copy repeats", lambda dl, F, x, i, s: x.index_copy(0, i, s), with_source, put, ("scatter",),
             ("float32", "float64", "bool"), torch_oracle=False),  # which of equals wins is open there
    Case("index_copy last", lambda dl, F, x, i, s: x.index_copy(-1, i, s), turned(normal), last(put), ("scatter",),
         torch_oracle=False),
    Case("index_add to one number", lambda dl, F, x, i, s: x.index_add(0, i, s), [(t(), index(1, high=1), t())],
         lambda x, i, s: x + s, ROWS),
    Case("index_copy to one number", lambda dl, F, x, i, s: x.index_copy(0, i, s), [(t(), index(1, high=1), t())],
         lambda x, i, s: s, ("scatter",)),
    Case("index_fill with a tensor", lambda dl, F, x, i, v: x.index_fill(0, i, v),
         [(t(5, 3), index(4, low=-5, high=5), t())], put_one, ("scatter",), grad_length=12,
         torch_oracle=False),  # PyTorch counts an index that occurs twice twice in value's gradient
    *to_each("index_fill", lambda dl, F, x, i: dl.index_fill(x, 0, i, 3), inputs, filled, ("scatter",)),
    Case("index_fill from the end", lambda dl, F, x, i: x.index_fill(0, i, 3.0),
         [(t(5, 3), index(4, low=-5, high=5))], filled, ("scatter",)),
]  # fmt: skip
test_op = run_cases(CASES)


def test_many_slices_are_shared_out_by_destination():
    """More than one part of the result (index.cpp): each must take its own indices, all of them, in order."""
    rng = np.random.default_rng(0)
    i, src = rng.integers(0, 50, 6000), rng.standard_normal((6000, 70))
    zero, places, source = dl.zeros(50, 70), dl.tensor(i), dl.tensor(src.astype(np.float32))
    total = zero.index_add(0, places, source)
    testing.assert_close(total, add(np.zeros((50, 70)), i, src), 0, 1e-4, check_dtype=False)
    last = zero.index_copy(0, places, source)
    testing.assert_close(last, put(np.zeros((50, 70)), i, src), 1e-6, 0, check_dtype=False)
    for n in (1, 2, 3, 7):
        with threads(n):
            assert zero.index_add(0, places, source).numpy().tobytes() == total.numpy().tobytes(), n
            assert zero.index_copy(0, places, source).numpy().tobytes() == last.numpy().tobytes(), n


def test_in_place():
    x, i = dl.zeros(3, 2), dl.tensor([2, 2])
    assert x.index_add_(0, i, dl.ones(2, 2), alpha=3) is x
    x.index_copy_(1, dl.tensor([1]), dl.full((3, 1), 7.0)).index_fill_(0, dl.tensor([-3]), -1)
    testing.assert_close(x, np.float32([[-1, -1], [0, 7], [6, 7]]))


def test_in_place_of_what_has_a_history():
    leaf = dl.ones(3, requires_grad=True)
    source = dl.tensor([5.0, 7.0], requires_grad=True)
    x = leaf * 2
    x.index_add_(0, dl.tensor([1, 1]), source)
    x.index_copy_(0, dl.tensor([0]), source[:1])
    x.index_fill_(0, dl.tensor([2]), 0)
    assert x.tolist() == [5.0, 14.0, 0.0]
    x.sum().backward()
    assert leaf.grad.tolist() == [0.0, 2.0, 0.0] and source.grad.tolist() == [2.0, 1.0]


def test_wrong_arguments():
    x, i = dl.ones(3, 2), dl.tensor([0, 3])
    for act in (lambda: x.index_select(0, i), lambda: x.index_add_(0, i, dl.ones(2, 2)),
                lambda: x.index_copy_(0, i, dl.ones(2, 2)), lambda: x.index_fill_(0, i, 0)):  # fmt: skip
        with pytest.raises(IndexError, match=r"index_\w+: index\[1\] is 3 but there are 3 elements in dimension 0"):
            act()
    assert x.sum().item() == 6
    with pytest.raises(IndexError, match=r"is -1 but there are 2 elements in dimension 1 \(0 to 1\)"):
        x.index_select(1, dl.tensor([-1]))
    with pytest.raises(dl.ShapeError, match=r"index_select: index must have one dimension, got shape \(1, 1\)"):
        x.index_select(0, dl.tensor([[0]]))
    with pytest.raises(dl.ShapeError, match=r"index_add: source must have shape \(2, 2\), input's with 2 along dim"):
        x.index_add(0, i, dl.ones(2))
    with pytest.raises(dl.DTypeError, match="index_copy: source must have input's dtype float32, got int64"):
        x.index_copy(0, i, dl.tensor([[1, 1], [1, 1]]))
    with pytest.raises(IndexError, match=r"index_fill: dim 2 is out of range for shape \(3, 2\); use -2 to 1"):
        x.index_fill(2, i, 0)
