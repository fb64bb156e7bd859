"""Losses of equal shapes: formulas, reductions, extremes, shapes that are refused."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from .cases import BIG, ODD, Case, t, unit
from .common import run_cases, threads


def mse(x, y):
    return (x - y) ** 2


def bce(x, y):
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


def smooth_l1(x, y, beta=1.0):
    d = np.abs(x - y)
    return np.where(d < beta, d * d / (2 * beta), d - beta / 2)


def huber(x, y, delta=1.0):
    d = np.abs(x - y)
    return np.where(d <= delta, d * d / 2, delta * (d - delta / 2))


def bce_prob(x, y):
    return -y * np.log(x) - (1 - y) * np.log1p(-x)


def kl(x, y):
    return y * (np.log(y) - x)


def inner_unit(rng, shape):
    """Probabilities that keep clear of 0 and 1, where a difference quotient fails."""
    return rng.uniform(0.05, 0.95, shape)


def reduce(loss, how):
    return {"none": lambda v: v, "sum": np.sum, "mean": lambda v: v.sum() / max(v.size, 1)}[how](loss)


SHAPES = [s for s in (*ODD, BIG, ()) if 0 not in s]
SOME = [(1,), (67,), (2, 3, 5, 7)]
EMPTY = [s for s in ODD if 0 in s]

CASES = [
    case
    for how in ("mean", "sum", "none")
    for shapes in [SHAPES if how == "mean" else SHAPES + EMPTY]
    for case in (
        Case(f"mse_loss {how}", lambda m, F, x, y, how=how: F.mse_loss(x, y, reduction=how),
             [(t(*s), t(*s)) for s in shapes], lambda x, y, how=how: reduce(mse(x, y), how),
             rows=("mse_fwd", "mse_bwd"), length=8, scale="max" if how == "none" else None, grad_length=8),
        Case(f"binary_cross_entropy_with_logits {how}",
             lambda m, F, x, y, how=how: F.binary_cross_entropy_with_logits(x, y, reduction=how),
             [(t(*s), t(*s, draw=unit)) for s in shapes], lambda x, y, how=how: reduce(bce(x, y), how),
             rows=("bce_fwd", "bce_bwd", "bce_bwd_t"), length=8,
             scale="max" if how == "none" else None, grad_length=8),
    )
] + [
    case
    for how in ("mean", "sum", "none")
    for scale in ["max" if how == "none" else None]
    for few in [SOME if how == "sum" else [*SOME, BIG]]  # a difference quotient of 34 023 terms' sum is noise
    for case in (
        Case(f"l1_loss {how}", lambda m, F, x, y, how=how: F.l1_loss(x, y, reduction=how),
             [(t(*s), t(*s)) for s in few], lambda x, y, how=how: reduce(np.abs(x - y), how),
             rows=("l1_fwd", "l1_bwd"), length=8, scale=scale, grad_length=8),
        Case(f"smooth_l1_loss {how}", lambda m, F, x, y, how=how: F.smooth_l1_loss(x, y, reduction=how, beta=0.7),
             [(t(*s), t(*s)) for s in few], lambda x, y, how=how: reduce(smooth_l1(x, y, 0.7), how),
             rows=("smooth_l1_fwd", "smooth_l1_bwd"), length=8, scale=scale, grad_length=8),
        Case(f"huber_loss {how}", lambda m, F, x, y, how=how: F.huber_loss(x, y, reduction=how, delta=0.7),
             [(t(*s), t(*s)) for s in few], lambda x, y, how=how: reduce(huber(x, y, 0.7), how),
             rows=("huber_fwd", "huber_bwd"), length=8, scale=scale, grad_length=8),
        Case(f"binary_cross_entropy {how}", lambda m, F, x, y, how=how: F.binary_cross_entropy(x, y, reduction=how),
             [(t(*s, draw=inner_unit), t(*s, draw=unit)) for s in few],
             lambda x, y, how=how: reduce(bce_prob(x, y), how),
             rows=("bce_prob_fwd", "bce_prob_bwd", "bce_prob_bwd_t"), length=8, scale=scale, grad_length=64),
        Case(f"kl_div {how}", lambda m, F, x, y, how=how: F.kl_div(x, y, reduction=how),
             [(t(*s), t(*s, draw=inner_unit)) for s in few], lambda x, y, how=how: reduce(kl(x, y), how),
             length=64, scale="max", grad_length=8),
    )
] + [
    Case("kl_div of logarithms", lambda m, F, x, y: F.kl_div(x, y, reduction="batchmean", log_target=True),
         [(t(5, 7), t(5, 7))], lambda x, y: (np.exp(y) * (y - x)).sum() / 5, length=64, scale="max"),
    Case("binary_cross_entropy weighted", lambda m, F, x, y, w: F.binary_cross_entropy(x, y, w),
         [(t(5, 7, draw=inner_unit), t(5, 7, draw=unit), t(7, draw=unit, grad=False))],
         lambda x, y, w: (bce_prob(x, y) * w).mean(), length=16, scale="max"),
    Case("binary_cross_entropy_with_logits weighted",
         lambda m, F, x, y, w: F.binary_cross_entropy_with_logits(x, y, w, reduction="sum"),
         [(t(5, 7), t(5, 7, draw=unit), t(7, draw=unit, grad=False))],
         lambda x, y, w: (bce(x, y) * w).sum(), length=16, scale="max"),
    Case("binary_cross_entropy_with_logits pos_weight",
         lambda m, F, x, y, w, p: F.binary_cross_entropy_with_logits(x, y, w, pos_weight=p),
         [(t(5, 7), t(5, 7, draw=unit), t(7, draw=unit, grad=False), t(7, draw=unit, grad=False))],
         lambda x, y, w, p: (w * (p * y * np.log1p(np.exp(-x)) + (1 - y) * np.log1p(np.exp(x)))).mean(),
         length=16, scale="max"),
]  # fmt: skip

test_op = run_cases(CASES)
BOTH = pytest.mark.parametrize(
    "loss",
    [F.mse_loss, F.binary_cross_entropy_with_logits, F.l1_loss, F.smooth_l1_loss, F.huber_loss],
    ids=["mse", "bce", "l1", "smooth_l1", "huber"],
)


def f32(*values):
    return dl.tensor(np.float32(values))


def test_extreme_logits_neither_overflow_nor_lose_their_digits():
    x = dl.tensor(np.float32([-1e4, -30, 0, 30, 1e4, np.inf]), requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(x, f32(1, 0, 0, 1, 1, 1), reduction="none")
    assert np.isnan(loss.detach().numpy()[-1])  # inf - inf, as in PyTorch
    expected = np.float32([1e4, 9.3576e-14, np.log(2), 9.3576e-14, 0])
    testing.assert_close(loss.detach().numpy()[:-1], expected, 1e-5, 0)
    loss.backward(f32(1, 1, 1, 1, 1, 0))
    testing.assert_close(x.grad.numpy()[:-1], np.float32([-1, 9.3576e-14, 0.5, 0, 0]), 1e-5, 1e-7)


@BOTH
def test_nan_and_empty(loss):
    assert np.isnan(loss(f32(np.nan, 1), f32(0, 0)).item())
    assert np.isnan(loss(f32(), f32()).item())
    assert loss(f32(), f32(), reduction="sum").item() == 0.0


@BOTH
def test_integer_targets_become_the_inputs_dtype(loss):
    x = f32(0.5, -1.0)
    assert loss(x, dl.tensor([1, 0])).item() == loss(x, f32(1, 0)).item()


@BOTH
def test_shapes_must_match(loss):
    x, y = np.zeros((4, 1), np.float32), np.zeros(4, np.float32)
    with pytest.raises(dl.ShapeError, match=r"input=\(4,1\) target=\(4,\); drop input's last .*squeeze\(-1\)"):
        loss(dl.tensor(x), dl.tensor(y))
    with pytest.raises(dl.ShapeError, match=r"target.squeeze\(-1\)"):
        loss(dl.tensor(y), dl.tensor(x))
    with pytest.raises(dl.ShapeError, match="losses do not broadcast"):
        loss(dl.tensor(y), dl.tensor(np.zeros((), np.float32)))
    with pytest.raises(dl.DTypeError, match="input is float32 but target is float64"):
        loss(dl.tensor(y), dl.tensor(y.astype(np.float64)))
    with pytest.raises(dl.DTypeError, match="input must be float32 or float64, got int64"):
        loss(dl.tensor([1]), dl.tensor([1]))
    with pytest.raises(ValueError, match="reduction must be"):
        loss(dl.tensor(y), dl.tensor(y), reduction="total")


@BOTH
def test_bits_do_not_depend_on_threads(loss):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(300_001).astype(np.float32), rng.random(300_001).astype(np.float32)

    def run():
        x = dl.tensor(a, requires_grad=True)
        y = loss(x, dl.tensor(b))
        y.backward(dl.tensor(1.0))
        return y.detach().numpy().tobytes(), x.grad.numpy().tobytes()

    with threads(1):
        first = run()
    for n in (2, 3, 4, 7):
        with threads(n):
            assert run() == first, n


def test_a_certain_miss_costs_100():
    x = f32(0, 1, 1, 0).requires_grad_()
    loss = F.binary_cross_entropy(x, f32(1, 0, 1, 0), reduction="none")
    assert loss.tolist() == [100, 100, 0, 0]
    loss.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [-1e12, 1e12, 0, 0], rtol=1e-6)
    for wrong in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"from 0 to 1, but they range from .*_with_logits"):
            F.binary_cross_entropy(f32(0.5, wrong), f32(0, 0))


def test_kinks_and_corners():
    x = f32(1, -2).requires_grad_()
    F.l1_loss(x, f32(1, 5), reduction="sum").backward()
    assert x.grad.tolist() == [0, -1]
    assert F.smooth_l1_loss(f32(1, 4), f32(0, 0), beta=0, reduction="none").tolist() == [1, 4]
    target = f32(0, 1).requires_grad_()
    loss = F.kl_div(f32(-3, 0), target, reduction="sum")
    loss.backward()
    assert loss.item() == 0 and np.isfinite(target.grad.numpy()).all()


REFUSED = [
    (lambda: F.smooth_l1_loss(f32(1), f32(1), beta=-1), "beta must be at least 0, got -1"),
    (lambda: F.huber_loss(f32(1), f32(1), delta=0), "delta must be greater than 0, got 0"),
    (lambda: F.kl_div(f32(1, 2), f32(1)), r"same shape; input=\(2,\) target=\(1,\); losses do not broadcast"),
    (lambda: dl.nn.KLDivLoss("batch"), "\"batchmean\", got 'batch'"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text[:30] for _, text in REFUSED])
def test_refuses(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_modules():
    x, y = f32(0.1, 0.9), f32(0, 1)
    for module, wanted in (
        (dl.nn.L1Loss(), F.l1_loss(x, y)),
        (dl.nn.SmoothL1Loss(beta=0.05), F.smooth_l1_loss(x, y, beta=0.05)),
        (dl.nn.HuberLoss("sum", 0.05), F.huber_loss(x, y, reduction="sum", delta=0.05)),
        (dl.nn.BCELoss(y), F.binary_cross_entropy(x, y, y)),
        (dl.nn.BCEWithLogitsLoss(pos_weight=y), F.binary_cross_entropy_with_logits(x, y, pos_weight=y)),
        (dl.nn.KLDivLoss("batchmean"), F.kl_div(x, y, reduction="batchmean")),
    ):
        assert module(x, y).item() == wanted.item()
