"""Arithmetic and the usual maths: promotion, broadcasting, strides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcore import _C

from .broadcast import array, operands
from .cases import BIG, Arg, Case, Draw, away_from_zero, bools, ints, normal, pairs, positive
from .common import run_cases

SHAPES = ((0,), (1,), (16,), (67,), (0, 3), (5, 7), (2, 3, 5, 7), BIG)
PAIRS = [(s, s) for s in SHAPES]
PAIRS += [
    ((5, 7), (7,)),
    ((2, 3, 5, 7), (3, 1, 1)),
    ((1, 16), (5, 1)),
    ((), (3,)),
    ((2, 0, 3), (3,)),
    ((4, 1, 67), (67,)),
]


def unary(name: str, fn: Any, oracle: Any, *rows: str, draw: Draw = normal, **more: Any) -> Case:
    return Case(name, fn, [(Arg(s, draw),) for s in SHAPES], oracle, rows, grad_length=1, **more)


def binary(name: str, fn: Any, oracle: Any, *rows: str, draw: Draw = normal, **more: Any) -> Case:
    # a broadcast operand's gradient sums over all that it was broadcast to
    size = lambda *shapes: int(np.prod(np.broadcast_shapes(*shapes)))  # noqa: E731
    return Case(name, fn, pairs(*PAIRS, draw=draw), oracle, rows, grad_length=size, **more)


def exact(name: str, fn: Any, oracle: Any, row: str, dtypes: str = "uint8 int32 int64", arity: int = 2) -> list[Case]:
    """The same op on integers and bools, where every bit is known and there is no gradient."""
    cases = []
    for dtype in dtypes.split():
        draw = bools if dtype == "bool" else ints(0, 7)
        inputs = [tuple(Arg(s, draw) for s in shapes[:arity]) for shapes in PAIRS]
        cases.append(Case(f"{name} {dtype}", fn, inputs, oracle, (row,), (dtype,), grad=False))
    return cases


def compare(name: str, fn: Any, oracle: Any, row: str) -> list[Case]:
    few = lambda rng, shape: np.asarray(rng.integers(-1, 2, shape), np.float64)  # noqa: E731  with many ties
    floats = Case(name, fn, pairs(*PAIRS, draw=few), oracle, (row,), grad=False)
    return [floats, *exact(name, fn, oracle, row, "bool uint8 int32 int64")]


def chosen(draw: Draw = normal) -> list[tuple[Arg, ...]]:
    return [(Arg(np.broadcast_shapes(a, b), bools, "bool"), Arg(a, draw), Arg(b, draw)) for a, b in PAIRS]


def clear_sums(rng: np.random.Generator, shape: Any) -> np.ndarray:
    """Numbers of which no two add up to less than 0.3 in magnitude: relu of the sum has its kink at 0."""
    return np.asarray(rng.integers(-3, 4, shape) + 0.25 + rng.uniform(-0.1, 0.1, shape))


MATHS = [
    unary("exp", lambda dl, F, x: x.exp(), np.exp, "exp_fwd"),
    unary("log", lambda dl, F, x: x.log(), np.log, "log_fwd", draw=positive, ulps=8),  # ulps: log is 0 at 1
    unary("sqrt", lambda dl, F, x: x.sqrt(), np.sqrt, "sqrt_fwd", "sqrt_bwd", draw=positive),
    unary("square", lambda dl, F, x: x.square(), np.square, "mul_fwd", "square_bwd"),
    unary("reciprocal", lambda dl, F, x: x.reciprocal(), np.reciprocal, "div_fwd", "reciprocal_bwd", draw=positive),
    unary("abs", lambda dl, F, x: x.abs(), np.abs, "abs_fwd", "abs_bwd", draw=away_from_zero),
    unary("neg", lambda dl, F, x: -x, np.negative, "mul_fwd"),
    unary("sign", lambda dl, F, x: x.sign(), np.sign, "sign_fwd", draw=away_from_zero),
    unary("clamp", lambda dl, F, x: x.clamp(-0.5, 0.75), lambda x: np.clip(x, -0.5, 0.75), "clamp_fwd", "clamp_bwd"),
    unary("clamp below", lambda dl, F, x: x.clamp(min=0.25), lambda x: np.maximum(x, 0.25), "clamp_fwd", "clamp_bwd"),
    unary("x ** 3", lambda dl, F, x: x**3, lambda x: x**3, "pow_fwd", "pow_bwd_a", ulps=8),
    unary("x ** -1.5", lambda dl, F, x: x**-1.5, lambda x: x**-1.5, "pow_fwd", "pow_bwd_a", draw=positive),
    unary("2 ** x", lambda dl, F, x: 2**x, lambda x: 2**x, "pow_fwd", "pow_bwd_b"),
    unary("2.5 - x", lambda dl, F, x: 2.5 - x, lambda x: 2.5 - x, "add_fwd"),
    unary("x - 2.5", lambda dl, F, x: x - 2.5, lambda x: x - 2.5, "add_fwd"),
    unary("2.5 + x", lambda dl, F, x: 2.5 + x, lambda x: 2.5 + x, "add_fwd"),
    unary("3 * x", lambda dl, F, x: 3 * x, lambda x: 3 * x, "mul_fwd"),
    unary("x / 3", lambda dl, F, x: x / 3, lambda x: x / 3, "div_fwd"),
    unary("3 / x", lambda dl, F, x: 3 / x, lambda x: 3 / x, "div_fwd", draw=positive),
]
ARITHMETIC = [
    binary("add", lambda dl, F, x, y: x + y, np.add, "add_fwd"),
    binary("add alpha", lambda dl, F, x, y: dl.add(x, y, alpha=0.5), lambda x, y: x + 0.5 * y, "add_fwd", scale="max"),
    binary("sub", lambda dl, F, x, y: x - y, np.subtract, "add_fwd"),
    binary(
        "add_relu",
        lambda dl, F, x, y: F.add_relu(x, y),
        lambda x, y: np.maximum(x + y, 0),
        "add_relu_fwd",
        draw=clear_sums,
        torch=lambda torch, F, x, y: F.relu(x + y),
    ),
    binary("mul", lambda dl, F, x, y: x * y, np.multiply, "mul_fwd"),
    binary("div", lambda dl, F, x, y: x / y, np.divide, "div_fwd", "div_bwd_b", draw=away_from_zero),
    binary("pow", lambda dl, F, x, y: x**y, np.power, "pow_fwd", "pow_bwd_a", "pow_bwd_b", draw=positive),
    binary("maximum", lambda dl, F, x, y: dl.maximum(x, y), np.maximum, "maximum_fwd", "maximum_bwd"),
    binary("minimum", lambda dl, F, x, y: dl.minimum(x, y), np.minimum, "minimum_fwd", "minimum_bwd"),
    Case("where", lambda dl, F, c, x, y: dl.where(c, x, y), chosen(), np.where, ("where_fwd",)),
    Case("x.where", lambda dl, F, c, x, y: x.where(c, y), chosen()[:3], np.where, ("where_fwd",)),
]
INTEGERS = [
    *exact("add", lambda dl, F, x, y: x + y, np.add, "add_fwd", "bool uint8 int32 int64"),
    *exact("sub", lambda dl, F, x, y: x - y, np.subtract, "add_fwd"),
    *exact("mul", lambda dl, F, x, y: x * y, np.multiply, "mul_fwd", "bool uint8 int32 int64"),
    *exact("pow", lambda dl, F, x, y: x**y, np.power, "pow_fwd"),
    *exact("maximum", lambda dl, F, x, y: dl.maximum(x, y), np.maximum, "maximum_fwd", "bool uint8 int32 int64"),
    *exact("minimum", lambda dl, F, x, y: dl.minimum(x, y), np.minimum, "minimum_fwd", "bool uint8 int32 int64"),
    *exact("abs", lambda dl, F, x: abs(x), np.abs, "abs_fwd", arity=1),
    *exact("sign", lambda dl, F, x: x.sign(), np.sign, "sign_fwd", arity=1),
    *exact("clamp", lambda dl, F, x: x.clamp(1, 4), lambda x: np.clip(x, 1, 4), "clamp_fwd", arity=1),
    *(
        Case(
            f"where {d}",
            lambda dl, F, c, x, y: dl.where(c, x, y),
            chosen(draw),
            np.where,
            ("where_fwd",),
            (d,),
            grad=False,
        )
        for d, draw in (("bool", bools), ("uint8", ints(0, 99)), ("int32", ints(-99, 99)), ("int64", ints(-99, 99)))
    ),
]
COMPARISONS = [
    *compare("eq", lambda dl, F, x, y: x == y, np.equal, "eq_fwd"),
    *compare("ne", lambda dl, F, x, y: x != y, np.not_equal, "ne_fwd"),
    *compare("lt", lambda dl, F, x, y: x < y, np.less, "lt_fwd"),
    *compare("le", lambda dl, F, x, y: x <= y, np.less_equal, "le_fwd"),
    *compare("gt", lambda dl, F, x, y: x > y, np.greater, "lt_fwd"),
    *compare("ge", lambda dl, F, x, y: x >= y, np.greater_equal, "le_fwd"),
]
CASES = MATHS + ARITHMETIC + INTEGERS + COMPARISONS
test_op = run_cases(CASES)

BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "div": np.true_divide,
}


def promoted(a: str, b: str) -> str:
    """PyTorch's rule on NumPy names: float32 with any integer stays float32."""
    order = ("bool", "uint8", "int32", "int64", "float32", "float64")
    return max(a, b, key=order.index)


