"""Hypothesis against NumPy: functions of one number, broadcasting ones, and their in-place forms."""

from __future__ import annotations

import numpy as np

from .cases import Draw, away_from_zero, normal, positive, unit
from .properties import EVERY, INTEGERS, NUMBERS, Drawn, Op, run_properties
from .test_activation import COMPOSED, SMOOTH, glu_oracle, prelu_oracle, sigmoid, wide
from .test_divisions import clear, near_one
from .test_elementwise import clear_sums
from .test_loss import bce, bce_prob, huber, inner_unit, kl, mse, reduce, smooth_l1
from .test_maths import FUNCTIONS

WHOLE = (*INTEGERS, "bool")


def one(draw: Draw = normal, **settings):
    """One tensor, and keywords drawn as quarters from (low, high) or from a list."""

    def inputs(d: Drawn):
        kw = {k: d.one(*v) if isinstance(v, list) else d.quarter(*v) for k, v in settings.items()}
        return d.array(d.shape(), draw), kw

    return inputs


def many(*draws: Draw, **settings):
    """Tensors whose shapes broadcast, in any order: the first need not be the whole."""

    def inputs(d: Drawn):
        shapes = d.broadcast(len(draws))
        if d.yes():
            shapes.reverse()
        kw = {k: d.quarter(*v) for k, v in settings.items()}
        return *(d.array(s, draw) for s, draw in zip(shapes, draws, strict=True)), kw

    return inputs


def into(*draws: Draw, **settings):
    """As `many`; the first is the whole, which can be written into."""

    def inputs(d: Drawn):
        kw = {k: d.quarter(*v) for k, v in settings.items()}
        return *(d.array(s, draw) for s, draw in zip(d.broadcast(len(draws)), draws, strict=True)), kw

    return inputs


def special(rng, shape):
    """Normal numbers, and some that are none."""
    x = np.asarray(rng.standard_normal(shape))
    return np.where(rng.random(shape) < 0.4, rng.choice([np.nan, np.inf, -np.inf], shape), x)


def in_place(name: str, oracle, inputs, **more) -> list[Op]:
    return [Op(f"dl.{name}", oracle, inputs, **more), Op(f"Tensor.{name}_", oracle, inputs, **more)]


def number_first(f):
    return lambda x, other: f(other, x)


def with_number(draw: Draw):
    return lambda d: (d.array(d.shape(), draw), d.quarter(1, 4))


IN_PLACE = "sin cos floor ceil trunc rsqrt".split()
OPS = [
    op
    for name, (oracle, draw) in FUNCTIONS.items()
    for op in [
        Op(f"dl.{name}", oracle, one(draw), 8),
        *([Op(f"Tensor.{name}_", oracle, one(draw), 8)] if name in IN_PLACE else []),
    ]
    if name != "round"
]
OPS += [
    *in_place("round", np.round, one(lambda rng, shape: rng.standard_normal(shape) * 9)),
    Op("dl.frac", lambda x: x - np.trunc(x), one()),
    *in_place("exp", np.exp, one()),
    *in_place("log", np.log, one(positive)),
    *in_place("sqrt", np.sqrt, one(positive)),
    *in_place("reciprocal", lambda x: 1 / x, one(away_from_zero)),
    *in_place("square", np.square, one(), dtypes=NUMBERS),
    *in_place("abs", np.abs, one(), terms=None, dtypes=NUMBERS),
    *in_place("neg", np.negative, one(), terms=None, dtypes=NUMBERS),
    *in_place("relu", lambda x: np.maximum(x, 0), one(), terms=None),
    *in_place("sigmoid", sigmoid, one(), terms=8),
    *in_place("tanh", np.tanh, one(), terms=8),
    Op("dl.sign", np.sign, one(), None, dtypes=NUMBERS),
    Op("dl.isnan", np.isnan, one(special), None),
    Op("dl.isinf", np.isinf, one(special), None),
    Op("dl.isfinite", np.isfinite, one(special), None),
    Op("dl.nan_to_num", lambda x, **kw: np.nan_to_num(x, **kw),
       one(special, nan=(-2, 2), posinf=(3, 5), neginf=(-5, 0)), None),
    Op("dl.logical_not", np.logical_not, one(), None, dtypes=EVERY),
    Op("dl.bitwise_not", np.invert, one(), None, dtypes=WHOLE),
    Op("Tensor.zero_", np.zeros_like, one(), None, dtypes=EVERY),
    Op("Tensor.fill_", np.full_like, lambda d: (d.array(d.shape()), d.number(0, 1)), None, dtypes=EVERY),
    *in_place("clamp", lambda x, min, max: np.minimum(np.maximum(x, min), max), one(min=(-2, 0), max=(-1, 2)),
              terms=None),
]  # fmt: skip
SETTINGS = {
    "elu": {"alpha": (1, 3)},
    "celu": {"alpha": (1, 3)},
    "softplus": {"beta": (1, 3), "threshold": (5, 20)},
    "hardtanh": {"min_val": (-3, 0), "max_val": (1, 3)},
    "hardshrink": {"lambd": (0, 2)},
    "softshrink": {"lambd": (0, 2)},
}
OPS += [
    Op(f"F.{name}", oracle, one(wide, **SETTINGS.get(name, {})), 8)
    for name, (_, oracle, _) in (SMOOTH | COMPOSED).items()
    if name not in ("gelu", "gelu_tanh", "threshold")
]
OPS += [
    Op("F.gelu", lambda x, approximate: SMOOTH["gelu" if approximate == "none" else "gelu_tanh"][1](x),
       one(wide, approximate=["none", "tanh"]), 8),
    Op("F.threshold", lambda x, threshold, value: np.where(x > threshold, x, value),
       one(threshold=(-2, 2), value=(-9, 9)), None),
    Op("F.leaky_relu", lambda x, negative_slope: np.where(x > 0, x, x * negative_slope), one(negative_slope=(0, 1))),
    Op("F.prelu", prelu_oracle, lambda d: (x := d.array(d.shape(2)), d.array((d.one(1, max(x.shape[1], 1)),)))),
    Op("F.glu", glu_oracle, lambda d: (
        d.array(tuple(2 * n for n in d.shape(1, 3))), {"dim": d.one(0, -1)}), 8),
]  # fmt: skip

