"""Deviations, norms, products, logsumexp and distances against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import BIG, Case, away_from_zero, distinct, ints, normal, over, positive, t
from .common import run_cases

WHERE: dict[str, dict[str, Any]] = {
    "all": {},
    "last": {"dim": -1},
    "first kept": {"dim": 0, "keepdim": True},
    "0 and 2": {"dim": (0, 2)},
}
SHAPES = ((3,), (67,), (5, 7), (2, 3, 5, 7))


def shapes_of(where: str) -> tuple[tuple[int, ...], ...]:
    return ((2, 3, 5, 7), (3, 1, 4)) if where == "0 and 2" else (*SHAPES, BIG)


def axes(dim, keepdim=False):
    return {"axis": dim, "keepdims": keepdim}


def numpy_norm(x, p, dim=None, keepdim=False):
    a, where = np.abs(x), axes(dim, keepdim)
    return a.max(**where) if p == np.inf else a.min(**where) if p == -np.inf else (a**p).sum(**where) ** (1 / p)


def log_sum_exp(x, dim=None, keepdim=False):
    return np.log(np.exp(x).sum(**axes(dim, keepdim)))


def family(name, oracle, draw=normal, wheres=WHERE, shapes=None, rows=(), call=None, attrs=None, length=16):
    method = call or name
    return [
        Case(
            f"{name} {w}",
            lambda dl, F, x, **kw: getattr(x, method)(**kw),
            over(*(shapes or shapes_of(w)), draw=draw),
            oracle,
            rows,
            attrs=WHERE[w] | (attrs or {}),
            length=length,
            scale="max",
            grad_length=64,
        )
        for w in wheres
    ]


def variance(x, dim=None, keepdim=False, correction=1):
    return x.var(ddof=correction, **axes(dim, keepdim))


SOME = ("all", "last")
SMALL = ((3,), (5, 7), (2, 3, 5))
CASES = [
    *family("var", variance),
    *family("std", lambda *a, **kw: np.sqrt(variance(*a, **kw))),
    Case(
        "var corrected",
        lambda dl, F, x: x.var(1, correction=2.5),
        over((5, 7)),
        lambda x: x.var(1, ddof=2.5),
        scale="max",
    ),
    Case(
        "std biased", lambda dl, F, x: dl.std(x, unbiased=False, dim=0), over((5, 7)), lambda x: x.std(0), scale="max"
    ),
    Case(
        "var_mean",
        lambda dl, F, x: dl.var_mean(x, 1),
        over((5, 7)),
        lambda x: (x.var(1, ddof=1), x.mean(1)),
        scale="max",
    ),
    Case(
        "std_mean",
        lambda dl, F, x: dl.std_mean(x, 1),
        over((5, 7)),
        lambda x: (x.std(1, ddof=1), x.mean(1)),
        scale="max",
    ),
    *family(
        "prod",
        lambda x, dim=None, keepdim=False: x.prod(**axes(dim, keepdim)),
        positive,
        SOME,
        SHAPES,
        ("prod_fwd",),
        length=300,
    ),
    Case(
        "prod first kept",
        lambda dl, F, x: dl.prod(x, 0, True),
        over((5, 7), (70, 33), draw=positive),
        lambda x: x.prod(0, keepdims=True),
        ("prod_fwd",),
        length=100,
        scale="max",
        grad_length=100,
        torch=lambda m, F, x: m.prod(x, 0, True),
    ),
    Case(
        "prod of integers",
        lambda dl, F, x: dl.prod(x),
        over((5,), (3, 4), draw=ints(1, 4)),
        np.prod,
        ("prod_fwd",),
        dtypes=("uint8", "int32", "int64"),
        out="int64",
    ),
    *(
        case
        for p, draw in (
            (2, normal),
            (1, away_from_zero),
            (3, away_from_zero),
            (0.5, positive),
            (np.inf, distinct),
            (-np.inf, distinct),
        )
        for case in family(
            f"norm {p}",
            numpy_norm,
            draw,
            shapes=SMALL if p != 2 else SHAPES,
            wheres=(*SOME, "first kept") if p == 2 else SOME,
            rows=("sum_squares_fwd",) if p == 2 else (),
            call="norm",
            attrs={"p": p},
        )
    ),
    *family("logsumexp", log_sum_exp, wheres=("last", "first kept"), rows=("logsumexp_fwd",)),
    *family("logsumexp", log_sum_exp, wheres=("0 and 2",)),
    Case(
        "aminmax",
        lambda dl, F, x: tuple(dl.aminmax(x, dim=1)),
        over((5, 7), draw=distinct),
        lambda x: (x.min(1), x.max(1)),
    ),
    Case("nansum", lambda dl, F, x: dl.nansum(x, 1), over((5, 7)), lambda x: np.nansum(x, 1), length=8, scale="max"),
    Case("nanmean", lambda dl, F, x: dl.nanmean(x, 1), over((5, 7)), lambda x: np.nanmean(x, 1), length=8, scale="max"),
    Case(
        "normalize",
        lambda dl, F, x: F.normalize(x, dim=-1),
        over((5, 7), (2, 3, 67)),
        lambda x: x / np.sqrt((x * x).sum(-1, keepdims=True)),
        length=16,
        scale="max",
    ),
    Case(
        "cosine_similarity",
        lambda dl, F, x, y: F.cosine_similarity(x, y),
        [(t(5, 7), t(5, 7)), (t(3, 4, 5), t(1, 4, 5))],
        lambda x, y: (x * y).sum(1) / np.sqrt((x * x).sum(1) * (y * y).sum(1)),
        length=16,
        scale="max",
    ),
    Case(
        "pairwise_distance",
        lambda dl, F, x, y: F.pairwise_distance(x, y),
        [(t(5, 7), t(5, 7))],
        lambda x, y: np.sqrt(((x - y + 1e-6) ** 2).sum(-1)),
        length=16,
        scale="max",
    ),
]
test_op = run_cases(CASES)


@pytest.mark.parametrize(("values", "expected"), [
    ([2, 3, 4], [12, 8, 6]), ([0, 3, 4], [12, 0, 0]), ([0, 3, 0], [0, 0, 0]), ([-0.0, 5, 1], [5, 0, 0]), ([7], [1]),
])  # fmt: skip
def test_a_product_with_zeros_has_the_right_gradient(values, expected):
    x = dl.tensor([values, values], dtype=dl.float32).requires_grad_()
    x.prod(1).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [expected, expected])


def test_products_of_nothing_and_of_bools():
    assert dl.prod(dl.zeros(0)).item() == 1 and dl.prod(dl.zeros(0, 2), 0).tolist() == [1, 1]
    assert dl.prod(dl.tensor([True, False])).item() == 0
    with pytest.raises(dl.DTypeError, match="prod: a float16 tensor is for storage"):
        dl.prod(dl.ones(2).half())


def test_corners_have_finite_gradients():
    for f in (lambda x: x.norm(), lambda x: x.norm(3), lambda x: x.norm(0.5), lambda x: x.norm(1), lambda x: x.std(),
              lambda x: F.normalize(x, dim=0)):  # fmt: skip
        x = dl.zeros(4).requires_grad_()
        f(x).sum().backward()
        assert np.isfinite(x.grad.numpy()).all()
    x = dl.tensor([-np.inf, -np.inf]).requires_grad_()
    y = x.logsumexp(0)
    y.backward()
    assert y.item() == -np.inf and x.grad.tolist() == [0, 0]
    assert dl.logsumexp(dl.tensor([np.inf, 1.0]), 0).item() == np.inf


def test_logsumexp_of_large_infinite_and_missing_numbers(isa):
    """In rows and in columns: whole vectors of them, and a tail."""
    rows = np.random.default_rng(0).standard_normal((37, 41)) + 1000
    rows[3], rows[5, 7], rows[6, 2], rows[36, 40] = -np.inf, np.inf, -np.inf, np.nan
    rows[7, 3:5] = np.inf, -np.inf
    with np.errstate(invalid="ignore"):  # NumPy takes -inf from itself in the row of them
        expected = np.logaddexp.reduce(rows, 1)
    for x, dim in ((rows, 1), (rows.T, 0), (np.stack([rows.T] * 2), -2)):
        y = dl.tensor(np.ascontiguousarray(x)).logsumexp(dim).numpy()
        np.testing.assert_allclose(y, expected if dim != -2 else np.stack([expected] * 2), rtol=1e-14)


def test_norms_of_long_rows_and_columns_add_the_squares_of_chunks_once():
    for shape, dim in (((2, 300_001), 1), ((300_001, 3), 0), ((700_001,), 0)):
        a = np.random.default_rng(0).standard_normal(shape) + 1
        np.testing.assert_allclose(dl.tensor(a).norm(2, dim).numpy(), np.sqrt((a * a).sum(dim)), rtol=1e-13)


def test_few_values():
    """As PyTorch: one value has no unbiased variance."""
    assert np.isnan(dl.tensor([1.0]).var().item()) and dl.tensor([1.0]).var(unbiased=False).item() == 0
    assert np.isnan(dl.zeros(0).std().item())
    assert dl.tensor(3.0).var(correction=0).item() == 0
    assert dl.tensor([1.0, 3.0]).var(False).item() == 1


def test_far_from_zero():
    a = (np.random.default_rng(0).standard_normal(10001) + 1e5).astype("f4")
    np.testing.assert_allclose(dl.tensor(a).std().item(), a.astype("f8").std(ddof=1), rtol=1e-5)


def test_counts():
    x = dl.tensor([[0.0, 2.0, np.nan], [0.0, 0.0, 3.0]])
    assert x.norm(0, 1).tolist() == [2, 1]
    assert x.nansum().item() == 5 and x.nanmean(1).tolist() == [1, 1]
    assert dl.logsumexp(dl.tensor([0, 0]), 0).dtype == dl.float32


REFUSED = [
    (lambda: dl.tensor([1, 2]).std(), "std: needs a float32 or float64 tensor, got int64"),
    (lambda: dl.tensor([1, 2]).norm(), "norm: needs a float32 or float64 tensor, got int64"),
    (lambda: dl.ones(2).norm("nuc"), "p is a number or \"fro\", got 'nuc'"),
    (lambda: dl.ones(2).var(1), "var|mean: dimension 1|out of range"),
    (lambda: dl.ones(2).prod(2), "prod: dimension 2|out of range"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text[:20] for _, text in REFUSED])
def test_refuses(call, text):
    with pytest.raises((TypeError, ValueError, IndexError), match=text):
        call()