@pytest.mark.parametrize("op", BINARY)
@given(operands(2))
def test_binary_is_numpys_over_shapes_strides_and_dtypes(op, ab):
    a, b = ab
    dtype = promoted(a.dtype.name, b.dtype.name)
    if op == "div" and not dtype.startswith("float"):
        dtype = "float32"
    if op == "sub" and dtype == "bool":
        return
    with np.errstate(all="ignore"):
        expected = BINARY[op](a.astype(dtype), b.astype(dtype))
    got = getattr(_C, f"{op}_fwd")(array(a), array(b)).numpy()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [
        ("float32", 2.5, "float32"),
        ("float32", 2, "float32"),
        ("float64", 2.5, "float64"),
        ("int64", 2.5, "float32"),
        ("int64", 2, "int64"),
        ("int32", 2, "int32"),
        ("uint8", 2, "uint8"),
        ("uint8", True, "uint8"),
        ("bool", 1, "int64"),
        ("bool", True, "bool"),
        ("bool", 0.5, "float32"),
        ("float32", np.float64(2.5), "float32"),
        ("float32", np.float32(2.5), "float32"),
        ("float32", np.int64(2), "float32"),
    ],
)
def test_a_number_lifts_only_the_kind(dtype, number, expected):
    x = array(np.ones(5, dtype))
    for y in (_C.add_fwd(x, number), _C.add_fwd(number, x)):
        assert y.numpy().dtype == expected
        np.testing.assert_array_equal(y.numpy(), np.full(5, 1 + number if expected != "bool" else True, expected))


