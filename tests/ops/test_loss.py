"""mse_loss and binary_cross_entropy_with_logits: formulas, reductions, extremes, shapes that are refused."""

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


def reduce(loss, how):
    return {"none": lambda v: v, "sum": np.sum, "mean": lambda v: v.sum() / max(v.size, 1)}[how](loss)


SHAPES = [s for s in (*ODD, BIG, ()) if 0 not in s]
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
]  # fmt: skip

test_op = run_cases(CASES)
BOTH = pytest.mark.parametrize("loss", [F.mse_loss, F.binary_cross_entropy_with_logits], ids=["mse", "bce"])


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
