"""Python numbers beside integer tensors: compared as they are, refused where the dtype cannot hold them."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import dlcore as dl

NUMBERS = (-(2**40), -300, -1, 0, 1, 255, 256, 300, 2**31, 2**32, 2**40, 2.5)
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_comparisons_with_any_number_are_true(compare, dtype):
    x = np.array([0, 1, 200, 255], dtype)
    for number in NUMBERS:
        got = compare(dl.from_numpy(x), number).tolist()
        assert got == [compare(int(v), number) for v in x], number


def test_arithmetic_wraps_but_takes_no_number_that_does_not_fit():
    x = dl.tensor([250, 3], dtype=dl.uint8)
    assert (x + 10).tolist() == [4, 13] and (x - 4).tolist() == [246, 255] and (-x).tolist() == [6, 253]
    assert (x + (-4)).tolist() == [246, 255] and (x * -1).tolist() == [6, 253]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: dl.tensor([1], dtype=dl.uint8) * 300, r"mul: 300 does not fit uint8 \(0 to 255\); use a wider dtype"),
        (lambda: dl.tensor([1], dtype=dl.int32) + 2**32, "add: 4294967296 does not fit int32"),
        (lambda: dl.clamp(dl.tensor([1], dtype=dl.uint8), 300, 400), "clamp: 300 does not fit uint8"),
        (lambda: dl.minimum(dl.tensor([1], dtype=dl.int32), -(2**40)), "minimum: -1099511627776 does not fit int32"),
        (lambda: dl.maximum(dl.tensor([1], dtype=dl.uint8), 300), "maximum: 300 does not fit uint8"),
        (lambda: dl.where(dl.tensor([True]), dl.tensor([1], dtype=dl.uint8), 300), "where: 300 does not fit uint8"),
        (lambda: dl.tensor([300], dtype=dl.uint8), "tensor: 300 does not fit uint8"),
        (lambda: dl.tensor([-1], dtype=dl.uint8), "tensor: -1 does not fit uint8"),
        (lambda: dl.tensor([2**31], dtype=dl.int32), "tensor: 2147483648 does not fit int32"),
        (lambda: dl.tensor([float("nan")], dtype=dl.int64), "tensor: nan does not fit int64 .* use a floating dtype"),
        (lambda: dl.full((2,), 300, dtype=dl.uint8), "full: 300 does not fit uint8"),
        (lambda: dl.zeros(2, dtype=dl.uint8).fill_(300), "fill: 300 does not fit uint8"),
        (lambda: dl.zeros(2, dtype=dl.int64).fill_(float("inf")), "fill: inf does not fit int64"),
        (lambda: dl.randperm(300, dtype=dl.uint8), "randperm: 299 does not fit uint8"),
        (lambda: dl.randint(0, 300, (5,), dtype=dl.uint8), "randint: 299 does not fit uint8"),
        (lambda: dl.arange(0, 2**33, 2**32, dtype=dl.int32), "arange: 4294967296 does not fit int32"),
    ],
)
def test_what_does_not_fit_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_a_bound_out_of_reach_bounds_nothing():
    for dtype, low, high in ((dl.uint8, 0, 255), (dl.int32, -(2**31), 2**31 - 1)):
        x = dl.tensor([low, 5, high], dtype=dtype)
        for y in (dl.clamp(x, low - 5, high + 45), dl.clamp(x, min=low - 1), dl.clamp(x, max=high + 1)):
            assert y.dtype == dtype and y.tolist() == x.tolist()
        assert dl.maximum(x, low - 1).tolist() == dl.minimum(high + 1, x).tolist() == x.tolist()
        assert dl.clamp(x, -(2**40), 5).tolist() == [low, 5, 5]


def test_edges_fit():
    assert dl.tensor([0, 255], dtype=dl.uint8).tolist() == [0, 255]
    assert dl.tensor([-(2**31), 2**31 - 1], dtype=dl.int32).tolist() == [-(2**31), 2**31 - 1]
    assert dl.full((1,), 255.9, dtype=dl.uint8).tolist() == [255] and dl.randperm(256, dtype=dl.uint8).numel() == 256
    assert dl.tensor([2**63], dtype=dl.float64).item() == 2.0**63
    assert dl.tensor([300.0], dtype=dl.bool).item() is True


def test_conversions_of_tensors_wrap():
    assert dl.tensor([300]).to(dl.uint8).tolist() == [44]


def test_nothing_equals_none_or_text():
    x = dl.zeros(2)
    assert (x == None) is False and (x != None) is True and (x == "a") is False  # noqa: E711
    with pytest.raises(dl.DTypeError, match=r"eq: needs a tensor or a number, got \[0, 0\]"):
        x == [0, 0]  # noqa: B015
