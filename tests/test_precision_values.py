"""What products give inside autocast, their gradients, and models that train there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn, testing
from dlcore.nn import functional as F

from .isas import HERE_FOR_PRODUCTS
from .ops.common import threads
from .precision import BF16, F32, UNIT, draw, wide


def rounded(x: dl.Tensor) -> np.ndarray:
    return wide(x.bfloat16())


def within(y: dl.Tensor, expected: np.ndarray, size: np.ndarray, terms: int) -> None:
    """One rounding to y's dtype, and float32 sums of `terms` products of the given size."""
    last = UNIT if y.dtype == BF16 else 2.0**-24
    bound = last * np.abs(expected) + (terms + 4) * 2.0**-24 * size + 2.0**-126
    assert (np.abs(wide(y) - expected) <= bound).all(), (
        f"off by {(np.abs(wide(y) - expected) / bound).max():.3g} bounds"
    )


@pytest.mark.parametrize(("n", "k", "m"), [(1, 7, 3), (33, 65, 17), (64, 784, 50), (70, 33, 129)])
def test_linear_and_its_gradients_are_rounded_once(isa: str, n: int, k: int, m: int) -> None:
    x, w, b = draw(n, k).requires_grad_(), draw(m, k, seed=1).requires_grad_(), draw(m, seed=2).requires_grad_()
    with dl.autocast("bfloat16"):
        y = F.linear(x, w, b)
    g = draw(n, m, seed=3).bfloat16()
    y.backward(g)
    xr, wr, gr = rounded(x), rounded(w), wide(g)
    within(y, xr @ wr.T + wide(b), np.abs(xr) @ np.abs(wr.T) + np.abs(wide(b)), k)
    assert x.grad.dtype == w.grad.dtype == b.grad.dtype == F32
    within(w.grad, gr.T @ xr, np.abs(gr.T) @ np.abs(xr), n)
    within(b.grad, gr.sum(0), np.abs(gr).sum(0), n)
    within(x.grad.bfloat16(), gr @ wr, np.abs(gr) @ np.abs(wr), m)


