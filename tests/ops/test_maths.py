"""Functions of one number against NumPy; their ulp is tests/core/test_maths.py's."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dlcore as dl

from .cases import BIG, ODD, Case, ints, normal, over, positive
from .common import run_cases


def inside(rng, shape):
    return rng.uniform(-0.9, 0.9, shape)


def between(rng, shape):
    """Clear of the integers and the halves, where rounding jumps."""
    return rng.integers(-20, 20, shape) + rng.uniform(0.1, 0.4, shape)


def angles(rng, shape):
    """Within ±1.3: clear of the tangent's poles."""
    return rng.uniform(-1.3, 1.3, shape)


erf = np.vectorize(math.erf, otypes=[float])
FUNCTIONS = {  # the oracle, and what is drawn
    "sin": (np.sin, normal),
    "cos": (np.cos, normal),
    "tan": (np.tan, angles),
    "asin": (np.arcsin, inside),
    "acos": (np.arccos, inside),
    "atan": (np.arctan, normal),
    "sinh": (np.sinh, normal),
    "cosh": (np.cosh, normal),
    "erf": (erf, normal),
    "expm1": (np.expm1, normal),
    "log1p": (np.log1p, positive),
    "log2": (np.log2, positive),
    "log10": (np.log10, positive),
    "exp2": (np.exp2, normal),
    "rsqrt": (lambda x: 1 / np.sqrt(x), positive),
    "floor": (np.floor, between),
    "ceil": (np.ceil, between),
    "round": (np.round, between),
    "trunc": (np.trunc, between),
}
CASES = [
    Case(
        name,
        lambda dl, F, x, name=name: getattr(x, name)(),
        over(*ODD, BIG, draw=draw),
        oracle,
        rows=(f"{name}_fwd",),
        scale="max",
        grad_length=8,
    )
    for name, (oracle, draw) in FUNCTIONS.items()
]
CASES += [
    Case("frac", lambda dl, F, x: x.frac(), over(*ODD, draw=between), lambda x: x - np.trunc(x)),
    Case(
        "round to tenths",
        lambda dl, F, x: dl.round(x, decimals=1),
        over((5, 7), draw=lambda rng, shape: between(rng, shape) / 10),
        lambda x: np.round(x, 1),
        scale="max",
        torch_oracle=False,  # PyTorch multiplies by 0.1 where we divide by 10
    ),
    Case(
        "exp2 of integers",
        lambda dl, F, x: x.exp2(),
        over((5,), draw=ints(0, 9)),
        np.exp2,
        rows=("exp2_fwd",),
        dtypes=("int32", "int64", "uint8"),
        out="float32",
        grad=False,
    ),
    Case(
        "floor of integers",
        lambda dl, F, x: x.floor(),
        over((5,), draw=ints(0, 9)),
        lambda x: x,
        dtypes=("int32", "int64", "uint8"),
        grad=False,
    ),
]
test_op = run_cases(CASES)

INF, NAN = np.inf, np.nan
SPECIAL = {
    "sin": [(INF, NAN), (0.0, 0.0), (-0.0, -0.0)],
    "cos": [(-INF, NAN), (0.0, 1.0)],
    "tan": [(INF, NAN), (-0.0, -0.0)],
    "asin": [(1.0, np.pi / 2), (-1.0, -np.pi / 2), (1.5, NAN), (0.0, 0.0)],
    "acos": [(1.0, 0.0), (-1.0, np.pi), (-1.5, NAN)],
    "atan": [(INF, np.pi / 2), (-INF, -np.pi / 2), (-0.0, -0.0)],
    "sinh": [(INF, INF), (-INF, -INF), (-0.0, -0.0)],
    "cosh": [(INF, INF), (-INF, INF), (0.0, 1.0)],
    "erf": [(INF, 1), (-INF, -1), (-0.0, -0.0)],
    "expm1": [(INF, INF), (-INF, -1), (-0.0, -0.0)],
    "log1p": [(-1.0, -INF), (-1.5, NAN), (INF, INF), (0.0, 0.0)],
    "log2": [(0.0, -INF), (8.0, 3.0), (-1.0, NAN), (INF, INF)],
    "log10": [(0.0, -INF), (1000.0, 3.0), (-1.0, NAN), (INF, INF)],
    "exp2": [(-INF, 0.0), (3.0, 8.0), (INF, INF)],
    "rsqrt": [(0.0, INF), (-1.0, NAN), (INF, 0.0)],
    "floor": [(-0.5, -1.0), (2.0**30, 2.0**30), (INF, INF)],
    "ceil": [(0.5, 1.0), (-INF, -INF)],
    "round": [(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, -0.0)],
    "trunc": [(-1.5, -1.0), (1.5, 1.0), (-0.5, -0.0), (INF, INF)],
}


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(isa, name, dtype):
    """Each in every lane of a vector and in its tail."""
    for x, expected in (*SPECIAL[name], (NAN, NAN)):
        y = getattr(dl.tensor(np.full(37, x, dtype)), name)().numpy()
        np.testing.assert_allclose(
            y, np.full(37, expected, dtype), rtol=2 * np.finfo(dtype).eps, err_msg=f"{name}({x})"
        )
        if expected == 0:
            assert (np.signbit(y) == np.signbit(expected)).all() or name in ("acos", "exp2"), f"sign of {name}({x})"


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_large_angles(isa, name):
    """Whatever the size: what is left of 2^100 radians is the C library's."""
    x = np.float32([1e5, -2e6, 1e10, 2.0**100, 3e38, 0.5, 1048575.9])
    y = getattr(dl.tensor(x), name)().numpy()
    np.testing.assert_allclose(y, getattr(np, name)(x.astype("f8")), rtol=1e-6)


def test_refuses():
    with pytest.raises(dl.DTypeError, match="sin: a float16 tensor is for storage"):
        dl.ones(2).half().sin()
    with pytest.raises(dl.DTypeError, match="floor: is not defined for bool tensors"):
        dl.tensor([True]).floor()
