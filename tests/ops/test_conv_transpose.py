"""conv_transpose2d and conv_transpose1d: the transpose of conv2d, written as the sum that it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Arg, Case
from .common import make, run_cases
from .test_conv2d import GEMM, pair


def oracle(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    (sh, sw), (ph, pw), (oh, ow), (dh, dw) = (pair(v) for v in (stride, padding, output_padding, dilation))
    n, c, h, width = x.shape
    _, kg, r, s = w.shape
    cg = c // groups
    full = np.zeros((n, kg * groups, (h - 1) * sh + dh * (r - 1) + 1 + oh, (width - 1) * sw + dw * (s - 1) + 1 + ow))
    for g in range(groups):
        xs, ws = x[:, g * cg : (g + 1) * cg], w[g * cg : (g + 1) * cg]
        out = full[:, g * kg : (g + 1) * kg]
        for i in range(r):
            for j in range(s):
                at = slice(i * dh, i * dh + (h - 1) * sh + 1, sh), slice(j * dw, j * dw + (width - 1) * sw + 1, sw)
                out[:, :, at[0], at[1]] += np.einsum("nchw,ck->nkhw", xs, ws[:, :, i, j])
    y = full[:, :, ph : full.shape[2] - ph, pw : full.shape[3] - pw]
    return y if b is None else y + b[None, :, None, None]


def terms(x, w, *b):
    return int(np.prod(w)) + 1


def case(name: str, *shapes: tuple[tuple[int, ...], ...], rows: tuple[str, ...] = GEMM, **attrs: Any) -> Case:
    return Case(
        f"conv_transpose2d {name}",
        lambda dl, F, *args, **kw: F.conv_transpose2d(*args, **kw),
        [tuple(Arg(shape) for shape in group) for group in shapes],
        oracle=oracle,
        rows=rows,
        attrs=attrs,
        length=terms,
        scale="abs",
    )


def row_oracle(x, w, b=None, **kw):
    wide = {k: (int(k in ("stride", "dilation")), v) for k, v in kw.items() if k != "groups"}
    return oracle(x[:, :, None], w[:, :, None], b, groups=kw.get("groups", 1), **wide)[:, :, 0]


CASES = [
    case(
        "3x3",
        ((2, 3, 5, 7), (3, 4, 3, 3), (4,)),
        ((1, 16, 6, 5), (16, 33, 3, 3)),
        ((0, 3, 5, 5), (3, 2, 3, 3), (2,)),
    ),
    case("padded", ((2, 3, 5, 4), (3, 4, 3, 3), (4,)), padding=1),
    case("2x2 stride 2", ((2, 8, 3, 4), (8, 5, 2, 2), (5,)), stride=2),
    case("4x4 stride 2", ((2, 3, 4, 4), (3, 5, 4, 4), (5,)), stride=2, padding=1),
    case("output padding", ((2, 3, 4, 5), (3, 2, 3, 3), (2,)), stride=2, padding=1, output_padding=1),
    case("pairs", ((1, 3, 4, 5), (3, 2, 3, 2), (2,)), stride=(3, 1), padding=(0, 1), output_padding=(2, 0), dilation=2),
    case("rows beyond every kernel", ((1, 2, 3, 3), (2, 3, 2, 2), (3,)), output_padding=(2, 1), dilation=3),
    case("groups", ((2, 6, 3, 4), (6, 2, 3, 3), (4,)), groups=2, stride=2),
    case("1x1", ((2, 5, 3, 4), (5, 7, 1, 1), (7,))),
    case(
        "depthwise",
        ((2, 7, 4, 3), (7, 1, 3, 3), (7,)),
        groups=7,
        stride=2,
        padding=1,
        rows=("depthwise_fwd", "depthwise_bwd_x", "depthwise_bwd_w"),
    ),
    replace(
        case("rows", ((2, 4, 6), (4, 3, 3), (6,)), ((1, 2, 1), (2, 1, 5))),
        name="conv_transpose1d",
        fn=lambda dl, F, x, w, *b, **kw: F.conv_transpose1d(x, w, *b, groups=x.shape[1] // 2, **kw),
        oracle=lambda x, w, *b, **kw: row_oracle(x, w, *b, groups=x.shape[1] // 2, **kw),
        attrs={"stride": 2, "padding": 1, "output_padding": 1},
    ),
]
test_op = run_cases(CASES)


def test_it_is_the_transpose_of_conv2d():
    rng = np.random.default_rng(0)
    w = dl.tensor(rng.standard_normal((4, 3, 3, 2)))
    x, y = dl.tensor(rng.standard_normal((2, 3, 9, 8))), dl.tensor(rng.standard_normal((2, 4, 5, 8)))
    how = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 4)}
    there, back = F.conv2d(x, w, **how), F.conv_transpose2d(y, w, **how)
    np.testing.assert_allclose((there * y).sum().item(), (x * back).sum().item(), rtol=1e-12)


def test_one_image_and_its_layout():
    x, w = np.ones((3, 4, 5), "f4"), dl.ones(3, 2, 2, 2)
    assert F.conv_transpose2d(dl.tensor(x), w, dl.ones(2)).shape == (2, 5, 6)
    y = F.conv_transpose2d(make(x[None], "channels_last"), w)
    assert y.array.is_channels_last
    assert F.conv_transpose1d(dl.ones(3, 4), dl.ones(3, 2, 2)).shape == (2, 5)


@pytest.mark.parametrize(
    ("x", "w", "kw", "message"),
    [
        ((1, 4, 5, 5), (3, 2, 3, 3), {}, r"w expects 3 input channels but x has 4; x=\(1, 4, 5, 5\)"),
        ((1, 4, 5, 5), (4, 2, 3, 3), {"groups": 3}, "groups=3 must divide the 4 input channels"),
        ((5, 5), (4, 2, 3, 3), {}, "needs x"),
        ((1, 4, 1, 1), (4, 2, 3, 3), {"padding": 2}, r"must leave something of the output \(-1, -1\)"),
        ((1, 4, 5, 5), (4, 2, 3, 3), {"bias": (3,)}, r"bias must be \(K,\)=\(2,\)"),
    ],
)
def test_shape_errors_say_what_is_wrong(x, w, kw, message):
    kw = {k: dl.ones(*v) if k == "bias" else v for k, v in kw.items()}
    with pytest.raises(dl.ShapeError, match=message):
        F.conv_transpose2d(dl.ones(x), dl.ones(w), **kw)


@pytest.mark.parametrize("kw", [{"stride": 0}, {"padding": -1}, {"output_padding": 1}, {"stride": (1, 2, 3)}])
def test_values_that_make_no_sense(kw):
    with pytest.raises(ValueError, match="conv_transpose2d"):
        F.conv_transpose2d(dl.ones(1, 3, 6, 6), dl.ones(3, 2, 3, 3), **kw)
