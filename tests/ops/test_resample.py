"""interpolate: nearest, nearest-exact, linear, bilinear, area; sizes and scales; layouts, dtypes, threads; refusals."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Arg, Case, over
from .common import make, run_cases, threads
from .test_pool2d import adaptive_oracle


def both(v):
    return tuple(v) if isinstance(v, list | tuple) else (v, v)


def axis(n, out, scale, mode, align):
    """The matrix (out, n) of one axis."""
    if n == out and "exact" not in mode:
        return np.eye(n)
    m = np.zeros((out, n))
    for o in range(out):
        if "linear" in mode:
            step = (n - 1) / max(out - 1, 1) if align else 1 / scale if scale else n / out
            at = min(max(o * step if align else (o + 0.5) * step - 0.5, 0), n - 1)
            low = int(at)
            m[o, low] += 1 - (at - low)
            m[o, min(low + 1, n - 1)] += at - low
        else:
            step = np.float32(1 / scale) if scale else np.float32(n) / np.float32(out)
            at = np.float32((o + 0.5) * step) if "exact" in mode else np.float32(o) * step
            if out == 2 * n and "exact" not in mode:  # whatever the scale said, as PyTorch's
                at = o // 2
            m[o, min(int(np.floor(at)), n - 1)] = 1
    return m


def oracle(x, size=None, scale_factor=None, mode="nearest", align_corners=False, recompute_scale_factor=False):
    n, rows = x.shape[2:], x.ndim == 3
    scales = (0, 0) if scale_factor is None else both(scale_factor)[: len(n)]
    sizes = [int(a * s) for a, s in zip(n, scales, strict=False)] if size is None else both(size)[: len(n)]
    if recompute_scale_factor:
        scales = (0, 0)
    matrices = [axis(a, o, s, mode, align_corners) for a, o, s in zip(n, sizes, scales, strict=False)]
    return np.einsum("ncw,qw->ncq" if rows else "nchw,ph,qw->ncpq", x, *matrices).astype(x.dtype)


# Channels: one, few (lanes along the row), more than a vector with a tail; up, down, both; a row; nothing.
IMAGES = (2, 3, 5, 7), (1, 1, 4, 6), (2, 19, 6, 5), (1, 66, 3, 2), (0, 3, 4, 4)
HOW = [
    {"size": (9, 13)},
    {"size": (2, 3)},
    {"size": 6},
    {"scale_factor": 2},
    {"scale_factor": (1.7, 2.6)},
    {"scale_factor": (0.6, 1.4)},
    {"scale_factor": 1.3, "recompute_scale_factor": True},
]


def case(name, attrs, shapes, rows, **more):
    linear = "linear" in attrs["mode"]
    return Case(
        f"interpolate {name}",
        lambda dl, F, x, **kw: F.interpolate(x, **kw),
        over(*shapes),
        oracle=oracle,
        attrs=attrs,
        dtypes=("float32", "float64") if linear else ("float32", "float64", "uint8"),
        rows=rows,
        scale="abs" if linear else None,
        ulps=8 if linear else 0,
        grad_length=60,
        **more,
    )


NEAREST, LINEAR = ("resample_nearest", "resample_bwd"), ("resample_linear", "resample_bwd")
CASES = (
    [
        case(f"{mode} {i}", {"mode": mode, **how}, IMAGES, NEAREST)
        for mode in ("nearest", "nearest-exact")
        for i, how in enumerate(HOW)
    ]
    + [
        case(f"bilinear {align} {i}", {"mode": "bilinear", "align_corners": align, **how}, IMAGES, LINEAR)
        for align in (False, True)
        for i, how in enumerate(HOW)
    ]
    + [
        case("rows", {"mode": "linear", "scale_factor": 2.5}, ((2, 3, 7), (1, 1, 1)), LINEAR),
        case("rows aligned", {"mode": "linear", "size": 5, "align_corners": True}, ((2, 3, 7), (1, 1, 1)), LINEAR),
        case("rows nearest", {"mode": "nearest", "size": 9}, ((2, 3, 7),), NEAREST),
        case("a wide row", {"mode": "bilinear", "size": (1, 4100)}, ((1, 1, 2, 3),), LINEAR),
        Case(
            "interpolate area",
            lambda dl, F, x, size: F.interpolate(x, size, mode="area"),
            [(Arg((2, 3, 5, 7)),)],
            oracle=lambda x, size: adaptive_oracle(x, size),
            attrs={"size": (3, 4)},
            scale="abs",
            length=9,
            grad_length=9,
        ),
    ]
)
test_op = run_cases(CASES)


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("channels", [3, 19])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_bits_do_not_depend_on_threads(isa, mode, channels, layout):
    draw = np.random.default_rng(0).standard_normal

    def run():
        x = make(draw((3, channels, 40, 41)).astype("f4"), layout).requires_grad_()
        y = F.interpolate(x, (77, 83), mode=mode)
        y.backward(make(np.cos(np.arange(y.numel())).reshape(y.shape).astype("f4"), layout))
        return y.detach().numpy().tobytes(), x.grad.numpy().tobytes()

    results = set()
    for n in (1, 2, 3, 7):
        draw = np.random.default_rng(0).standard_normal
        with threads(n):
            results.add(run())
    assert len(results) == 1


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear"])
@pytest.mark.parametrize("channels", [3, 16])
def test_the_layout_is_kept_and_changes_nothing(mode, channels):
    a = np.random.default_rng(0).standard_normal((2, channels, 5, 6))
    x, rows = make(a, "channels_last").requires_grad_(), dl.tensor(a).requires_grad_()
    y, z = F.interpolate(x, (7, 4), mode=mode), F.interpolate(rows, (7, 4), mode=mode)
    assert y.array.is_channels_last and not y.array.is_contiguous and z.array.is_contiguous
    np.testing.assert_array_equal(y.detach().numpy(), z.detach().numpy())
    (y * y).sum().backward()
    (z * z).sum().backward()
    assert x.grad.array.is_channels_last
    np.testing.assert_allclose(x.grad.numpy(), rows.grad.numpy(), rtol=0, atol=1e-12)


def test_a_nan_stays_where_it_is_read():
    y = F.interpolate(dl.tensor([[[[1.0, float("nan"), 2.0, 3.0]]]]), (1, 8)).numpy()
    assert np.isnan(y).ravel().tolist() == [False, False, True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ValueError, lambda x: F.interpolate(x), "give either size or scale_factor"),
        (ValueError, lambda x: F.interpolate(x, 2, 2.0), "give either size or scale_factor"),
        (ValueError, lambda x: F.interpolate(x, (2, 2, 2)), "needs one number or 2"),
        (ValueError, lambda x: F.interpolate(x, 2, mode="bicubic"), "mode must be"),
        (ValueError, lambda x: F.interpolate(x, 2, mode="linear"), r'"linear" for rows .* got .linear. and x='),
        (ValueError, lambda x: F.interpolate(x, 2, align_corners=True), "align_corners goes with"),
        (ValueError, lambda x: F.interpolate(x, 2, antialias=True), "antialias"),
        (ValueError, lambda x: F.interpolate(x, 2, recompute_scale_factor=True), "goes with scale_factor"),
        (dl.ShapeError, lambda x: F.interpolate(x, (0, 2)), r"must be positive, got \(0,2\)"),
        (dl.ShapeError, lambda x: F.interpolate(x[:, :, :0], 2), "only the batch may be empty"),
        (ValueError, lambda x: F.interpolate(x[0, 0], 2), "x="),
        (dl.DTypeError, lambda x: F.interpolate(x.long(), 2), "needs a float32 or float64"),
    ],
)
def test_what_makes_no_sense(error, call, message):
    with pytest.raises(error, match=message):
        call(dl.ones(1, 3, 4, 5))
