"""3×3 convolutions by Winograd's F(4×4, 3×3): sizes, layouts, error against float64, and what is left to other rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, testing
from dlcore.nn import functional as F
from dlcore.ops.conv2d import conv2d_relu

from ..isas import FOR_PRODUCTS
from ..ops.common import threads
from ..ops.test_conv2d import channels_last, conv2d_oracle, float32
from .kinds import KINDS, values

BOUND = 2.0**-18  # of max |x| · sum |w|, as set_float32_matmul_precision says


@pytest.fixture(params=[name for name in _C.isas() if name not in FOR_PRODUCTS])
def on(request: pytest.FixtureRequest) -> Iterator[str]:
    """On each ISA's rows, whatever the estimate says."""
    with testing.isa(request.param):
        dl.set_float32_matmul_precision("high")
        _C.set_winograd_always(True)
        yield request.param
        _C.set_winograd_always(False)
        dl.set_float32_matmul_precision("highest")


def winograd_rows(isa: str) -> set[str]:
    return {f"winograd.f32.{isa}", f"winograd_weights.f32.{isa}"}


def calls() -> dict[str, int]:
    return {k["name"]: k["calls"] for k in testing.kernels() if k["op"] in ("winograd", "winograd_weights", "gemm")}


def rows_of(call: Callable[[], Any]) -> set[str]:
    before = calls()
    call()
    return {name for name, count in calls().items() if count > before[name]}


def all_of(x: Any, w: Any, b: Any = None, g: np.ndarray | None = None, **kw: Any) -> list[Any]:
    """The result and the gradients of x and w."""
    leaves = x.detach().requires_grad_(), w.detach().requires_grad_()
    y = F.conv2d(*leaves, b, **kw)
    y.backward(channels_last(float32(*y.shape, seed=9) if g is None else g))
    return [t.numpy() for t in (y.detach(), *(leaf.grad for leaf in leaves))]


def turned(w: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])


def errors(y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray | None, padding: int) -> np.ndarray:
    """|y - what float64 gives| in units of max |x| · sum |w| of each output channel (plus |b|)."""
    x, w, *bias = (v.astype(np.float64) for v in (x, w, b) if v is not None)
    scale = np.abs(x).max() * np.abs(w).sum((1, 2, 3)) + sum(map(np.abs, bias))
    return np.abs(y - conv2d_oracle(x, w, *bias, padding=padding)) / scale[None, :, None, None]


def weight_errors(dw: np.ndarray, x: np.ndarray, g: np.ndarray, padding: int) -> np.ndarray:
    """dw likewise: it is a convolution of x by g, with images and channels exchanged."""
    return errors(dw.transpose(1, 0, 2, 3), x.transpose(1, 0, 2, 3), g.transpose(1, 0, 2, 3), None, padding)


def check(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, g: np.ndarray, padding: int) -> None:
    y, dx, dw = all_of(channels_last(x), dl.tensor(w), None if b is None else dl.tensor(b), g, padding=padding)
    assert errors(y, x, w, b, padding).max() <= BOUND
    assert errors(dx, g, turned(w), None, 2 - padding).max() <= BOUND
    assert weight_errors(dw, x, g, padding).max() <= BOUND


ROOM = [(size, padding) for size in (1, 2, 3, 5, 7, 13, 14) for padding in (0, 1, 2) if size + 2 * padding >= 3]


@pytest.mark.parametrize(("size", "padding"), ROOM)
def test_every_size_of_map(on: str, size: int, padding: int) -> None:
    for n, c, k, width in [(1, 5, 3, size), (3, 16, 33, 4), (2, 67, 50, 9)]:
        if width + 2 * padding < 3:
            continue
        x, w, b = float32(n, c, size, width), float32(k, c, 3, 3, seed=1), float32(k, seed=2)
        g = float32(n, k, size + 2 * padding - 2, width + 2 * padding - 2, seed=3)
        ran = rows_of(lambda args=(x, w, b, g): check(*args, padding))
        assert ran == winograd_rows(on)


def test_gradients_behind_wide_padding(on: str) -> None:
    x, w, g = float32(2, 8, 5, 6), float32(20, 8, 3, 3, seed=1), float32(2, 20, 11, 12, seed=3)
    _, dx, dw = all_of(channels_last(x), dl.tensor(w), None, g, padding=4)
    assert errors(dx, g[:, :, 2:-2, 2:-2], turned(w), None, 0).max() <= BOUND
    assert weight_errors(dw, x, g, 4).max() <= BOUND


def test_a_sum_over_many_tiles_is_split(on: str) -> None:
    x, w, g = float32(5, 17, 37, 50), float32(40, 17, 3, 3, seed=1), float32(5, 40, 37, 50, seed=3)
    check(x, w, None, g, 1)


def test_layouts_give_the_same_bits(on: str) -> None:
    x, w = float32(2, 40, 9, 7), float32(35, 24, 3, 3, seed=1)
    part = channels_last(x)[:, 3:27]
    results = [
        all_of(image, filters, padding=1)
        for image in (part, dl.tensor(x[:, 3:27].copy()))
        for filters in (dl.tensor(w), channels_last(w), dl.tensor(np.ascontiguousarray(w.T)).permute(3, 2, 1, 0))
    ]
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [16, 64, 512])
def test_error_on_any_data(on: str, kind: str, channels: int) -> None:
    rng = np.random.default_rng(channels)
    x, w, g = (values(kind, rng, s) for s in ((2, channels, 10, 10), (32, channels, 3, 3), (2, 32, 10, 10)))
    check(x, w, None, g, 1)


