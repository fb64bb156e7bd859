"""Sums, means and extremes against NumPy: any dimensions, any strides, any thread count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcore as dl
from dlcore import _C

from .broadcast import DTYPES, array, operands
from .cases import BIG, Case, bools, distinct, ints, normal, over
from .common import run_cases, threads

# (4, 12): rows and columns of 16-byte pieces, whose ends the CUDA shim sees.
FULL = ((1,), (16,), (67,), (5, 7), (4, 12), (2, 3, 5, 7), BIG)
EMPTY = ((0,), (0, 3))
INTEGERS = ("bool", "uint8", "int32", "int64")
WHERE: dict[str, dict[str, Any]] = {
    "all": {},
    "last": {"dim": -1},
    "first": {"dim": 0},
    "first kept": {"dim": 0, "keepdim": True},
    "0 and 2": {"dim": (0, 2)},
}


def numpys(function: Any) -> Any:
    return lambda x, dim=None, keepdim=False: function(x, axis=dim, keepdims=keepdim)


def shapes_of(where: str, empty: bool) -> tuple[tuple[int, ...], ...]:
    if where == "0 and 2":
        return ((2, 3, 5, 7), (3, 1, 4), (70, 3, 33, 2))
    return (*FULL, *EMPTY) if empty and where in ("all", "first kept") else FULL


def terms(shape: tuple[int, ...]) -> int:
    return max(int(np.prod(shape)), 1)


def reduction(
    name: str, oracle: Any, row: str, draw: Any, wheres: Any = WHERE, empty: bool = False, **more: Any
) -> list[Case]:
    fn = lambda dl, F, x, **kw: getattr(x, name)(**kw)  # noqa: E731
    return [
        Case(
            f"{name} {w}",
            fn,
            over(*shapes_of(w, empty), draw=draw),
            oracle,
            (row,),
            attrs=WHERE[w],
            grad_length=2,
            **more,
        )
        for w in wheres
    ]


def exact(name: str, oracle: Any, row: str, wheres: tuple[str, ...] = ("all", "last", "first kept")) -> list[Case]:
    fn = lambda dl, F, x, **kw: getattr(x, name)(**kw)  # noqa: E731
    return [
        Case(f"{name} {w} {d}", fn, over(*FULL, draw=bools if d == "bool" else ints(0, 250)), oracle, (row,), (d,),
             attrs=WHERE[w], grad=False, torch_oracle=d != "bool")  # PyTorch has no argmax of bools
        for w in wheres
        for d in INTEGERS
    ]  # fmt: skip


def places(name: str, oracle: Any) -> list[Case]:
    fn = lambda dl, F, x, **kw: getattr(x, name)(**kw)  # noqa: E731
    make = lambda w: Case(  # noqa: E731
        f"{name} {w}", fn, over(*FULL, draw=distinct), oracle, (f"{name}_fwd",), attrs=WHERE[w], grad=False
    )
    return [make(w) for w in ("all", "last", "first kept")] + exact(name, oracle, f"{name}_fwd", ("all", "last"))


def extreme(name: str, value: Any, place: Any) -> list[Case]:
    """x.max(dim) and x.min(dim): values and their places."""
    both = lambda x, dim, keepdim=False: (value(x, axis=dim, keepdims=keepdim), place(x, axis=dim, keepdims=keepdim))  # noqa: E731
    fn = lambda dl, F, x, **kw: tuple(getattr(x, name)(**kw))  # noqa: E731
    return [
        Case(
            f"{name} with places {w}",
            fn,
            over(*FULL, draw=distinct),
            both,
            (f"arg{name}_fwd",),
            attrs=WHERE[w],
            grad_length=2,
        )
        for w in ("last", "first", "first kept")
    ]


CASES = [
    *reduction("sum", numpys(np.sum), "sum_fwd", normal, empty=True, length=terms, scale="abs"),
    *reduction("mean", numpys(np.mean), "sum_fwd", normal, length=terms, scale="abs"),
    *reduction("amax", numpys(np.amax), "max_fwd", distinct),
    *reduction("amin", numpys(np.amin), "min_fwd", distinct),
    *reduction("max", numpys(np.amax), "max_fwd", distinct, ("all",)),
    *reduction("min", numpys(np.amin), "min_fwd", distinct, ("all",)),
    *extreme("max", np.max, np.argmax),
    *extreme("min", np.min, np.argmin),
    *places("argmax", numpys(np.argmax)),
    *places("argmin", numpys(np.argmin)),
    *exact("sum", lambda x, dim=None, keepdim=False: np.sum(x, axis=dim, keepdims=keepdim, dtype=np.int64), "sum_fwd"),
    *exact("amax", numpys(np.amax), "max_fwd"),
    *exact("amin", numpys(np.amin), "min_fwd"),
    Case("any", lambda dl, F, x: x.any(), over(*FULL, draw=bools), np.any, ("max_fwd",), ("bool",), grad=False),
    Case("all", lambda dl, F, x: x.all(), over(*FULL, draw=bools), np.all, ("min_fwd",), ("bool",), grad=False),
]
test_op = run_cases(CASES)


@given(operands(1), st.data())
def test_reductions_are_numpys(a, data):
    (a,) = a
    dims = tuple(d for d in range(a.ndim) if data.draw(st.booleans()))
    keep = data.draw(st.booleans())
    axis = dims or tuple(range(a.ndim))
    dtype = a.dtype if a.dtype.kind == "f" else np.int64
    got = _C.sum_fwd(array(a), dims, keep).numpy()
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, a.sum(axis, dtype, keepdims=keep))  # quarters: exact
    if a.dtype.kind == "f":
        with np.errstate(all="ignore"):
            expected = got / np.prod([a.shape[d] for d in axis], dtype=a.dtype)
        np.testing.assert_allclose(_C.mean_fwd(array(a), dims, keep).numpy(), expected, rtol=3e-7)
    if all(a.shape[d] for d in axis):
        np.testing.assert_array_equal(_C.max_fwd(array(a), dims, keep).numpy(), a.max(axis, keepdims=keep))
        np.testing.assert_array_equal(_C.min_fwd(array(a), dims, keep).numpy(), a.min(axis, keepdims=keep))
    else:
        with pytest.raises(IndexError):
            _C.max_fwd(array(a), dims, keep)


@given(operands(1), st.data())
def test_the_place_of_an_extreme_is_the_first(a, data):
    (a,) = a
    if a.ndim == 0 or not a.size:
        return
    d = data.draw(st.integers(0, a.ndim - 1))
    for kernel, value, place in ((_C.argmax_fwd, np.max, np.argmax), (_C.argmin_fwd, np.min, np.argmin)):
        v, i = kernel(array(a), d, True)
        np.testing.assert_array_equal(v.numpy(), value(a, d, keepdims=True))
        np.testing.assert_array_equal(i.numpy(), place(a, d, keepdims=True))


# Rows, columns, a channel in the middle, channels last with 3 and 70 channels, strips wider than one, many chunks.
SHAPES = [
    ((300_000,), (0,)),
    ((517, 1031), (0,)),
    ((517, 1031), (1,)),
    ((40_000, 10), (0,)),
    ((3, 5, 67, 301), (0, 2, 3)),
    ((4, 3, 130, 97), (2, 3)),
    ((40_000, 10), (1,)),
]


@pytest.mark.parametrize("layout", ["row-major", "reversed", "gaps"])
@pytest.mark.parametrize(("shape", "dims"), SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_long_reductions_are_accurate_and_equal_at_every_thread_count(shape, dims, dtype, layout, isa):
    rng = np.random.default_rng(0)
    a = (rng.standard_normal(shape) + 0.5 if dtype.startswith("f") else rng.integers(0, 100, shape)).astype(dtype)
    if layout == "reversed":
        a = np.ascontiguousarray(a.T).T
    elif layout == "gaps":
        wide = np.full((*shape[:-1], 2 * shape[-1]), 77, dtype)
        wide[..., ::2] = a
        a = wide[..., ::2]
    exact, magnitude = a.sum(dims, np.float64), np.abs(a).sum(dims, np.float64)
    seen = set()
    for n in (1, 2, 3, 4, 7):
        with threads(n):
            s, m = _C.sum_fwd(array(a), dims, False).numpy(), _C.max_fwd(array(a), dims, False).numpy()
        seen.add(s.tobytes() + m.tobytes())
        np.testing.assert_array_equal(m, a.max(dims))
        if dtype.startswith("f"):
            eps = np.finfo(dtype).eps
            assert np.all(np.abs(s - exact) <= (10 if dtype == "float32" else 100) * eps * magnitude)
        else:
            np.testing.assert_array_equal(s, exact)
    assert len(seen) == 1


@pytest.mark.parametrize("shape", [(5,), (3000,), (7, 1500), (1500, 7), (3, 40)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_wins_wherever_it_is(shape, dtype, isa):
    rng = np.random.default_rng(1)
    for d in range(len(shape)):
        a = rng.standard_normal(shape).astype(dtype)
        at = tuple(rng.integers(0, n) for n in shape)
        a[at] = np.nan
        for reduced in (_C.max_fwd(array(a), (d,), False), _C.argmax_fwd(array(a), d, False)[0]):
            np.testing.assert_array_equal(reduced.numpy(), a.max(d))
        np.testing.assert_array_equal(_C.argmin_fwd(array(a), d, False)[1].numpy(), a.argmin(d))
        np.testing.assert_array_equal(_C.argmax_fwd(array(a), d, False)[1].numpy(), a.argmax(d))


@given(operands(2, ("float32", "float64")))
def test_sum_to_undoes_a_broadcast(ab):
    a, b = ab
    shape = np.broadcast_shapes(a.shape, b.shape)
    g = np.broadcast_to(b, shape) if b.shape != shape else b
    got = _C.sum_to(array(np.array(g)), a.shape, array(a).dtype).numpy()
    axes = tuple(
        i for i in range(len(shape)) if i < len(shape) - a.ndim or a.shape[i - len(shape) + a.ndim] != shape[i]
    )
    np.testing.assert_array_equal(got, g.sum(axes, keepdims=True).reshape(a.shape).astype(a.dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_reduced_memory_order_is_kept(dtype):
    x = array(np.zeros((2, 5, 4, 3), dtype)).permute((0, 3, 1, 2))  # channels last
    y = _C.sum_fwd(x, (0,), True)
    assert y.strides[1] == 1 and y.shape == (1, 3, 5, 4)


def test_what_cannot_be_reduced_says_so():
    x = array(np.zeros((2, 0), np.float32))
    assert np.isnan(_C.mean_fwd(x, (1,), False).numpy()).all()
    with pytest.raises(IndexError, match="size 0"):
        _C.argmax_fwd(x, 1, False)
    with pytest.raises(IndexError, match="out of range"):
        _C.sum_fwd(x, (2,), False)
    with pytest.raises(_C.ShapeError, match="twice"):
        _C.sum_fwd(x, (0, -2), False)
    with pytest.raises(_C.DTypeError, match="float"):
        _C.mean_fwd(array(np.zeros(3, np.int64)), (), False)


def test_gradients_of_two_means_of_one_value_add_up():
    x = dl.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = x * 1
    (y.mean() + y.mean()).backward()
    assert x.grad.tolist() == [0.5] * 4
    x.grad.zero_()
    y = x * 1
    (y.mean() + (y * y).sum() + y.mean()).backward()
    assert x.grad.tolist() == [2.5, 4.5, 6.5, 8.5]
