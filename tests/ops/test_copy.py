"""Copies between any two layouts, conversions, joins, slices and views."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcore import _C

from .broadcast import DTYPES, array, layouts, operands
from .cases import ODD, Arg, Case, bools, ints, normal, over
from .common import run_cases

TILES = ((70, 3), (64, 64), (65, 129), (2, 5, 67, 9))  # transposes go in tiles of 64 x 64


def draw_of(dtype: str):
    return bools if dtype == "bool" else normal if dtype.startswith("float") else ints(0, 99)


def every_dtype(name, fn, oracle, inputs, *rows):
    """One case a dtype; only floats have a gradient."""
    return [
        Case(f"{name} {d}", fn, [tuple(Arg(s, draw_of(d)) for s in shapes) for shapes in inputs], oracle, rows, (d,),
             grad=d.startswith("float"), grad_length=1)
        for d in DTYPES
    ]  # fmt: skip


def to_bfloat16(x):
    """Rounded to the 8 significant bits of bfloat16, nearest even."""
    exponent = np.frexp(x)[1]
    return np.ldexp(np.round(np.ldexp(x, 8 - exponent)), exponent - 8)


def convert(source: str, to: str) -> Case:
    shapes = over(*ODD, (33, 1031), draw=draw_of(source))
    grad = {source, to} == {"float32", "float64"}
    fn = lambda dl, F, x: x.to(getattr(dl, to))  # noqa: E731
    return Case(f"{source} to {to}", fn, shapes, lambda x: x.astype(to), ("copy",), (source,), out=to, grad=grad)


ONE = [(s,) for s in (*ODD, *TILES)]
TWO = [(s, s) for s in (*ODD, (33, 1031))]
CASES = [
    *every_dtype("clone", lambda dl, F, x: x.clone(), np.copy, ONE, "copy"),
    *every_dtype("contiguous", lambda dl, F, x: x.contiguous() + x, lambda x: x + x, ONE),
    *every_dtype("transpose copy", lambda dl, F, x: x.T.contiguous(), np.transpose, [(s,) for s in TILES], "transpose"),
    *every_dtype("cat", lambda dl, F, x, y: dl.cat([x, y]), lambda *xs: np.concatenate(xs), TWO, "copy"),
    *every_dtype("cat last", lambda dl, F, x, y: dl.cat([x, y], -1), lambda *xs: np.concatenate(xs, -1), TWO, "copy"),
    *every_dtype("stack", lambda dl, F, x, y: dl.stack([x, y]), lambda *xs: np.stack(xs), TWO, "copy"),
    *every_dtype("stack last", lambda dl, F, x, y: dl.stack([x, y], -1), lambda *xs: np.stack(xs, -1), TWO, "copy"),
    *(convert(source, to) for source in (*DTYPES, "float16") for to in (*DTYPES, "float16") if source != to),
    Case("through bfloat16", lambda dl, F, x: x.detach().to(dl.bfloat16).to(x.dtype), over(*ODD, (33, 1031)),
         to_bfloat16, ("copy",), grad=False),
    Case("bfloat16 transpose", lambda dl, F, x: x.detach().bfloat16().T.contiguous().float(), over(*TILES),
         lambda x: to_bfloat16(x).T, ("copy", "transpose"), ("float32",), grad=False),
    Case("float16 transpose", lambda dl, F, x: x.detach().half().T.contiguous().float(), over(*TILES),
         lambda x: x.astype(np.float16).T, ("copy", "transpose"), ("float32",), grad=False),
    Case("to its own dtype", lambda dl, F, x: x.to(dl.float64).double() * x, over(*ODD), np.square, (), ("float64",)),
    Case("cat of unequal parts", lambda dl, F, x, y: dl.cat([x, y, x], 1),
         [(Arg((3, 2)), Arg((3, 5))), (Arg((3, 0)), Arg((3, 5))), (Arg((2, 1, 3, 3)), Arg((2, 4, 3, 3)))],
         lambda x, y: np.concatenate([x, y, x], 1), ("copy",)),
]  # fmt: skip
test_op = run_cases(CASES)


@given(st.data(), st.sampled_from(DTYPES))
def test_copy_between_any_two_layouts(data, dtype):
    (a,) = data.draw(operands(1))
    b = layouts(np.zeros(a.shape, dtype), data.draw)
    _C.copy_into(array(b), array(a))
    np.testing.assert_array_equal(b, a.astype(dtype))


@pytest.mark.parametrize(
    "shape", [(1, 64), (3, 70), (70, 3), (64, 64), (65, 129), (200, 131), (2, 33, 64), (2, 5, 67, 9)]
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_transposes_of_every_tile_remainder(shape, dtype, isa):
    a = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    for k in range(1, a.ndim):
        order = (*range(k, a.ndim), *range(k))
        view = array(a).permute(order)
        y = _C.contiguous(view)
        assert y.is_contiguous
        np.testing.assert_array_equal(y.numpy(), a.transpose(order))


def test_fill_and_creation():
    np.testing.assert_array_equal(_C.full((2, 3), 2.5, _C.DType.float32, "cpu").numpy(), np.full((2, 3), 2.5, "f4"))
    np.testing.assert_array_equal(_C.ones((), _C.DType.int64, "cpu").numpy(), 1)
    x = np.zeros((4, 6), np.int32)
    _C.fill_(array(x).slice(1, 1, 3, 2), 7)
    expected = np.zeros((4, 6), np.int32)
    expected[:, 1:6:2] = 7
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize(
    ("start", "stop", "step", "dtype"),
    [(0, 5, 1, "int64"), (5, 0, -2, "int64"), (0, 1, 0.25, "float32"), (1, 1, 1, "int32"), (0, 100000, 1, "float32")],
)
def test_arange_is_numpys(start, stop, step, dtype):
    got = _C.arange(start, stop, step, getattr(_C.DType, dtype)).numpy()
    np.testing.assert_array_equal(got, np.arange(start, stop, step).astype(dtype))


@given(operands(1), st.data())
def test_cat_undoes_a_split(a, data):
    (a,) = a
    if a.ndim == 0:
        return
    dim = data.draw(st.integers(0, a.ndim - 1))
    cut = data.draw(st.integers(0, a.shape[dim]))
    parts = np.split(a, [cut], dim)
    got = _C.cat([array(p) if p.size else _C.zeros(p.shape, array(a).dtype, "cpu") for p in parts], dim)
    np.testing.assert_array_equal(got.numpy(), a)
    np.testing.assert_array_equal(_C.stack([array(a), array(a)], dim).numpy(), np.stack([a, a], dim))


@given(operands(1), st.data())
def test_reshape_is_numpys(a, data):
    (a,) = a
    shape = data.draw(st.permutations(a.shape))
    if data.draw(st.booleans()):
        shape = [*shape[:1], int(np.prod(shape[1:]))] if a.size else [0, 3]
    np.testing.assert_array_equal(_C.reshape(array(a), tuple(shape)).numpy(), a.reshape(shape))
