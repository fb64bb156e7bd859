"""Convolutions that leave out the taps outside the image: small images, several at once. Values, edges, bits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing
from dlcore.nn import functional as F
from dlcore.ops.conv2d import conv2d_relu

from ..isas import FOR_PRODUCTS
from ..ops.common import threads
from ..ops.test_conv2d import channels_last, conv2d_oracle
from .test_band import image_oracle, weights_oracle

Case = tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]


@pytest.fixture(autouse=True, params=[name for name in _C.isas() if name not in FOR_PRODUCTS])
def on(request: pytest.FixtureRequest) -> Iterator[str]:
    with testing.isa(request.param), testing.poison():
        yield request.param


# Panels of one pixel and of two; one block of K a tap and several, with parts; rows of pixels in one block and in two;
# steps, distances and kernels of other sizes; taps that no pixel, or no pixel of a part, has inside the image.
CASES: list[Case] = [
    ((32, 128, 7, 7), (40, 128, 3, 3), {"padding": 1}),
    ((9, 100, 5, 6), (33, 100, 3, 3), {"padding": 1}),
    ((14, 384, 4, 3), (70, 384, 3, 3), {"padding": 1}),
    ((16, 128, 9, 12), (32, 128, 3, 3), {"padding": 1, "stride": 2}),
    ((20, 160, 6, 5), (48, 160, 2, 3), {"padding": (1, 2)}),
    ((16, 128, 7, 6), (32, 128, 3, 3), {"padding": 2, "dilation": 2}),
    ((32, 256, 3, 2), (64, 128, 3, 3), {"padding": 1, "groups": 2}),
    ((12, 128, 2, 3), (32, 128, 3, 3), {"padding": 4}),
    ((40, 128, 1, 1), (512, 128, 3, 3), {"padding": 1}),
    ((41, 128, 3, 4), (1, 128, 3, 3), {"padding": 1}),
    ((48, 96, 8, 5), (96, 96, 5, 5), {"padding": (2, 3), "stride": (1, 2)}),
]


def operands(case: Case, dtype: type, seed: int = 1) -> tuple[np.ndarray, ...]:
    """x, w, a bias and the gradient of y."""
    rng = np.random.default_rng(seed)
    x, w = (rng.standard_normal(shape).astype(dtype) for shape in case[:2])
    shape = conv2d_oracle(x, w, **case[2]).shape
    return x, w, rng.standard_normal(w.shape[0]).astype(dtype), rng.standard_normal(shape).astype(dtype)


def close(ours: np.ndarray, exact: np.ndarray, size: np.ndarray, terms: int) -> None:
    """Within gemm.h's bound for sums over `terms`; the exact values of float64 are themselves such sums."""
    roundings = (terms + terms / 96 + 32) * (2 if ours.dtype == np.float64 else 1)
    bound = roundings * np.finfo(ours.dtype).eps / 2 * size
    assert ours.shape == exact.shape and (np.abs(ours - exact) <= bound).all()


def computed(case: Case, given: tuple[np.ndarray, ...], to: Any = dl.tensor) -> list[np.ndarray]:
    """y and the gradients of x and w."""
    x, w = (to(a).requires_grad_() for a in given[:2])
    y = F.conv2d(x, w, dl.tensor(given[2]), **case[2])
    y.backward(to(given[3]))
    return [y.detach().numpy(), x.grad.numpy(), w.grad.numpy()]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("to", [dl.tensor, channels_last])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_results_and_gradients(case: Case, to: Any, dtype: type) -> None:
    given = operands(case, dtype)
    y, dx, dw = computed(case, given, to)
    exact = [a.astype(float) for a in given]
    sizes = [np.abs(a) for a in exact]
    terms = int(np.prod(given[1].shape[1:]))
    how = case[2]
    close(y, conv2d_oracle(*exact[:3], **how), conv2d_oracle(*sizes[:3], **how), terms + 1)
    taps = int(np.prod(given[1].shape[2:]))
    close(
        dx,
        image_oracle(exact[3], exact[1], dx.shape, how),
        image_oracle(sizes[3], sizes[1], dx.shape, how),
        taps * given[1].shape[0] // how.get("groups", 1),
    )
    pixels = given[3][:, 0].size
    close(
        dw, weights_oracle(exact[0], exact[3], dw.shape, how), weights_oracle(sizes[0], sizes[3], dw.shape, how), pixels
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_same_bits_at_any_number_of_threads(case: Case) -> None:
    given, results = operands(case, np.float32), []
    for count in (1, 2, 3, 4, 7):
        with threads(count):
            results.append([a.tobytes() for a in computed(case, given)])
    assert all(r == results[0] for r in results)


def test_relu_follows_the_last_block_of_every_pixel() -> None:
    for case in CASES[:3]:
        x, w, b, _ = (dl.tensor(a) for a in operands(case, np.float32))
        y = F.relu(F.conv2d(x, w, b, padding=1))
        assert conv2d_relu(x, w, b, 1, 1, 1, 1).numpy().tobytes() == y.numpy().tobytes()


@pytest.mark.parametrize(
    ("images", "side", "left_out"), [(32, 7, True), (32, 14, True), (32, 28, False), (1, 7, False)]
)
def test_where_taps_outside_the_image_are_left_out(images: int, side: int, left_out: bool) -> None:
    """What is multiplied by a NaN shows: zeros around the image are, unless they are left out."""
    x, w = np.ones((images, 256, side, side), np.float32), np.ones((32, 256, 3, 3), np.float32)
    w[:, :, 0, 0] = np.nan
    y = F.conv2d(dl.tensor(x), dl.tensor(w), padding=1).numpy()
    assert np.isnan(y[:, :, 1:, 1:]).all()
    assert not left_out == np.isnan(y[:, :, 0]).all()
