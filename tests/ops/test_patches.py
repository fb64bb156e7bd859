"""pixel_shuffle, pixel_unshuffle, unfold, fold: against index arithmetic, on every layout; refusals."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Arg, Case, over
from .common import make, run_cases
from .test_conv2d import pair

DTYPES = ("float32", "float64", "int64")


def shuffle_oracle(x, r):
    *batch, c, h, w = x.shape
    y = np.empty((*batch, c // r**2, h * r, w * r), x.dtype)
    for i in range(r):
        for j in range(r):
            y[..., i::r, j::r] = x[..., i * r + j :: r * r, :, :]
    return y


def unshuffle_oracle(x, r):
    *batch, c, h, w = x.shape
    y = np.empty((*batch, c * r**2, h // r, w // r), x.dtype)
    for i in range(r):
        for j in range(r):
            y[..., i * r + j :: r * r, :, :] = x[..., i::r, j::r]
    return y


def windows(image, kernel_size, dilation=1, padding=0, stride=1):
    """For each tap (r, s): the slices of the padded image that all windows have there."""
    k, d, p, s = (pair(v) for v in (kernel_size, dilation, padding, stride))
    n = [(image[a] + 2 * p[a] - d[a] * (k[a] - 1) - 1) // s[a] + 1 for a in (0, 1)]
    for taps in np.ndindex(*k):
        yield taps, tuple(slice(t * d[a], t * d[a] + (n[a] - 1) * s[a] + 1, s[a]) for a, t in enumerate(taps))


def unfold_oracle(x, **kw):
    ph, pw = pair(kw.get("padding", 0))
    padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(ph, ph), (pw, pw)])
    columns = [padded[..., h, w] for _, (h, w) in windows(x.shape[-2:], **kw)]
    p, q = columns[0].shape[-2:]
    return np.stack(columns, -3).reshape(*x.shape[:-3], x.shape[-3] * len(columns), p * q)


def fold_oracle(x, output_size, **kw):
    (h, w), (ph, pw) = pair(output_size), pair(kw.get("padding", 0))
    at = list(windows((h, w), **kw))
    c = x.shape[-2] // len(at)
    y = np.zeros((*x.shape[:-2], c, h + 2 * ph, w + 2 * pw))
    columns = x.reshape(*x.shape[:-2], c, len(at), x.shape[-1])
    for t, (_, (rows, cols)) in enumerate(at):
        y[..., rows, cols] += columns[..., t, :].reshape(y[..., rows, cols].shape)
    return y[..., ph : ph + h, pw : pw + w]


HOW = [
    {"kernel_size": 2},
    {"kernel_size": 3, "padding": 1, "stride": 2},
    {"kernel_size": (2, 3), "dilation": (1, 2), "padding": (1, 2), "stride": (2, 1)},
]
IMAGES = (2, 3, 6, 7), (5, 7, 5), (0, 2, 5, 5)


def columns_of(image, kw):
    return np.asarray(unfold_oracle(np.zeros(image), **kw)).shape


CASES = (
    [
        Case(
            f"pixel_shuffle {r}",
            lambda dl, F, x, r: F.pixel_shuffle(x, r),
            over((2, 2 * r * r, 3, 4), (r * r, 1, 1), (2, 3, r * r, 2, 5)),
            oracle=shuffle_oracle,
            dtypes=DTYPES,
            attrs={"r": r},
            ulps=0,
            grad_length=1,
        )
        for r in (1, 2, 3)
    ]
    + [
        Case(
            f"pixel_unshuffle {r}",
            lambda dl, F, x, r: F.pixel_unshuffle(x, r),
            over((2, 3, 3 * r, 2 * r), (1, r, r), (2, 3, 2, r, 4 * r)),
            oracle=unshuffle_oracle,
            dtypes=DTYPES,
            attrs={"r": r},
            ulps=0,
            grad_length=1,
        )
        for r in (1, 2, 3)
    ]
    + [
        Case(
            f"unfold {i}",
            lambda dl, F, x, **kw: F.unfold(x, **kw),
            over(*IMAGES),
            oracle=unfold_oracle,
            attrs=attrs,
            rows=("copy",),
            ulps=0,
            grad_length=9,
        )
        for i, attrs in enumerate(HOW)
    ]
    + [
        Case(
            f"fold {i}",
            lambda dl, F, x, **kw: F.fold(x, **kw),
            [(Arg(columns_of(image, attrs)),) for image in ((2, 3, 6, 7), (5, 6, 7), (0, 1, 6, 7))],
            oracle=fold_oracle,
            attrs={"output_size": (6, 7), **attrs},
            length=9,
            scale="abs",
            grad_length=1,
        )
        for i, attrs in enumerate(HOW)
    ]
)
test_op = run_cases(CASES)


def test_empty_images():
    x = dl.ones((0, 8, 2, 3), requires_grad=True)  # of which PyTorch's gradient has the wrong shape
    y = F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2)
    assert F.pixel_shuffle(x, 2).shape == (0, 2, 4, 6)
    y.sum().backward()
    assert y.shape == x.grad.shape == (0, 8, 2, 3)
    assert F.pixel_unshuffle(dl.ones(2, 1, 0, 2), 2).shape == (2, 4, 0, 1)


def test_unfold_of_integers():
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    y = F.unfold(dl.tensor(x), 2, padding=1)
    assert y.dtype == dl.int64
    np.testing.assert_array_equal(y.numpy(), unfold_oracle(x, kernel_size=2, padding=1))


def test_shuffles_keep_channels_last():
    x = make(np.arange(2 * 8 * 3 * 4).reshape(2, 8, 3, 4).astype("f4"), "channels_last").requires_grad_()
    y = F.pixel_shuffle(x, 2)
    assert y.array.is_channels_last and not y.array.is_contiguous
    z = F.pixel_unshuffle(y, 2)
    assert z.array.is_channels_last and z.tolist() == x.tolist()
    (z * z).sum().backward()
    assert x.grad.array.is_channels_last


def test_a_convolution_is_a_product_with_the_columns():
    rng = np.random.default_rng(0)
    x, w = dl.tensor(rng.standard_normal((2, 3, 6, 7))), dl.tensor(rng.standard_normal((4, 3, 3, 2)))
    columns = F.unfold(x, (3, 2), padding=1)
    y = (w.reshape(4, -1) @ columns).reshape(2, 4, 6, 8)
    np.testing.assert_allclose(y.numpy(), F.conv2d(x, w, padding=1).numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.pixel_shuffle(dl.ones(1, 6, 2, 2), 2), "2² must divide the 6 channels"),
        (lambda: F.pixel_unshuffle(dl.ones(1, 6, 3, 2), 2), "2 must divide height and width"),
        (lambda: F.pixel_shuffle(dl.ones(4, 2), 2), "at least 3 dimensions"),
        (lambda: F.unfold(dl.ones(1, 1, 2, 2), 3), r"the kernel \(3, 3\) .* does not fit the image \(2, 2\)"),
        (lambda: F.unfold(dl.ones(2, 2), 1), "needs"),
        (lambda: F.fold(dl.ones(1, 5, 4), (3, 3), 2), "the rows a multiple of 4"),
        (lambda: F.fold(dl.ones(1, 8, 5), (3, 3), 2), "2 × 2 windows"),
    ],
)
def test_shape_errors_say_what_is_wrong(call, message):
    with pytest.raises(dl.ShapeError, match=message):
        call()


@pytest.mark.parametrize("kw", [{"kernel_size": 0}, {"kernel_size": 2, "padding": -1}, {"kernel_size": (1, 2, 3)}])
def test_values_that_make_no_sense(kw):
    with pytest.raises(ValueError, match="unfold"):
        F.unfold(dl.ones(1, 1, 4, 4), **kw)