@given(operands(2, ("float32", "float64", "int64")), st.sampled_from(["add_into", "mul_into"]))
def test_in_place_writes_into_any_layout(ab, op):
    a, b = ab
    if np.broadcast_shapes(a.shape, b.shape) != a.shape or (a.dtype.kind == "i" and b.dtype.kind == "f"):
        return
    expected = (a + b if op == "add_into" else a * b).astype(a.dtype)
    x = array(a)
    version = x.version
    getattr(_C, op)(x, array(b))
    assert x.version == version + 1
    np.testing.assert_array_equal(a, expected)


SPECIAL = [-np.inf, -3.0, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0, np.inf, np.nan]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pow_keeps_c_s_special_cases(dtype, isa):
    a, b = np.meshgrid(np.array(SPECIAL, dtype), np.array(SPECIAL, dtype))
    with np.errstate(all="ignore"):
        expected = np.power(a.astype(np.float64), b.astype(np.float64)).astype(dtype)
    got = _C.pow_fwd(array(a.copy()), array(b.copy())).numpy()
    np.testing.assert_allclose(got, expected, rtol=np.finfo(dtype).eps)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])


def test_pow_rounds_to_within_an_ulp(isa):
    rng = np.random.default_rng(0)
    a = np.exp(rng.uniform(-20, 20, 200_003)).astype(np.float32)
    b = rng.uniform(-4, 4, a.size).astype(np.float32)
    exact = np.power(a.astype(np.float64), b.astype(np.float64))
    got = _C.pow_fwd(array(a), array(b)).numpy()
    assert np.abs((got - exact) / np.spacing(exact.astype(np.float32))).max() <= 0.7


@pytest.mark.parametrize("op", ["add_into", "mul_into"])
def test_in_place_reads_an_overlapping_source_before_it_writes(op):
    a = np.arange(1, 9, dtype=np.float32)
    expected = a.copy()
    expected[1:] = a[1:] + a[:-1] if op == "add_into" else a[1:] * a[:-1]
    x = array(a)
    getattr(_C, op)(x.slice(0, 1, 7, 1), x.slice(0, 0, 7, 1))
    np.testing.assert_array_equal(a, expected)


def test_in_place_refuses_what_does_not_fit():
    whole, real = array(np.ones(3, np.int64)), array(np.ones(3, np.float32))
    with pytest.raises(_C.DTypeError, match="float32 result does not fit"):
        _C.add_into(whole, real)
    with pytest.raises(_C.DTypeError, match="div_"):
        _C.div_into(whole, 2)
    with pytest.raises(_C.ShapeError, match="broadcast"):
        _C.add_into(real, array(np.ones((2, 3), np.float32)))
    with pytest.raises(ValueError, match="expanded"):
        _C.add_into(array(np.ones(1, np.float32)).expand((3,)), 1)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_in_place_on_an_empty_array_does_nothing(shape):
    _C.mul_into(_C.from_numpy(np.ones(shape, np.float32)), 2)  # NumPy's strides of it may be 0


def test_every_isa_gives_the_same_bits():
    rng = np.random.default_rng(0)
    x, y = (array(rng.uniform(0.1, 5, 1003).astype(np.float32)) for _ in range(2))
    before, seen = _C.isa(), set()
    for name in _C.isas():
        _C.set_isa(name)
        one = [f(x) for f in (_C.exp_fwd, _C.log_fwd, _C.sqrt_fwd)]
        results = (*one, _C.pow_fwd(x, y), _C.div_fwd(x, y), _C.add_fwd(x, y, 0.3))
        seen.add(b"".join(r.numpy().tobytes() for r in results))
    _C.set_isa(before)
    assert len(seen) == 1