@pytest.mark.parametrize("how", [{}, {"padding": 1}, {"stride": 2, "padding": (2, 1)}, {"dilation": 2}, {"groups": 2}])
@pytest.mark.parametrize("channels", [2, 6, 34])
def test_conv2d_and_its_gradients_are_float32s_of_rounded_operands(isa: str, how: dict, channels: int) -> None:
    x = draw(3, channels, 9, 11).requires_grad_()
    w = draw(40, channels // how.get("groups", 1), 3, 3, seed=1).requires_grad_()
    b = draw(40, seed=2).requires_grad_()
    with dl.autocast("bfloat16"):
        y = F.conv2d(x, w, b, **how)
    g = draw(*y.shape, seed=3).bfloat16()
    y.backward(g)
    exact, size = [], []
    for tensors, values in ((exact, lambda t: t), (size, np.abs)):
        xs, ws, gs = (dl.tensor(values(wide(t.bfloat16()))).requires_grad_() for t in (x, w, g))
        bs = dl.tensor(values(wide(b))).requires_grad_()
        out = F.conv2d(xs, ws, bs, **how)
        out.backward(gs.detach())
        tensors += [wide(t) for t in (out, xs.grad, ws.grad, bs.grad)]
    pixels = int(np.prod(y.shape)) // 40
    for ours, e, s, terms in zip(
        (y, x.grad.bfloat16(), w.grad, b.grad), exact, size, (306, 360, pixels, pixels), strict=True
    ):
        within(ours, e, s, terms)
    assert w.grad.dtype == b.grad.dtype == F32


def test_matmul_broadcasts_and_sums_its_gradients_in_float32(isa: str) -> None:
    a, b = draw(5, 9, 70).requires_grad_(), draw(70, 33, seed=1).requires_grad_()
    for left, right in ((a, b), (draw(1, 9, 70).requires_grad_(), draw(4, 70, 33, seed=1).requires_grad_())):
        with dl.autocast("bfloat16"):
            y = left @ right
        y.backward(dl.ones_like(y))
        ar, br = rounded(left), rounded(right)
        within(y, ar @ br, np.abs(ar) @ np.abs(br), 70)
        da = (np.ones(y.shape) @ np.swapaxes(br, -1, -2)).sum(0, keepdims=left.shape[0] == 1 and y.shape[0] > 1)
        if da.shape == left.shape:
            size = (np.ones(y.shape) @ np.swapaxes(np.abs(br), -1, -2)).sum(0, keepdims=True)
            within(left.grad.bfloat16(), da, size, 33 * 4)
        assert left.grad.dtype == right.grad.dtype == F32


def test_nan_and_infinity_stay(isa: str) -> None:
    x = draw(40, 70)
    x[3, 5], x[20, 60] = float("nan"), float("inf")
    y = wide(x.bfloat16() @ dl.ones(70, 33).bfloat16())
    assert np.isnan(y[3]).all() and np.isinf(y[20]).all() and np.isfinite(np.delete(y, [3, 20], 0)).all()


def test_the_same_bits_at_any_number_of_threads(isa: str) -> None:
    x, w, image, filters = draw(70, 3000), draw(130, 3000, seed=1), draw(8, 16, 20, 20), draw(32, 16, 3, 3, seed=1)

    def run() -> bytes:
        leaves = [t.detach().requires_grad_() for t in (x, w, image, filters)]
        with dl.autocast("bfloat16"):
            y = F.linear(leaves[0], leaves[1])
            z = F.relu(F.batch_norm(F.conv2d(leaves[2], leaves[3], padding=1), None, None, training=True))
            ((y * y).sum() + (F.max_pool2d(z, 2) + 1).sum()).backward()
        return b"".join(t.float().numpy().tobytes() for t in (y.detach(), z.detach(), *(v.grad for v in leaves)))

    results = set()
    for count in (1, 2, 3, 4, 7):
        with threads(count):
            results.add(run())
    assert len(results) == 1


@pytest.mark.parametrize("isa", HERE_FOR_PRODUCTS)
def test_products_of_bfloat16_run_on_its_instructions_where_there_are_some(isa: str) -> None:
    before = {k["name"]: k["calls"] for k in testing.kernels()}
    with testing.isa(isa), dl.autocast("bfloat16"):
        F.conv2d(draw(2, 4, 6, 6), draw(8, 4, 3, 3)), draw(3, 8) @ draw(8, 5)
    now = {k["name"]: k["calls"] for k in testing.kernels()}
    assert now[f"gemm16.bf16.{isa}"] - before[f"gemm16.bf16.{isa}"] == 2


# ---- models
def digits() -> tuple[dl.Tensor, dl.Tensor]:
    """Ten classes of 12×12 images: bars at class-dependent places, in noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 800)
    x = rng.standard_normal((800, 1, 12, 12)).astype(np.float32) * 0.7
    for i, c in enumerate(labels):
        x[i, 0, c % 5 * 2 : c % 5 * 2 + 3, 6 * (c // 5) : 6 * (c // 5) + 5] += 1.5
    return dl.tensor(x), dl.tensor(labels.astype(np.int64))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(144, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 10))


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def trained(make: Callable[[], nn.Module], low: bool) -> tuple[float, nn.Module]:
    x, y = digits()
    dl.manual_seed(1)
    model = make()
    opt = dl.optim.Adam(model.parameters(), lr=3e-3)
    for _epoch in range(4):
        for i in range(0, 640, 64):
            with dl.autocast("bfloat16", enabled=low):
                loss = F.cross_entropy(model(x[i : i + 64]), y[i : i + 64])
            opt.zero_grad()
            loss.backward()
            opt.step()
    model.eval()
    with dl.no_grad(), dl.autocast("bfloat16", enabled=low):
        right = (model(x[640:]).float().argmax(1) == y[640:]).sum().item()
    return right / 160, model


@pytest.mark.parametrize("make", [mlp, cnn])
def test_a_model_trains_as_well_as_in_float32(make: Callable[[], nn.Module]) -> None:
    full, _ = trained(make, False)
    half, model = trained(make, True)
    assert full > 0.9 and half >= full - 0.03
    assert {p.dtype for p in model.parameters()} == {F32} and {p.grad.dtype for p in model.parameters()} == {F32}
