"""grid_sample: modes, paddings, corners, against the definition point by point; affine_grid; layouts; refusals."""

from __future__ import annotations

import itertools
from math import floor

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Arg, Case, away_from_zero
from .common import make, run_cases, threads


def place(u, n, padding, align):
    at = (u + 1) / 2 * (n - 1) if align else ((u + 1) * n - 1) / 2
    if padding == "reflection":
        low, span = (0, n - 1) if align else (-0.5, n)
        if span == 0:
            return 0
        rest = abs(at - low) % (2 * span)
        at = low + (rest if rest < span else 2 * span - rest)
    return at if padding == "zeros" else min(max(at, 0), n - 1)


def oracle(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False):
    n, c, h, w = x.shape
    y = np.zeros((n, c, *grid.shape[1:3]))
    for i, p, q in np.ndindex(*grid.shape[:3]):
        column, row = (place(u, s, padding_mode, align_corners) for u, s in zip(grid[i, p, q], (w, h), strict=True))
        if mode == "nearest":
            taps = [(round(row), round(column), 1)]
        else:
            top, left = floor(row), floor(column)
            taps = [
                (top + a, left + b, (row - top if a else 1 - row + top) * (column - left if b else 1 - column + left))
                for a, b in itertools.product((0, 1), (0, 1))
            ]
        for r, s, weight in taps:
            if 0 <= r < h and 0 <= s < w:
                y[i, :, p, q] += weight * x[i, :, r, s]
    return y


def places(rng, shape):
    """Inside and well outside, and clear of the kinks, which lie at whole and half pixels of sides 2, 4 and 5."""
    u = rng.uniform(-2.2, 2.2, shape)
    for n in (4, 5):
        for kinks in (n, 2 * (n - 1)):
            off = u * kinks - np.round(u * kinks)
            u = u + np.where(np.abs(off) < 0.05, 0.12 / kinks, 0)
    return u


SHAPES = (
    ((2, 3, 4, 5), (2, 3, 4, 2)),
    ((1, 19, 5, 4), (1, 2, 67, 2)),
    ((1, 34, 4, 4), (1, 1, 5, 2)),
    ((2, 1, 5, 5), (2, 4, 1, 2)),
    ((0, 2, 4, 4), (0, 2, 2, 2)),
    ((1, 2, 4, 4), (1, 0, 3, 2)),
)


def case(mode, padding, align):
    rows = ("grid_sample_fwd", "grid_sample_bwd_x") + (("grid_sample_bwd_grid",) if mode == "bilinear" else ())
    return Case(
        f"grid_sample {mode} {padding} {align}",
        lambda dl, F, x, grid, **kw: F.grid_sample(x, grid, **kw),
        [(Arg(x), Arg(grid, places)) for x, grid in SHAPES],
        oracle=oracle,
        attrs={"mode": mode, "padding_mode": padding, "align_corners": align},
        rows=rows,
        scale="max",
        length=8,
        grad_length=200,
    )


def affine_oracle(theta, size, align_corners):
    def centres(n):
        return np.linspace(-1, 1, n) * (1 if align_corners else (n - 1) / n) if n > 1 else np.zeros(1)

    y, x = np.meshgrid(centres(size[2]), centres(size[3]), indexing="ij")
    return np.einsum("nij,hwj->nhwi", theta, np.stack([x, y, np.ones_like(x)], -1))


CASES = [
    case(*how) for how in itertools.product(("bilinear", "nearest"), ("zeros", "border", "reflection"), (False, True))
]
CASES += [
    Case(
        f"affine_grid {size} {align}",
        lambda dl, F, theta, **kw: F.affine_grid(theta, **kw),
        [(Arg((size[0], 2, 3), away_from_zero),)],
        oracle=affine_oracle,
        attrs={"size": size, "align_corners": align},
        scale="max",
        length=4,
    )
    for size in ((2, 3, 4, 5), (1, 1, 1, 3))
    for align in (False, True)
]
test_op = run_cases(CASES)


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("channels", [3, 70])
def test_bits_do_not_depend_on_threads(isa, channels, layout):
    def run():
        rng = np.random.default_rng(0)
        x = make(rng.standard_normal((2, channels, 15, 16)).astype("f4"), layout).requires_grad_()
        grid = dl.tensor(rng.uniform(-1.1, 1.1, (2, 40, 41, 2)).astype("f4")).requires_grad_()
        y = F.grid_sample(x, grid, align_corners=False)
        y.backward(make(rng.standard_normal(y.shape).astype("f4"), layout))
        return b"".join(t.detach().numpy().tobytes() for t in (y, x.grad, grid.grad))

    results = set()
    for n in (1, 2, 3, 7):
        with threads(n):
            results.add(run())
    assert len(results) == 1


