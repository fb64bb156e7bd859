"""nn.init: distributions by their moments, structures exactly, against the formulas of the papers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import init


def drawn(function, *shape, dtype=None, **how):
    dl.manual_seed(0)
    x = dl.zeros(*shape, dtype=dtype or dl.float32)
    assert function(x, **how) is x
    return x.numpy()


@pytest.mark.parametrize(
    ("function", "std"),
    [
        (init.xavier_uniform_, math.sqrt(2 / (300 * 9 + 200 * 9))),
        (init.xavier_normal_, math.sqrt(2 / (300 * 9 + 200 * 9))),
        (init.kaiming_uniform_, math.sqrt(2 / (300 * 9))),
        (init.kaiming_normal_, math.sqrt(2 / (300 * 9))),
    ],
)
def test_spread(function, std):
    a = drawn(function, 200, 300, 3, 3)
    assert abs(a.mean()) < std / 100 and abs(a.std() / std - 1) < 0.01
    if "uniform" in function.__name__:
        assert np.abs(a).max() <= std * math.sqrt(3) * (1 + 1e-6) and np.abs(a).max() > 0.999 * std * math.sqrt(3)


def truncated_moments(mean, std, a, b):
    x = np.linspace(a, b, 200_001)
    w = np.exp(-((x - mean) ** 2) / (2 * std**2))
    m = (x * w).sum() / w.sum()
    return m, math.sqrt(((x - m) ** 2 * w).sum() / w.sum())


@pytest.mark.parametrize("how", [(0, 1, -2, 2), (0, 1, -0.5, 0.25), (1, 0.1, -2, 2), (0, 1, 3, 4), (5, 2, -2, 2)])
def test_truncated_normal(how):
    mean, std = truncated_moments(*how)
    a = drawn(init.trunc_normal_, 300, 300, **dict(zip(("mean", "std", "a", "b"), how, strict=True)))
    assert a.min() >= how[2] and a.max() <= how[3]
    assert abs(a.mean() - mean) < 0.02 * std and abs(a.std() / std - 1) < 0.02


@pytest.mark.parametrize("shape", [(5, 12), (12, 5), (7, 7), (8, 2, 3, 3)])
def test_orthogonal(shape):
    a = drawn(init.orthogonal_, *shape, dtype=dl.float64, gain=3.0).reshape(shape[0], -1)
    product = a @ a.T if a.shape[0] <= a.shape[1] else a.T @ a
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-12)
    assert drawn(init.orthogonal_, 0, 3).shape == (0, 3)


def test_structures():
    np.testing.assert_array_equal(drawn(init.eye_, 2, 3), np.eye(2, 3))
    w = dl.zeros(4, 2, 3, 3)
    init.dirac_(w, groups=2)
    x = dl.randn(1, 4, 5, 5)
    np.testing.assert_array_equal(dl.nn.functional.conv2d(x, w, padding=1, groups=2).numpy(), x.numpy())
    np.testing.assert_array_equal(drawn(init.constant_, 3, val=2.5), 2.5)


def test_icnr_starts_without_a_checkerboard():
    a = drawn(init.icnr_, 16, 3, 3, 3, scale=2)
    blocks = a.reshape(4, 4, 3, 3, 3)
    assert (blocks == blocks[:, :1]).all() and len(np.unique(blocks[:, 0])) == 4 * 27
    assert abs(a.std() / math.sqrt(2 / 27) - 1) < 0.2
    w = dl.tensor(a)
    up = dl.nn.functional.pixel_shuffle(dl.nn.functional.conv2d(dl.randn(1, 3, 6, 6), w), 2).numpy()
    np.testing.assert_array_equal(up[..., ::2, ::2], up[..., 1::2, 1::2])


def test_draws_repeat_with_the_seed():
    for function in (init.orthogonal_, init.trunc_normal_, init.icnr_):
        np.testing.assert_array_equal(drawn(function, 8, 3, 3, 3), drawn(function, 8, 3, 3, 3))


def test_gains():
    assert init.calculate_gain("selu") == 0.75 and init.calculate_gain("conv_transpose2d") == 1
    assert init.calculate_gain("leaky_relu", 0.2) == math.sqrt(2 / 1.04)


REFUSED = [
    (lambda: init.trunc_normal_(dl.zeros(3), a=1, b=1), "b must be greater than a, got a=1 b=1"),
    (lambda: init.orthogonal_(dl.zeros(3)), r"needs 2 or more dimensions, got shape \(3,\)"),
    (lambda: init.eye_(dl.zeros(3)), "needs 2 dimensions"),
    (lambda: init.dirac_(dl.zeros(3, 3)), "needs the 3, 4 or 5 dimensions"),
    (lambda: init.dirac_(dl.zeros(3, 3, 3), 2), "3 output channels do not divide into 2 groups"),
    (lambda: init.icnr_(dl.zeros(6, 3, 3, 3)), r"out a multiple of scale² = 4, got shape \(6, 3, 3, 3\)"),
    (lambda: init.xavier_normal_(dl.zeros(3)), "fan is defined for weights of 2 or more dimensions"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text[:20] for _, text in REFUSED])
def test_refuses(call, text):
    with pytest.raises(ValueError, match=text):
        call()