TWO = many(normal, normal)
OPS += [
    Op(f"dl.{name}", oracle, TWO, None, dtypes=EVERY)
    for name, oracle in {
        "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
        "ge": np.greater_equal, "maximum": np.maximum, "minimum": np.minimum, "logical_and": np.logical_and,
        "logical_or": np.logical_or, "logical_xor": np.logical_xor,
    }.items()
]  # fmt: skip
OPS += [
    Op(f"dl.bitwise_{name}", oracle, TWO, None, dtypes=WHOLE)
    for name, oracle in {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}.items()
]
INTO = into(normal, normal)
DIVIDED, POWERS = into(clear, near_one), into(positive, normal)
OPS += [
    Op("dl.add", np.add, TWO, dtypes=NUMBERS),
    Op("dl.sub", np.subtract, TWO, dtypes=NUMBERS),
    Op("dl.mul", np.multiply, TWO, dtypes=NUMBERS),
    Op("F.add_relu", lambda x, y, inplace: np.maximum(x + y, 0), into(clear_sums, clear_sums, inplace=[False, True])),
    Op("dl.rsub", lambda x, y, alpha: y - alpha * x, many(normal, normal, alpha=(-2, 2))),
    Op("dl.div", np.divide, many(normal, away_from_zero)),
    Op("Tensor.add_", lambda x, y, alpha: x + alpha * y, into(normal, normal, alpha=(-2, 2)), 2, True),
    Op("Tensor.sub_", lambda x, y, alpha: x - alpha * y, into(normal, normal, alpha=(-2, 2)), 8),
    Op("Tensor.mul_", np.multiply, INTO, dtypes=NUMBERS),
    Op("Tensor.div_", np.divide, into(normal, away_from_zero)),
    Op("Tensor.copy_", lambda x, y: np.broadcast_to(y, x.shape), INTO, None, dtypes=EVERY),
    *in_place("pow", np.power, POWERS, terms=16),
    *in_place("remainder", np.remainder, DIVIDED, terms=16),
    *in_place("fmod", np.fmod, DIVIDED, terms=16),
    Op("dl.floor_divide", np.floor_divide, many(clear, near_one), None),
    Op("dl.atan2", np.arctan2, many(away_from_zero, away_from_zero), 8),
    *in_place("lerp", lambda x, y, w: x + w * (y - x), into(normal, normal, unit), terms=4),
    *in_place("addcmul", lambda x, y, z, value: x + value * y * z, into(normal, normal, normal, value=(-2, 2)), terms=4,
              products=True),
    *in_place("addcdiv", lambda x, y, z, value: x + value * y / z, into(normal, normal, positive, value=(0, 2)),
              terms=4, products=True),
    Op("Tensor.__rtruediv__", number_first(np.divide), with_number(away_from_zero)),
    Op("Tensor.__rpow__", number_first(np.power), with_number(normal), 16),
    Op("Tensor.__rfloordiv__", number_first(np.floor_divide), with_number(lambda r, s: r.uniform(0.26, 0.3, s)), None),
    Op("Tensor.__rmod__", number_first(np.remainder), with_number(lambda r, s: r.uniform(5, 9, s)), 8),
]  # fmt: skip
for name in ("dl.where", "Tensor.where"):

    def chosen(d: Drawn, method: bool = name != "dl.where"):
        whole, *rest = d.broadcast(3)
        condition, x, y = d.array(whole, dtype="bool"), d.array(rest[0]), d.array(rest[1])
        return (x, condition, y) if method else (condition, x, y)

    OPS.append(Op(name, np.where if name == "dl.where" else lambda x, c, y: np.where(c, x, y), chosen, None,
                  dtypes=EVERY))  # fmt: skip


def loss(name: str, formula, draws=(normal, normal), **settings) -> Op:
    def inputs(d: Drawn):
        shape, how = d.shape(), d.one("mean", "sum", "none")
        if how == "mean" and 0 in shape:
            shape = (3, 5)  # the mean of nothing is NaN: tests/ops/test_loss.py
        kw = {k: d.quarter(*v) for k, v in settings.items()}
        return *(d.array(shape, draw) for draw in draws), {"reduction": how, **kw}

    def oracle(x, y, reduction, **kw):
        return reduce(formula(x, y, **kw), reduction)

    return Op(f"F.{name}", oracle, inputs, 32)


OPS += [
    loss("mse_loss", mse),
    loss("l1_loss", lambda x, y: np.abs(x - y)),
    loss("smooth_l1_loss", smooth_l1, beta=(1, 3)),
    loss("huber_loss", huber, delta=(1, 3)),
    loss("kl_div", kl, (normal, inner_unit)),
    loss("binary_cross_entropy", bce_prob, (inner_unit, unit)),
    loss("binary_cross_entropy_with_logits", bce, (normal, unit)),
]
test_property = run_properties(OPS)
