"""sort, topk, kthvalue, median, searchsorted: every dtype, ties, NaN and signed zeros, rows short and long."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcore as dl
from dlcore import testing

from .broadcast import DTYPES
from .cases import Arg, Case, bools, distinct, ints, normal, t
from .common import run_cases, threads
from .test_index import bf16, rounded, to_each

SHAPES = ((0,), (1,), (48,), (49,), (3, 0), (0, 3), (5, 7), (2, 3, 5, 7), (33, 1031))
LONGEST = (70000,)


def tied(draw):
    """Few different values, so that equal ones meet."""
    return draw if draw in (bools, distinct) else ints(0, 9) if draw is not normal else halves


def halves(rng, shape):
    return np.round(rng.standard_normal(shape) * 2) / 2


def drawn(draw):
    return [(t(*s, draw=tied(draw)),) for s in (*SHAPES, LONGEST)]


def order(x, axis, descending=False):
    """NumPy's stable sort puts NaN last; turned ranks keep equals in order when descending."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    ranks = np.unique(x, return_inverse=True)[1].reshape(x.shape)
    return np.argsort(-ranks, axis, kind="stable")


def sort(x, axis=-1, descending=False):
    i = order(x, axis, descending)
    return np.take_along_axis(x, i, axis), i


def first(x, k, axis=-1, descending=True):
    return tuple(np.take(a, range(k), axis) for a in sort(x, axis, descending))


def kth(x, k, axis=-1, keepdims=False):
    return tuple(a if keepdims else a.squeeze(axis) for a in (np.take(b, [k - 1], axis) for b in sort(x, axis)))


