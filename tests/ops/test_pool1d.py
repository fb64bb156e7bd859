"""Pools of rows: pool2d's oracles on images of height 1."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Case, distinct, over
from .common import run_cases
from .test_pool2d import adaptive_oracle, avg_oracle, max_oracle

SHAPES = ((2, 3, 11), (2, 37, 6), (4, 9), (0, 3, 6))


def flat(oracle):
    def rows(x, **kw):
        for name in ("kernel_size", "stride", "output_size", "dilation"):
            if name in kw:
                kw[name] = (1, kw[name])
        if "padding" in kw:
            kw["padding"] = (0, kw["padding"])
        return oracle(x[..., None, :], **kw)[..., 0, :]

    return rows


def largest(x, output_size):
    return adaptive_oracle(x, output_size, lambda v, _: v.max((-2, -1)))


MAX, AVG = ("max_pool2d_fwd", "max_pool2d_bwd"), ("avg_pool2d_fwd", "avg_pool2d_bwd")
# name, oracle, rows, arguments
POOLS = [
    ("max_pool1d", max_oracle, MAX, {"kernel_size": 2}),
    ("max_pool1d", max_oracle, MAX, {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True}),
    ("avg_pool1d", avg_oracle, AVG, {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    ("avg_pool1d", avg_oracle, AVG, {"kernel_size": 4, "ceil_mode": True}),
    ("adaptive_avg_pool1d", adaptive_oracle, AVG, {"output_size": 4}),
    ("adaptive_max_pool1d", largest, MAX, {"output_size": 4}),
]
CASES = [
    Case(
        f"{name} {kw}",
        lambda dl, F, x, name=name, **kw: getattr(F, name)(x, **kw),
        over(*SHAPES, draw=distinct),
        oracle=flat(oracle),
        attrs=kw,
        rows=rows,
        scale="abs" if rows is AVG else None,
        length=9,
        grad_length=9,
    )
    for name, oracle, rows, kw in POOLS
]
test_op = run_cases(CASES)


def test_indices():
    x = dl.tensor([[[1.0, 3.0, 2.0, 5.0, 0.0]]])
    for y, at in (F.max_pool1d(x, 2, return_indices=True), F.adaptive_max_pool1d(x, 2, return_indices=True)):
        assert at.dtype == dl.int64
        np.testing.assert_array_equal(np.take(x.numpy(), at.numpy()), y.numpy())


def test_what_makes_no_sense():
    with pytest.raises(dl.ShapeError, match=r"max_pool1d: needs rows \(N, C, L\) or \(C, L\), got x=\(1, 2, 3, 4\)"):
        F.max_pool1d(dl.ones(1, 2, 3, 4), 2)
    with pytest.raises(ValueError, match="avg_pool1d: kernel_size must be one int"):
        F.avg_pool1d(dl.ones(1, 2, 3), (1, 2))
