"""An op as a property: its name, what NumPy says, and how its inputs are drawn. The tables are test_properties_*.py.

A row calls the public name itself, so no row can test something else. Each example draws a dtype, an ISA, shapes of 0
to 4 dimensions (sizes 0 to 19), the memory layout of every tensor, and the op's settings. Arrays in the arguments
become tensors for the op and float64 (or the same integers) for the oracle; everything else is passed to both.

The bound on an error is eps(dtype) * (8 + terms) * the largest of |expected|, |input| and, with `products`, what the
oracle says of the absolute inputs; `terms` is the number of terms of the longest sum. Rows with `terms` None move or
compare values: equal to the bit. NaN is right only where NumPy has NaN.
"""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from .broadcast import array, laid_out
from .cases import Draw, normal
from .common import widen

FLOATS = ("float32", "float64")
INTEGERS = ("uint8", "int32", "int64")
NUMBERS = FLOATS + INTEGERS
EVERY = (*NUMBERS, "bool")
ISAS = sorted({k["isa"] for k in testing.kernels() if k["device"] == "cpu"})
SEEDS, SIDES = st.integers(0, 2**32 - 1), (19, 19, 19, 9, 6)
LAYOUTS = [st.sampled_from([*itertools.product(itertools.permutations(range(n)), (1, 2, 3))]) for n in range(6)]
NUMBER = functools.cache(st.integers)


class Drawn:
    """What one example draws; `dtype` is the example's."""

    def __init__(self, data: Any, dtypes: Sequence[str]) -> None:
        self.data, self.dtype = data, data.draw(st.sampled_from(dtypes))
        self.rng = np.random.default_rng(data.draw(SEEDS))

    def number(self, low: int, high: int) -> int:
        return self.data.draw(NUMBER(low, high))

    def quarter(self, low: int, high: int) -> float:
        """A multiple of 1/4, which every float dtype has."""
        return self.number(4 * low, 4 * high) / 4

    def one(self, *choices: Any) -> Any:
        return self.data.draw(st.sampled_from(choices))

    def yes(self) -> bool:
        return self.data.draw(st.booleans())

    def shape(self, low: int = 0, high: int = 4, side: int = 0) -> tuple[int, ...]:
        ndim = self.number(low, high)
        return tuple(self.number(side, SIDES[ndim]) for _ in range(ndim))

    def broadcast(self, count: int) -> list[tuple[int, ...]]:
        """Shapes that broadcast: of each, some sizes are 1 and some leading ones left out. The first is whole."""
        whole = self.shape()
        return [whole] + [
            tuple(1 if self.number(0, 3) == 0 else n for n in whole[self.number(0, len(whole)) :])
            for _ in range(count - 1)
        ]

    def dim(self, shape: tuple[int, ...]) -> int:
        return self.number(-len(shape), len(shape) - 1)

    def array(self, shape: tuple[int, ...], draw: Draw = normal, dtype: str | None = None) -> np.ndarray:
        dtype = dtype or self.dtype
        if draw is not normal or dtype.startswith("float"):
            values = np.asarray(draw(self.rng, shape)).reshape(shape)
        else:
            values = self.rng.integers(-4 if dtype.startswith("int") else 0, 2 if dtype == "bool" else 5, shape)
        values = values.astype("float32" if dtype.startswith("float") else dtype)
        return self.lay_out(np.asarray(values).astype(dtype))

    def lay_out(self, a: np.ndarray) -> np.ndarray:
        return laid_out(a, *self.data.draw(LAYOUTS[a.ndim])) if a.ndim else a

    def index(self, shape: tuple[int, ...], high: int) -> np.ndarray:
        return self.lay_out(np.asarray(self.rng.integers(0, high, shape)))


@dataclass(frozen=True)
class Op:
    name: str  # "dl.sum", "F.relu", "Tensor.view"
    oracle: Callable[..., Any]
    inputs: Callable[[Drawn], tuple[Any, ...]]  # the arguments; a dict at the end holds keywords
    terms: int | None = 0
    products: bool = False
    dtypes: Sequence[str] = FLOATS
    more: dict[str, Any] = field(default_factory=dict)  # keywords of the op alone

    def __call__(self, *args: Any, **kw: Any) -> Any:
        owner, name = self.name.split(".")
        if owner == "Tensor":
            found = getattr(args[0], name)
            return found(*args[1:], **kw, **self.more) if callable(found) else found
        return getattr({"dl": dl, "F": F}[owner], name)(*args, **kw, **self.more)


def run_properties(ops: Sequence[Op]) -> Callable[..., None]:
    """The test function of a test_properties_<idea>.py."""

    @pytest.mark.parametrize("op", ops, ids=[op.name for op in ops])
    @given(data=st.data())
    def test_property(op: Op, data: st.DataObject) -> None:
        check(op, Drawn(data, op.dtypes), data.draw(st.sampled_from(ISAS)))

    return test_property


def check(op: Op, drawn: Drawn, isa: str) -> None:
    *args, kw = op.inputs(drawn)
    if not isinstance(kw, dict):
        args, kw = [*args, kw], {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's of a variance of one number
        expected = flat(op.oracle(*each(args, wide), **kw))
    arrays = [a for a in flat(args) if isinstance(a, np.ndarray)]
    note(f"{op.name} on {isa}: {each(args, lambda a: (a.shape, a.strides, a.dtype.name))} {kw}")
    with testing.isa(isa):
        found = [np.asarray(y.numpy()) for y in flat(op(*each(args, tensor), **kw))]
    assert len(found) == len(expected)
    bound = 0.0
    if op.terms is not None:
        sizes = [*expected, *(wide(a) for a in arrays)]
        if op.products:
            sizes += flat(op.oracle(*each(args, lambda a: np.abs(wide(a))), **kw))
        bound = (8 + op.terms) * max([float(np.abs(x[np.isfinite(x)]).max(initial=0)) for x in map(np.asarray, sizes)])
    for y, e in zip(found, map(np.asarray, expected), strict=True):
        assert y.shape == e.shape, f"shape {y.shape}, NumPy {e.shape}"
        if e.dtype.kind == "f":
            wanted = next((a.dtype for a in arrays if a.dtype.kind == "f"), np.dtype("f4"))
            assert y.dtype == wanted, f"dtype {y.dtype}, expected {wanted}"
            nan = np.isnan(e)
            np.testing.assert_array_equal(np.isnan(y), nan)
            y, e = np.where(nan, 0, y), np.where(nan, 0, e)
            testing.assert_close(y, e, 0.0, bound * np.finfo(wanted).eps, check_dtype=False)
        else:
            assert y.dtype == e.dtype, f"dtype {y.dtype}, expected {e.dtype}"
            np.testing.assert_array_equal(y, e)


def wide(a: np.ndarray) -> np.ndarray:
    return widen([np.array(a)])[0]


def tensor(a: np.ndarray) -> Any:
    return dl.Tensor(array(a))


def flat(x: Any) -> list[Any]:
    return [z for y in x for z in flat(y)] if isinstance(x, list | tuple) else [x]


def each(x: Any, f: Callable[[np.ndarray], Any]) -> Any:
    """f of every array in nested lists and tuples."""
    if isinstance(x, list | tuple) and not hasattr(x, "_fields"):
        return type(x)(each(y, f) for y in x)
    return f(x) if isinstance(x, np.ndarray) else x
