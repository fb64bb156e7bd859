"""Activations: kernels and compositions."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dlcore as dl
from dlcore import nn
from dlcore.nn import functional as F

from .cases import BIG, ODD, Case, away_from_zero, over, t
from .common import run_cases

erf = np.vectorize(math.erf, otypes=[float])
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def wide(rng, shape):
    """Both tails of every bend; away from 0, ±0.5, ±3 and 6, where some have a kink."""
    return (rng.integers(-20, 20, shape) + rng.uniform(0.1, 0.4, shape)) / 2


# name: the call, the oracle, its keywords
SMOOTH = {
    "elu": (
        lambda F, x, **kw: F.elu(x, **kw),
        lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x)),
        {"alpha": 0.7},
    ),
    "selu": (lambda F, x: F.selu(x), lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)), {}),
    "celu": (
        lambda F, x, **kw: F.celu(x, **kw),
        lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
        {"alpha": 0.5},  # of 0.7 PyTorch keeps a float's digits
    ),
    "gelu": (lambda F, x: F.gelu(x), lambda x: x * (1 + erf(x / math.sqrt(2))) / 2, {}),
    "gelu_tanh": (
        lambda F, x: F.gelu(x, approximate="tanh"),
        lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
        {},
    ),
    "silu": (lambda F, x: F.silu(x), lambda x: x * sigmoid(x), {}),
    "mish": (lambda F, x: F.mish(x), lambda x: x * np.tanh(np.log1p(np.exp(x))), {}),
    "softplus": (
        lambda F, x, **kw: F.softplus(x, **kw),
        lambda x, beta, threshold: np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta),
        {"beta": 2.0, "threshold": 9.5},
    ),
    "logsigmoid": (lambda F, x: F.logsigmoid(x), lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), {}),
    "hardtanh": (
        lambda F, x, **kw: F.hardtanh(x, **kw),
        lambda x, min_val, max_val: np.clip(x, min_val, max_val),
        {"min_val": -2.0, "max_val": 3.0},
    ),
    "hardsigmoid": (lambda F, x: F.hardsigmoid(x), lambda x: np.clip(x + 3, 0, 6) / 6, {}),
    "hardswish": (lambda F, x: F.hardswish(x), lambda x: x * np.clip(x + 3, 0, 6) / 6, {}),
    "softsign": (lambda F, x: F.softsign(x), lambda x: x / (1 + np.abs(x)), {}),
}
ROW = {"selu": "elu"}
COMPOSED = {
    "relu6": (lambda F, x: F.relu6(x), lambda x: np.clip(x, 0, 6), {}),
    "tanhshrink": (lambda F, x: F.tanhshrink(x), lambda x: x - np.tanh(x), {}),
    "hardshrink": (
        lambda F, x, **kw: F.hardshrink(x, **kw),
        lambda x, lambd: np.where(np.abs(x) > lambd, x, 0),
        {"lambd": 0.9},
    ),
    "softshrink": (
        lambda F, x, **kw: F.softshrink(x, **kw),
        lambda x, lambd: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
        {"lambd": 0.9},
    ),
    "threshold": (lambda F, x: F.threshold(x, 0.9, 7.0), lambda x: np.where(x > 0.9, x, 7.0), {}),
}


def prelu_oracle(x, w):
    return np.where(x > 0, x, x * (w.reshape(-1, *(1 for _ in x.shape[2:])) if w.size > 1 else w.reshape(())))


def glu_oracle(x, dim):
    a, b = np.split(x, 2, dim)
    return a * sigmoid(b)


CASES = [
    *(
        Case(
            name,
            lambda dl, F, x, call=call, **kw: call(F, x, **kw),
            [*over(*ODD, draw=wide), *over(BIG)]
            if name in ("gelu", "silu", "mish", "logsigmoid")
            else over(*ODD, BIG, draw=wide),
            oracle=oracle,
            attrs=attrs,
            rows=(f"{ROW.get(name, name)}_fwd", f"{ROW.get(name, name)}_bwd"),
            length=4,
            scale="max",
            grad_length=48,
            torch_oracle=name != "hardsigmoid",  # PyTorch's float64 gradient has 1/6 as a float
        )
        for name, (call, oracle, attrs) in SMOOTH.items()
    ),
    *(
        Case(
            name,
            lambda dl, F, x, call=call, **kw: call(F, x, **kw),
            over(*ODD, draw=wide),
            oracle,
            attrs=attrs,
            scale="max",
        )
        for name, (call, oracle, attrs) in COMPOSED.items()
    ),
    Case(
        "prelu",
        lambda dl, F, x, w: F.prelu(x, w),
        [
            (t(5, 7, draw=away_from_zero), t(7)),
            (t(2, 3, 5, 7, draw=away_from_zero), t(3)),
            (t(67, draw=away_from_zero), t(1)),
        ],
        prelu_oracle,
        length=1,
        scale="max",
    ),
    Case(
        "glu",
        lambda dl, F, x, dim: F.glu(x, dim),
        over((5, 6), (2, 4, 3), (0, 2)),
        glu_oracle,
        attrs={"dim": 1},
        scale="max",
    ),
    Case(
        "relu",
        lambda dl, F, x: F.relu(x),
        over(*ODD, BIG, draw=away_from_zero),
        oracle=lambda x: np.maximum(x, 0),
        rows=("relu_fwd", "relu_bwd"),
        grad_length=1,
    ),
    Case(
        "leaky_relu",
        lambda dl, F, x, **kw: F.leaky_relu(x, **kw),
        over(*ODD, BIG, draw=away_from_zero),
        oracle=lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
        attrs={"negative_slope": 0.1},
        rows=("leaky_relu_fwd", "leaky_relu_bwd"),
        grad_length=1,
    ),
    Case(
        "sigmoid",
        lambda dl, F, x: dl.sigmoid(x),
        over(*ODD, BIG),
        oracle=lambda x: 1 / (1 + np.exp(-x)),
        rows=("sigmoid_fwd", "sigmoid_bwd"),
        grad_length=1,
    ),
    Case(
        "tanh",
        lambda dl, F, x: x.tanh(),
        over(*ODD, BIG),
        oracle=np.tanh,
        rows=("tanh_fwd", "tanh_bwd"),
        grad_length=1,
    ),
]
test_op = run_cases(CASES)


def test_extremes_neither_overflow_nor_lose_their_sign(isa):
    x = dl.tensor(np.float32([-np.inf, -1e30, -100, 100, 1e30, np.inf]), requires_grad=True)
    for name, low, high in (
        ("elu", -1, None), ("celu", -1, None), ("mish", None, None), ("softplus", 0, None), ("logsigmoid", None, 0),
        ("hardtanh", -1, 1), ("relu6", 0, 6), ("hardsigmoid", 0, 1),
    ):  # fmt: skip
        x.grad = None
        y = getattr(F, name)(x)
        y[2:4].sum().backward()
        a, g = y.detach().numpy(), x.grad.numpy()[2:4]
        assert np.isfinite(g).all(), name
        assert low is None or np.allclose(a[:3], low, atol=1e-30), name
        assert np.allclose(a[3:], x.detach().numpy()[3:] if high is None else high, atol=1e-30), name


def test_nan_stays_nan(isa):
    x = dl.tensor(np.full(37, np.nan, np.float32))
    for name in (*SMOOTH, *COMPOSED):
        call, _, attrs = (SMOOTH | COMPOSED)[name]
        assert np.isnan(call(F, x, **attrs).numpy()).all(), name


def test_modules():
    x = dl.tensor(wide(np.random.default_rng(0), (4, 6)).astype("f4"))
    pairs = [
        (nn.ELU(0.7), F.elu(x, 0.7)), (nn.SELU(), F.selu(x)), (nn.CELU(0.7), F.celu(x, 0.7)), (nn.GELU(), F.gelu(x)),
        (nn.GELU("tanh"), F.gelu(x, "tanh")), (nn.SiLU(), F.silu(x)), (nn.Mish(), F.mish(x)),
        (nn.Softplus(2.0, 9.0), F.softplus(x, 2.0, 9.0)), (nn.LogSigmoid(), F.logsigmoid(x)),
        (nn.Hardtanh(-2.0, 3.0), F.hardtanh(x, -2.0, 3.0)), (nn.ReLU6(), F.relu6(x)),
        (nn.Hardsigmoid(), F.hardsigmoid(x)), (nn.Hardswish(), F.hardswish(x)), (nn.Softsign(), F.softsign(x)),
        (nn.Tanhshrink(), F.tanhshrink(x)), (nn.Hardshrink(0.9), F.hardshrink(x, 0.9)),
        (nn.Softshrink(0.9), F.softshrink(x, 0.9)), (nn.GLU(1), F.glu(x, 1)),
        (nn.Threshold(0.9, 7), F.threshold(x, 0.9, 7)),
        (nn.PReLU(6, 0.5), F.prelu(x, dl.full((6,), 0.5))),
    ]  # fmt: skip
    for module, wanted in pairs:
        np.testing.assert_array_equal(module(x).detach().numpy(), wanted.numpy(), err_msg=repr(module))
    assert list(nn.PReLU(3).state_dict()) == ["weight"] and repr(nn.GELU("tanh")) == "GELU(approximate='tanh')"


REFUSED = [
    (lambda x: F.gelu(x, "erf"), 'approximate is "none" or "tanh", got \'erf\''),
    (lambda x: F.celu(x, 0), "alpha cannot be 0"),
    (lambda x: F.hardtanh(x, 1, 0), "min_val 1 is greater than max_val 0"),
    (lambda x: F.softshrink(x, -1), "lambd must be at least 0, got -1"),
    (lambda x: F.glu(x), r"glu: dimension -1 must have an even size; input=\(2, 3\)"),
    (lambda x: F.prelu(x, dl.ones(2)), r"one per channel \(dimension 1\), 3, but has shape \(2,\); input=\(2, 3\)"),
    (lambda x: F.mish(dl.tensor([1])), r"mish: needs a float32 or float64 tensor, got int64 of shape \(1,\)"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED, ids=[text[:30] for _, text in REFUSED])
def test_refuses(call, text):
    with pytest.raises((ValueError, TypeError), match=text):
        call(dl.ones(2, 3))
