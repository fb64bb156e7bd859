"""Convolutions and their gradients on tiles that read the image in place: geometry, gaps, edges, values, bits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing
from dlcore.nn import functional as F

from ..ops.common import threads
from ..ops.test_conv2d import channels_last, conv2d_oracle, pair
from .kinds import KINDS, values
from .test_tiles import errs_no_more_than_a_chain, rows_of

pytestmark = pytest.mark.skipif("amx" not in _C.isas(), reason="this machine has no tiles")


@pytest.fixture(autouse=True)
def on_tiles() -> Iterator[None]:
    with testing.isa("amx"), testing.poison():
        _C.set_tiles_always(True)
        yield
        _C.set_tiles_always(False)


def operands(x_shape: tuple[int, ...], w_shape: tuple[int, ...], seed: int = 1) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    shapes = (x_shape, w_shape, (w_shape[0],))
    return tuple(rng.standard_normal(s).astype(np.float32) for s in shapes)


def close(ours: np.ndarray, exact: np.ndarray, size: np.ndarray, terms: int) -> None:
    bound = (terms + terms / 128 + 2) * 2.0**-24 * size + terms * 2.0**-126 * 8
    assert ours.shape == exact.shape and (np.abs(ours - exact) <= bound).all()


GEOMETRIES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 32, 7, 9), (17, 32, 3, 3), {"padding": 1}),
    ((3, 64, 9, 14), (70, 64, 3, 3), {}),
    ((3, 32, 9, 14), (33, 32, 3, 3), {"stride": 2, "padding": 1}),
    ((2, 32, 10, 13), (40, 32, 1, 1), {"stride": 2}),
    ((1, 96, 8, 8), (16, 96, 2, 3), {"padding": (1, 2)}),
    ((2, 32, 6, 5), (32, 32, 1, 2), {"padding": 1}),
    ((2, 32, 11, 9), (32, 32, 3, 3), {"padding": 2, "dilation": 2}),
    ((2, 32, 11, 9), (32, 32, 3, 2), {"padding": (3, 0), "dilation": (2, 3), "stride": 2}),
    ((2, 32, 9, 8), (32, 32, 7, 7), {"padding": 3, "stride": 2}),
    ((1, 32, 5, 5), (32, 32, 3, 3), {"padding": 4}),
    ((2, 128, 12, 12), (64, 64, 3, 3), {"padding": 1, "groups": 2}),
    ((5, 320, 4, 3), (270, 320, 3, 3), {"padding": 1}),
    ((4, 32, 40, 41), (32, 32, 3, 3), {"padding": 1}),
]
# Images whose pixels lie side by side: 4, 8, 16 or 32 of them, one group and several; whole tiles out of reach of taps.
TOGETHER: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((32, 32, 7, 7), (40, 32, 3, 3), {"padding": 1}),
    ((64, 64, 3, 5), (33, 64, 3, 3), {"padding": 1}),
    ((16, 32, 7, 6), (32, 32, 3, 3), {"padding": 1, "stride": 2}),
    ((48, 32, 4, 7), (17, 32, 2, 3), {"padding": (1, 2)}),
    ((8, 32, 9, 7), (32, 32, 3, 3), {"padding": 2, "dilation": 2}),
    ((32, 32, 3, 2), (32, 32, 3, 3), {"padding": 4}),
    ((4, 32, 10, 17), (32, 32, 3, 3), {"padding": 1}),
    ((32, 32, 10, 9), (32, 32, 7, 7), {"padding": 3, "stride": 2}),
    ((32, 96, 14, 14), (70, 96, 3, 3), {"padding": 1}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "how"), GEOMETRIES + TOGETHER, ids=str)
@pytest.mark.parametrize("to", [dl.tensor, channels_last])
def test_every_geometry(x_shape, w_shape, how, to) -> None:
    x, w, bias = operands(x_shape, w_shape)
    y = []
    rows = rows_of(lambda: y.append(F.conv2d(to(x), to(w), dl.tensor(bias), **how).numpy()))
    assert rows == ["gemm.f32.amx.band"]
    exact = conv2d_oracle(x.astype(float), w.astype(float), bias.astype(float), **how)
    size = conv2d_oracle(np.abs(x).astype(float), np.abs(w).astype(float), np.abs(bias).astype(float), **how)
    close(y[0], exact, size, int(np.prod(w_shape[1:])))


def image_oracle(g: np.ndarray, w: np.ndarray, shape: tuple[int, ...], how: dict[str, Any]) -> np.ndarray:
    (sh, sw), (ph, pw), (dh, dw) = (pair(how.get(k, d)) for k, d in (("stride", 1), ("padding", 0), ("dilation", 1)))
    groups, (p, q) = how.get("groups", 1), g.shape[2:]
    dx = np.zeros((*shape[:2], shape[2] + 2 * ph, shape[3] + 2 * pw))
    kg, cg = w.shape[0] // groups, w.shape[1]
    for group, i, j in np.ndindex(groups, *w.shape[2:]):
        to = dx[:, group * cg : (group + 1) * cg, i * dh :, j * dw :][:, :, : sh * (p - 1) + 1 : sh]
        ks = slice(group * kg, (group + 1) * kg)
        to[:, :, :, : sw * (q - 1) + 1 : sw] += np.einsum("nkpq,kc->ncpq", g[:, ks], w[ks, :, i, j])
    return dx[:, :, ph : ph + shape[2], pw : pw + shape[3]]


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 1, 1), (2, 1, 1), (2, 0, 1), (1, 2, 2)])
@pytest.mark.parametrize("images", [3, 8, 32])
def test_the_gradient_of_the_image(images: int, stride: int, padding: int, dilation: int) -> None:
    x, w, _ = operands((images, 40, 9, 10), (64, 40, 3, 3))
    a = dl.tensor(x, requires_grad=True)
    y = F.conv2d(a, dl.tensor(w), stride=stride, padding=padding, dilation=dilation)
    g = np.random.default_rng(2).standard_normal(y.shape).astype(np.float32)
    assert "gemm.f32.amx.band" in rows_of(lambda: y.backward(dl.tensor(g)))
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    exact, size = (image_oracle(f(g).astype(float), f(w).astype(float), x.shape, how) for f in (np.asarray, np.abs))
    close(a.grad.numpy(), exact, size, 64 * 9)


def weights_oracle(x: np.ndarray, g: np.ndarray, shape: tuple[int, ...], how: dict[str, Any]) -> np.ndarray:
    (sh, sw), (ph, pw), (dh, dw) = (pair(how.get(k, d)) for k, d in (("stride", 1), ("padding", 0), ("dilation", 1)))
    groups, (p, q) = how.get("groups", 1), g.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dw_exact = np.zeros(shape)
    kg = shape[0] // groups
    for group, i, j in itertools.product(range(groups), range(shape[2]), range(shape[3])):
        ks = slice(group * kg, (group + 1) * kg)
        view = x[:, group * shape[1] : (group + 1) * shape[1], i * dh :, j * dw :]
        view = view[:, :, : sh * (p - 1) + 1 : sh, : sw * (q - 1) + 1 : sw]
        dw_exact[ks, :, i, j] = np.einsum("nkpq,ncpq->kc", g[:, ks], view)
    return dw_exact


@pytest.mark.parametrize(("x_shape", "w_shape", "how"), GEOMETRIES + TOGETHER, ids=str)
@pytest.mark.parametrize("to", [dl.tensor, channels_last])
def test_the_gradient_of_the_weights(x_shape, w_shape, how, to) -> None:
    x, w, _ = operands(x_shape, w_shape)
    weights = to(w).requires_grad_()
    y = F.conv2d(to(x), weights, **how)
    g = np.random.default_rng(3).standard_normal(y.shape).astype(np.float32)
    rows = rows_of(lambda: y.backward(to(g)))
    assert rows == (["gemm.f32.amx.weights"] if g[:, 0].size >= 32 else ["gemm.f32.avx512"])
    exact = weights_oracle(x.astype(float), g.astype(float), w_shape, how)
    size = weights_oracle(np.abs(x).astype(float), np.abs(g).astype(float), w_shape, how)
    close(weights.grad.numpy(), exact, size, g[:, 0].size)


def gradient_of_weights(x: np.ndarray, g: np.ndarray, shape: tuple[int, ...], how: dict[str, Any]) -> bytes:
    weights = dl.zeros(shape).requires_grad_()
    F.conv2d(dl.tensor(x), weights, **how).backward(dl.tensor(g))
    return weights.grad.numpy().tobytes()


# Sums cut into parts, and several panels of rows and of channels.
LARGE: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((16, 32, 28, 28), (40, 32, 3, 3), {"padding": 1}),
    ((8, 192, 15, 14), (300, 192, 3, 3), {"padding": 1, "stride": 2}),
    ((64, 64, 7, 7), (288, 64, 3, 3), {"padding": 1}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "how"), LARGE, ids=str)
def test_the_gradient_of_the_weights_has_the_same_bits_at_any_number_of_threads(x_shape, w_shape, how) -> None:
    x, w, _ = operands(x_shape, w_shape)
    y = F.conv2d(dl.tensor(x), dl.tensor(w), **how)
    g = np.random.default_rng(3).standard_normal(y.shape).astype(np.float32)
    results = []
    for count in (1, 2, 3, 4, 7):
        with threads(count):
            results.append(gradient_of_weights(x, g, w_shape, how))
    assert len(set(results)) == 1
    exact = weights_oracle(x.astype(float), g.astype(float), w_shape, how)
    size = weights_oracle(np.abs(x).astype(float), np.abs(g).astype(float), w_shape, how)
    close(np.frombuffer(results[0], np.float32).reshape(w_shape), exact, size, g[:, 0].size)


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.0**-111, 3.4e38])
@pytest.mark.parametrize("operand", [0, 1])
def test_gradients_of_weights_from_values_that_parts_cannot_carry(value: float, operand: int) -> None:
    for x_shape, w_shape, how in (GEOMETRIES[0], GEOMETRIES[2], LARGE[0], TOGETHER[0]):
        x, w, _ = operands(x_shape, w_shape)
        g = np.random.default_rng(3).standard_normal(F.conv2d(dl.tensor(x), dl.tensor(w), **how).shape)
        given = [x, g.astype(np.float32)]
        given[operand].flat[given[operand].size // 2] = value
        ours = gradient_of_weights(*given, w_shape, how)
        with testing.isa("avx512"):
            assert ours == gradient_of_weights(*given, w_shape, how)


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.0**-111, 3.4e38])
@pytest.mark.parametrize("operand", [0, 1])
def test_values_that_parts_cannot_carry_select_multiply_adds(value: float, operand: int) -> None:
    for x_shape, w_shape, how in (
        GEOMETRIES[:2] + GEOMETRIES[-1:] + TOGETHER[:1]
    ):  # B split by each task, and once for all
        given = operands(x_shape, w_shape)
        given[operand].flat[given[operand].size // 2] = value
        y = F.conv2d(*map(dl.tensor, given), **how).numpy()
        with testing.isa("avx512"):
            expected = F.conv2d(*map(dl.tensor, given), **how).numpy()
        assert y.tobytes() == expected.tobytes()


def patches(x: np.ndarray) -> np.ndarray:
    """What a 3×3 convolution with padding 1 reads: a row a pixel, columns (tap, channel)."""
    n, c, h, w = x.shape
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    taps = [wide[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)]
    return np.stack(taps, 1).transpose(0, 3, 4, 1, 2).reshape(n * h * w, 9 * c)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [64, 256])
@pytest.mark.parametrize("shape", [(1, 8, 9), (32, 2, 3)])
def test_sums_err_no_more_than_a_chain_of_multiply_adds(kind: str, channels: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(channels)
    pixels = values(kind, rng, (int(np.prod(shape)), channels))
    x = np.ascontiguousarray(pixels.reshape(*shape, channels).transpose(0, 3, 1, 2))
    columns = values("normal" if kind == "cancelling" else kind, rng, (40 * 9, channels))
    if kind == "cancelling":
        columns[:, 1::2] = columns[:, ::2]
    w = np.ascontiguousarray(columns.reshape(40, 3, 3, channels).transpose(0, 3, 1, 2))
    y = F.conv2d(dl.tensor(x), dl.tensor(w), padding=1).numpy()
    ours = y.transpose(0, 2, 3, 1).reshape(-1, 40)
    errs_no_more_than_a_chain(ours, patches(x), columns.reshape(40, 9 * channels).T)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 41, 42), (32, 7, 8)])
def test_sums_over_pixels_err_no_more_than_a_chain_of_multiply_adds(kind: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    x = values("normal" if kind == "cancelling" else kind, rng, (32, int(np.prod(shape))))
    g = values(kind, rng, (33, int(np.prod(shape))))
    if kind == "cancelling":
        x[:, 1::2] = x[:, ::2]
    image, gradient = (np.ascontiguousarray(a.reshape(-1, *shape).transpose(1, 0, 2, 3)) for a in (x, g))
    dw = np.frombuffer(gradient_of_weights(image, gradient, (33, 32, 3, 3), {"padding": 1}), np.float32)
    ours = dw.reshape(33, 32, 9).transpose(0, 2, 1).reshape(33, 288)
    errs_no_more_than_a_chain(ours, g, patches(image))


def test_a_part_of_a_larger_image() -> None:
    x, w, bias = operands((2, 64, 12, 13), (32, 32, 3, 3))
    view = channels_last(x)[:, 32:, 2:, 1:-1]
    part = np.ascontiguousarray(x[:, 32:, 2:, 1:-1])
    first, second = (F.conv2d(a, dl.tensor(w), dl.tensor(bias), padding=1).numpy() for a in (view, dl.tensor(part)))
    assert first.tobytes() == second.tobytes()


def test_same_bits_at_any_number_of_threads() -> None:
    for x_shape, w_shape, how in (GEOMETRIES[2], *GEOMETRIES[-2:], TOGETHER[0], TOGETHER[-1]):
        given = [dl.tensor(a) for a in operands(x_shape, w_shape)]
        results = []
        for count in (1, 2, 3, 4, 7):
            with threads(count):
                results.append(F.conv2d(*given, **how).numpy().tobytes())
        assert len(set(results)) == 1


def test_the_cheaper_way_is_chosen() -> None:
    _C.set_tiles_always(False)
    for images, channels, side, row in [
        (8, 64, 56, "gemm.f32.amx.band"),
        (32, 512, 7, "gemm.f32.amx.band"),
        (7, 512, 7, "gemm.f32.amx"),
    ]:  # small images that cannot lie together are mostly gaps
        x, w, _ = operands((images, channels, side, side), (channels, channels, 3, 3))
        assert rows_of(lambda x=x, w=w: F.conv2d(dl.tensor(x), dl.tensor(w), padding=1)) == [row]