@pytest.mark.parametrize(("channels", "most"), [(64, 1.3e-6), (512, 2.6e-6)])
def test_root_mean_square_of_the_error(on: str, channels: int, most: float) -> None:
    x, w = float32(1, channels, 12, 12), float32(48, channels, 3, 3, seed=1)
    y = F.conv2d(channels_last(x), dl.tensor(w), padding=1).numpy()
    exact = conv2d_oracle(x.astype(np.float64), w.astype(np.float64), padding=1)
    assert np.sqrt(np.mean((y - exact) ** 2)) <= most * exact.std()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("operand", ["x", "w", "g"])
def test_values_it_cannot_carry_select_multiply_adds(on: str, value: float, operand: str) -> None:
    data = {"x": float32(2, 20, 9, 10), "w": float32(35, 20, 3, 3, seed=1), "g": float32(2, 35, 9, 10, seed=2)}
    data[operand][(1, 7, 2, 2)] = value
    x, w, g = channels_last(data["x"]), dl.tensor(data["w"]), data["g"]
    results: list[Any] = []
    ran = rows_of(lambda: results.extend(all_of(x, w, g=g, padding=1)))
    assert ran == {*winograd_rows(on), f"gemm.f32.{on}"}
    dl.set_float32_matmul_precision("highest")
    reads = {"x": (0, 2), "w": (0, 1), "g": (1, 2)}[operand]
    for i, (ours, direct) in enumerate(zip(results, all_of(x, w, g=g, padding=1), strict=True)):
        if i in reads:
            assert ours.tobytes() == direct.tobytes()
        else:
            np.testing.assert_allclose(ours, direct, rtol=0, atol=1e-3)


@pytest.mark.parametrize("shape", [(2, 16, 30, 29, 40), (3, 130, 7, 7, 200), (1, 300, 14, 14, 70)])
def test_same_bits_at_any_number_of_threads(on: str, shape: tuple[int, ...]) -> None:
    n, c, h, w, k = shape
    args = channels_last(float32(n, c, h, w)), channels_last(float32(k, c, 3, 3, seed=1)), dl.tensor(float32(k))
    results = set()
    for count in (1, 2, 3, 4, 7):
        with threads(count):
            results.add(b"".join(r.tobytes() for r in all_of(*args, padding=1)))
    assert len(results) == 1


@pytest.mark.parametrize(
    ("kernel", "kw"),
    [
        ((8, 8, 3, 3), {"stride": 2}),
        ((8, 8, 3, 3), {"dilation": (1, 2)}),
        ((8, 4, 3, 3), {"groups": 2}),
        ((8, 8, 3, 1), {}),
        ((8, 8, 5, 5), {"padding": 2}),
    ],
)
def test_other_convolutions_are_declined(on: str, kernel: tuple[int, ...], kw: dict[str, Any]) -> None:
    x, w = channels_last(float32(2, 8, 9, 9)), dl.tensor(float32(*kernel))
    assert not rows_of(lambda: all_of(x, w, **kw)) & winograd_rows(on)


def test_it_is_for_less_than_the_highest_precision(on: str) -> None:
    x, w = channels_last(float32(2, 16, 9, 9)), dl.tensor(float32(8, 16, 3, 3))
    for word, taken in (("highest", False), ("high", True), ("medium", True)):
        dl.set_float32_matmul_precision(word)
        assert rows_of(lambda: all_of(x, w)) >= (winograd_rows(on) if taken else {f"gemm.f32.{on}"})
        assert not rows_of(lambda: F.conv2d(x.double(), w.double())) & winograd_rows(on)


@pytest.mark.skipif("amx" not in _C.isas(), reason="this machine has no tiles")
def test_tiles_come_first_where_there_are_some(on: str) -> None:
    x, w = channels_last(float32(2, 64, 28, 28)), dl.tensor(float32(64, 64, 3, 3))
    with testing.isa("amx"):
        assert all(name.startswith("gemm") for name in rows_of(lambda: all_of(x, w)))


@pytest.mark.parametrize(
    ("shape", "taken"),
    [((8, 64, 56, 64), True), ((8, 256, 14, 256), True), ((1, 64, 56, 64), True), ((1, 8, 9, 8), False)],
)
def test_it_is_taken_where_it_pays(on: str, shape: tuple[int, ...], taken: bool) -> None:
    n, c, size, k = shape
    _C.set_winograd_always(False)
    x, w = channels_last(float32(n, c, size, size)), channels_last(float32(k, c, 3, 3))
    ran = rows_of(lambda: all_of(x, w, padding=1))
    assert ran == (winograd_rows(on) if taken else {f"gemm.f32.{on}"})


def test_relu_in_the_same_pass(on: str) -> None:
    x, w, b = float32(2, 19, 9, 7), float32(21, 19, 3, 3, seed=1), dl.tensor(float32(21, seed=2))
    x[0, 3, 4, 5] = np.nan  # the whole call then takes the other row, which keeps it
    for image in (channels_last(np.nan_to_num(x)), channels_last(x)):
        plain = F.relu(F.conv2d(image, dl.tensor(w), b, padding=1)).numpy()
        fused = conv2d_relu(image, dl.tensor(w), b, 1, 1, 1, 1).numpy()
        assert 0.2 < (plain == 0).mean() < 0.8
        np.testing.assert_array_equal(fused.view("u4"), plain.view("u4"))
