"""Convolutions of bfloat16 that read the image in place: every geometry, gaps, edges, bits."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from ..isas import HERE_FOR_PRODUCTS
from ..ops.common import threads
from ..ops.test_conv2d import conv2d_oracle
from .test_band import GEOMETRIES, TOGETHER, operands


def rounded(x: np.ndarray) -> dl.Tensor:
    return dl.tensor(x).bfloat16()


def close(ours: dl.Tensor, exact: np.ndarray, size: np.ndarray, terms: int) -> None:
    bound = (terms + 8) * 2.0**-24 * size + 2.0**-8 * np.abs(exact)
    assert ours.shape == exact.shape and (np.abs(ours.detach().float().numpy() - exact) <= bound).all()


@pytest.mark.parametrize(("x_shape", "w_shape", "how"), GEOMETRIES + TOGETHER, ids=str)
@pytest.mark.parametrize("isa", HERE_FOR_PRODUCTS)
def test_every_geometry_and_its_gradient(isa, x_shape, w_shape, how) -> None:
    x, w, bias = operands(x_shape, w_shape)
    a, b = rounded(x).requires_grad_(), rounded(w)
    wide_a, wide_b = (t.detach().float().numpy().astype(np.float64) for t in (a, b))
    with testing.isa(isa), testing.poison():
        y = F.conv2d(a, b, dl.tensor(bias).bfloat16(), **how)
        g = rounded(np.random.default_rng(2).standard_normal(y.shape).astype(np.float32))
        y.backward(g)
    bias = rounded(bias).float().numpy().astype(np.float64)
    terms = int(np.prod(w_shape[1:]))
    exact = conv2d_oracle(wide_a, wide_b, bias, **how)
    close(y, exact, conv2d_oracle(np.abs(wide_a), np.abs(wide_b), np.abs(bias), **how), terms)
    gradients = []
    for sign in (lambda t: t, np.abs):
        image = dl.tensor(sign(wide_a), requires_grad=True)
        upstream = sign(g.float().numpy().astype(np.float64))
        F.conv2d(image, dl.tensor(sign(wide_b)), **how).backward(dl.tensor(upstream))
        gradients.append(image.grad.numpy())
    close(a.grad, *gradients, terms * w_shape[0])


@pytest.mark.parametrize("isa", HERE_FOR_PRODUCTS)
def test_the_same_bits_at_any_number_of_threads(isa) -> None:
    x, w, _ = operands((4, 32, 40, 41), (96, 32, 3, 3))
    a, b, results = rounded(x), rounded(w), set()
    for count in (1, 2, 3, 7):
        with threads(count), testing.isa(isa):
            results.add(F.conv2d(a, b, padding=1).float().numpy().tobytes())
    assert len(results) == 1