def middle(x, axis):
    return kth(x, (x.shape[axis] + 1) // 2, axis)


def one_of(*shapes, draw=distinct):
    return [(t(*s, draw=draw),) for s in shapes]


EACH = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")
CASES = [
    *to_each("sort", lambda dl, F, x: dl.sort(x, stable=True), drawn, sort, ("sort",), grad=()),
    *to_each("sort descending", lambda dl, F, x: x.sort(dim=-1, descending=True, stable=True), drawn,
             lambda x: sort(x, -1, True), ("sort",), grad=()),
    Case("sort distinct", lambda dl, F, x: x.sort(descending=True), one_of(*SHAPES), lambda x: sort(x, -1, True),
         ("sort",)),
    Case("sort first", lambda dl, F, x: x.sort(dim=0), one_of(*SHAPES),
         lambda x: sort(x, 0), ("sort",)),
    Case("sort second of four", lambda dl, F, x: x.sort(dim=1, stable=True), one_of((2, 3, 5, 7), (2, 60, 1, 2)),
         lambda x: sort(x, 1), ("sort",)),
    Case("sort a number", lambda dl, F, x: x.sort(), one_of(()), lambda x: (x, np.int64(0)), ("sort",)),
    Case("argsort", lambda dl, F, x: dl.argsort(x, dim=0, descending=True, stable=True), one_of(*SHAPES, draw=halves),
         lambda x: order(x, 0, True), ("sort",), grad=False),
    *to_each("topk", lambda dl, F, x: dl.topk(x, 3), lambda d: one_of((3,), (5, 7), (33, 1031), LONGEST, draw=tied(d)),
             lambda x: first(x, 3), ("topk",), grad=(), torch_oracle=False),  # which of equals PyTorch names is open
    Case("topk smallest", lambda dl, F, x: x.topk(40, dim=0, largest=False), one_of((40,), (300, 7), (3000, 2)),
         lambda x: first(x, 40, 0, False), ("topk",)),
    Case("topk of none and of all", lambda dl, F, x: (*x.topk(0), *x.topk(x.shape[-1])), one_of(*SHAPES),
         lambda x: (*first(x, 0), *sort(x, -1, True)), ("topk",)),
    *to_each("kthvalue", lambda dl, F, x: dl.kthvalue(x, 3), lambda d: one_of((3,), (5, 7), (33, 1031), draw=tied(d)),
             lambda x: kth(x, 3), ("kth",), grad=(), torch_oracle=False),
    Case("kthvalue first", lambda dl, F, x: x.kthvalue(40, 0, keepdim=True), one_of((40,), (300, 7), (3000, 2)),
         lambda x: kth(x, 40, 0, True), ("kth",)),
    Case("median", lambda dl, F, x: dl.median(x, 1), one_of((5, 7), (5, 8), (33, 1031), (2, 3, 5, 7)),
         lambda x: middle(x, 1), ("kth",)),
    Case("median of all", lambda dl, F, x: x.median(), one_of((), (1,), (6,), (5, 7), (33, 1031)),
         lambda x: np.partition(x.ravel(), (x.size - 1) // 2)[(x.size - 1) // 2], ("kth",)),
    Case("median of all equals", lambda dl, F, x: x.median(), one_of((4, 5), draw=lambda rng, s: np.ones(s)),
         lambda x: x[0, 0], ("kth",), grad=False),  # a kink; that equals share the gradient is tested below
    *(Case(f"{name} bfloat16", lambda m, F, x, f=f: bf16(m, lambda x: f(x).values)(x), one_of((5, 7), (33, 1031)),
           lambda x, g=g: rounded(g(x)[0]), (row,), ("float32",), grad=False)
      for name, row, f, g in (("sort", "sort", lambda x: x.sort(), sort),
                              ("topk", "topk", lambda x: x.topk(3), lambda x: first(x, 3)),
                              ("kthvalue", "kth", lambda x: x.kthvalue(3), lambda x: kth(x, 3)))),
    *(Case(f"searchsorted {d}", lambda dl, F, s, v: (dl.searchsorted(s, v), dl.searchsorted(s, v, right=True)),
           [(Arg((n,), lambda rng, s: np.sort(rng.integers(0, 20, s))), t(*v, draw=ints(0, 21)))
            for n, v in ((0, (3,)), (1, (3,)), (67, (5, 7)), (67, ()), (1031, (5000,)), (9, (0, 3)))],
           lambda s, v: (np.searchsorted(s, v), np.searchsorted(s, v, "right")), ("searchsorted",), (d,), grad=False)
      for d in ("float32", "float64", "int64", "int32", "uint8")),
    Case("searchsorted of rows", lambda dl, F, s, v: dl.searchsorted(s, v),
         [(Arg((3, 2, 9), lambda rng, s: np.sort(rng.standard_normal(s))), t(3, 2, 5))],
         lambda s, v: (s[..., None, :] < v[..., None]).sum(-1), ("searchsorted",), grad=False),
    Case("searchsorted with a sorter", lambda dl, F, s, v: dl.searchsorted(s, v, sorter=s.argsort(), side="right"),
         [(t(33, draw=distinct), t(5, 7))], lambda s, v: np.searchsorted(np.sort(s), v, "right"), ("searchsorted",),
         grad=False),
    Case("isin", lambda dl, F, x, y: (dl.isin(x, y), dl.isin(x, y, invert=True), dl.isin(x, 3)),
         [(t(5, 7, draw=ints(0, 9)), t(n, draw=ints(0, 9))) for n in (0, 1, 4)],
         lambda x, y: (np.isin(x, y), ~np.isin(x, y), x == 3), (), ("float32", "int64", "uint8"), grad=False),
    Case("bucketize", lambda dl, F, x: dl.bucketize(
             x.detach(), dl.tensor([-0.5, 0.5], dtype=x.dtype, device=x.device), out_int32=True),
         one_of((5, 7)), lambda x: np.digitize(x, [-0.5, 0.5]).astype(np.int32), ("searchsorted",), grad=False),
]  # fmt: skip
test_op = run_cases(CASES)


def special(dtype):
    rng = np.random.default_rng(0)
    return rng.choice(np.array([np.nan, -np.nan, -0.0, 0.0, np.inf, -np.inf, 1.5, -1.5, 5e-324], dtype), (7, 301))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_is_largest_and_zeros_are_equal(dtype, isa):
    a = special(dtype)
    x, i = dl.tensor(a), np.argsort(a, 1, kind="stable")
    assert x.sort(1).indices.numpy().tobytes() == i.tobytes()
    assert x.sort(1).values.numpy().tobytes() == np.take_along_axis(a, i, 1).tobytes()  # bit for bit, signs included
    nans = np.isnan(a).sum(1)
    down = x.sort(1, True).values.numpy()
    assert all(np.isnan(row[:n]).all() and not np.isnan(row[n:]).any() for row, n in zip(down, nans, strict=True))
    assert x.topk(5).indices.numpy().tobytes() == x.sort(1, True).indices[:, :5].contiguous().numpy().tobytes()
    assert x.topk(99, largest=False).indices.numpy().tobytes() == i[:, :99].tobytes()
    values, at = x.median(1)
    assert np.isnan(values.numpy()).all() and at.tolist() == np.isnan(a).argmax(1).tolist()
    assert np.isnan(x.median().item())
    assert x.kthvalue(150).indices.tolist() == i[:, 149].tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_length_and_k(dtype):
    @given(st.integers(1, 400), st.integers(0, 99), st.data())
    def check(n, seed, data):
        rng = np.random.default_rng(seed)
        a = (rng.integers(-99, 99, (2, n)) if seed % 2 else rng.standard_normal((2, n)) * 99).astype(dtype)
        x, k = dl.tensor(a), data.draw(st.integers(1, n))
        up, down = order(a, 1), order(a, 1, True)
        assert x.sort(1).indices.tolist() == up.tolist() and x.sort(1, True).indices.tolist() == down.tolist()
        assert x.topk(k).indices.tolist() == down[:, :k].tolist()
        assert x.topk(k, largest=False).indices.tolist() == up[:, :k].tolist()
        assert x.kthvalue(k).indices.tolist() == up[:, k - 1].tolist()

    check()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("span", [0, 1, 999, 2**32 - 1, 2**32, 2**40])
@pytest.mark.parametrize("first", [-(2**63), -5, 0, 7, 2**63 - 1 - 2**41])
def test_numbers_of_64_bits_near_each_other_and_apart(first, span, descending, isa):
    """Those within 2^32 are sorted by their distance from the least one."""
    a = first + np.random.default_rng(0).integers(0, span, (3, 400), endpoint=True)
    a[:, (5, 99)] = first, first + span
    values, at = dl.tensor(a).sort(1, descending)
    assert at.tolist() == order(a, 1, descending).tolist()
    assert values.tolist() == np.take_along_axis(a, order(a, 1, descending), 1).tolist()


def test_float64_near_each_other_keep_their_bits(isa):
    a = 1 + np.random.default_rng(0).integers(0, 5000, 3000) * 2.0**-52
    assert dl.tensor(a).sort().values.numpy().tobytes() == np.sort(a).tobytes()
    zeros = np.array([0.0, -0.0] * 40)
    assert dl.tensor(zeros).sort().values.numpy().tobytes() == zeros.tobytes()


@pytest.mark.parametrize("a", [np.arange(20000), -np.arange(20000), np.zeros(20000), np.arange(20000) % 2])
def test_topk_of_rows_in_bad_orders(a):
    """Ascending rows fill topk's room again and again; equal ones leave nothing to tell apart."""
    for dtype in ("float32", "int64"):
        x = dl.tensor(a.astype(dtype))
        for k in (1, 5, 16, 17, 100):
            assert x.topk(k).indices.tolist() == order(a, 0, True)[:k].tolist()
        assert x.kthvalue(7777).indices.item() == order(a, 0)[7776]


def test_bits_do_not_depend_on_threads():
    a = np.random.default_rng(0).standard_normal((300, 100)).astype(np.float32)
    with threads(1):
        expected = dl.tensor(a).sort(0).indices.tolist()
    for n in (2, 7):
        with threads(n):
            assert dl.tensor(a).sort(0).indices.tolist() == expected


def test_equals_share_the_gradient_of_a_median_of_all():
    x = dl.tensor([2.0, 1.0, 2.0, 3.0, 2.0], requires_grad=True)
    x.median().backward()
    testing.assert_close(x.grad, np.float32([1, 0, 1, 0, 1]) / 3)


def test_wrong_arguments():
    x = dl.ones(2, 3)
    with pytest.raises(IndexError, match=r"topk: k=4 but dimension 1 has 3 elements; x=\(2,3\)"):
        x.topk(4)
    with pytest.raises(IndexError, match="kthvalue: k=0 but dimension 0 has 2 elements"):
        x.kthvalue(0, 0)
    with pytest.raises(IndexError, match="median: nothing to choose from: dimension 1 of"):
        dl.zeros(2, 0).median(1)
    with pytest.raises(IndexError, match="median: nothing to choose from"):
        dl.zeros(2, 0).median()
    with pytest.raises(IndexError, match="sort"):
        x.sort(2)
    with pytest.raises(dl.DTypeError, match="searchsorted: both tensors must have one dtype; sorted=float32 val"):
        dl.searchsorted(x, dl.tensor([[1], [2]]))
    with pytest.raises(dl.ShapeError, match=r"needs values with as many rows; sorted=\(2,3\) values=\(3,1\)"):
        dl.searchsorted(x, dl.ones(3, 1))
    with pytest.raises(ValueError, match="side must be .* agree with right=True, got 'left'"):
        dl.searchsorted(x[0], x, right=True, side="left")
    with pytest.raises(dl.ShapeError, match="sorter must have the sequence's shape"):
        dl.searchsorted(x, x, sorter=dl.tensor([0]))
    with pytest.raises(dl.ShapeError, match="bucketize: boundaries must have one dimension"):
        dl.bucketize(x, x)