@pytest.mark.parametrize("channels", [3, 16])
def test_the_layout_is_kept(channels):
    a = np.random.default_rng(0).standard_normal((2, channels, 5, 6)).astype("f4")
    x = make(a, "channels_last").requires_grad_()
    y = F.grid_sample(x, F.affine_grid(dl.tensor([[[0.5, 0.1, 0], [0.2, 0.9, 0]]] * 2), (2, channels, 7, 8)))
    assert y.array.is_channels_last and not y.array.is_contiguous
    (y * y).sum().backward()
    assert x.grad.array.is_channels_last


@pytest.mark.parametrize("align", [False, True])
def test_the_identity_gives_the_image(align):
    x = dl.randn(2, 3, 6, 7)
    same = F.affine_grid(dl.tensor([[[1.0, 0, 0], [0, 1.0, 0]]] * 2), (2, 3, 6, 7), align)
    np.testing.assert_allclose(F.grid_sample(x, same, align_corners=align).numpy(), x.numpy(), rtol=0, atol=5e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1e30])
def test_places_that_are_no_places(bad):
    x = dl.tensor(np.full((1, 1, 2, 2), 3.0)).requires_grad_()
    grid = dl.tensor(np.full((1, 1, 1, 2), bad)).requires_grad_()
    for mode in ("bilinear", "nearest"):
        assert F.grid_sample(x, grid, mode, "zeros", False).item() == 0
        assert F.grid_sample(x, grid, mode, "border", False).item() == 3
    F.grid_sample(x, grid, "bilinear", "border", False).sum().backward()
    assert x.grad.sum().item() == 1 and grid.grad.tolist() == [[[[0.0, 0.0]]]]


def test_what_is_outside_is_not_read():
    x = np.full((1, 1, 2, 2), np.nan)
    x[..., 1] = 1
    y = F.grid_sample(dl.tensor(x), dl.tensor([[[[1.0, 0.0]]]]).double(), align_corners=False)
    assert y.item() == 0.5


@pytest.mark.parametrize(
    ("error", "x", "grid", "kw", "message"),
    [
        (dl.ShapeError, (1, 3, 4, 4), (2, 3, 3, 2), {}, r"grid must be \(N, P, Q, 2\)"),
        (dl.ShapeError, (1, 3, 4, 4), (1, 3, 3, 3), {}, r"grid must be \(N, P, Q, 2\)"),
        (dl.ShapeError, (3, 4, 4), (1, 3, 3, 2), {}, "needs x"),
        (dl.ShapeError, (1, 3, 0, 4), (1, 3, 3, 2), {}, "only the batch"),
        (ValueError, (1, 3, 4, 4), (1, 3, 3, 2), {"mode": "bicubic"}, "mode must be"),
        (ValueError, (1, 3, 4, 4), (1, 3, 3, 2), {"padding_mode": "reflect"}, "padding_mode must be"),
    ],
)
def test_what_makes_no_sense(error, x, grid, kw, message):
    with pytest.raises(error, match=message):
        F.grid_sample(dl.ones(x), dl.zeros(grid), **kw)


def test_other_dtypes():
    with pytest.raises(dl.DTypeError, match="both be float32"):
        F.grid_sample(dl.ones(1, 1, 2, 2), dl.zeros(1, 1, 1, 2).double())
    with pytest.raises(dl.ShapeError, match="affine_grid: needs theta"):
        F.affine_grid(dl.ones(1, 3, 2), (1, 1, 2, 2))
