"""Hypothesis against NumPy: any shape, any strides, any broadcast, 100 examples an op (the profile in conftest.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

DTYPES = ("float32", "float64")
SIDE = st.integers(0, 5)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)

UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]] = {
    "neg": (lambda x: -x, np.negative),
    "abs": (lambda x: x.abs(), np.abs),
    "exp": (lambda x: x.exp(), np.exp),
    "log": (lambda x: (x.abs() + 0.5).log(), lambda x: np.log(np.abs(x) + 0.5)),
    "sqrt": (lambda x: x.abs().sqrt(), lambda x: np.sqrt(np.abs(x))),
    "clamp": (lambda x: x.clamp(-0.5, 0.75), lambda x: np.clip(x, -0.5, 0.75)),
    "relu": (lambda x: F.relu(x), lambda x: np.maximum(x, 0)),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.25), lambda x: np.where(x > 0, x, 0.25 * x)),
    "sigmoid": (lambda x: x.sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
    "tanh": (lambda x: x.tanh(), np.tanh),
    "clone": (lambda x: x.clone(), np.copy),
}
BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[..., np.ndarray]]] = {
    "add": (lambda x, y: x + y, np.add),
    "sub": (lambda x, y: x - y, np.subtract),
    "mul": (lambda x, y: x * y, np.multiply),
    "div": (lambda x, y: x / (y * y + 1.0), lambda x, y: x / (y * y + 1)),
    "maximum": (lambda x, y: dl.maximum(x, y), np.maximum),
    "minimum": (lambda x, y: dl.minimum(x, y), np.minimum),
    "eq": (lambda x, y: x == y, np.equal),
    "lt": (lambda x, y: x < y, np.less),
    "ge": (lambda x, y: x >= y, np.greater_equal),
    "where": (lambda x, y: dl.where(x > y, x, y * 2.0), lambda x, y: np.where(x > y, x, y * 2)),
}
REDUCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., np.ndarray]]] = {
    "sum": (lambda x, dim, keep: x.sum(dim, keepdim=keep), lambda x, dim, keep: x.sum(dim, keepdims=keep)),
    "mean": (lambda x, dim, keep: x.mean(dim, keepdim=keep), lambda x, dim, keep: x.mean(dim, keepdims=keep)),
    "max": (lambda x, dim, keep: x.max(dim, keepdim=keep)[0], lambda x, dim, keep: x.max(dim, keepdims=keep)),
    "min": (lambda x, dim, keep: x.min(dim, keepdim=keep)[0], lambda x, dim, keep: x.min(dim, keepdims=keep)),
    "argmax": (lambda x, dim, keep: x.argmax(dim, keepdim=keep), lambda x, dim, keep: x.argmax(dim, keepdims=keep)),
    "argmin": (lambda x, dim, keep: x.argmin(dim, keepdim=keep), lambda x, dim, keep: x.argmin(dim, keepdims=keep)),
}


@st.composite
def strided(draw: st.DrawFn, shape: tuple[int, ...], dtype: str) -> tuple[np.ndarray, Any]:
    """An array of this shape and the Tensor of the same values, both views of a larger, permuted block."""
    order = draw(st.permutations(range(len(shape))))
    steps = [draw(st.integers(1, 2)) for _ in shape]
    start = [draw(st.integers(0, 1)) for _ in shape]
    block_shape = tuple(start[i] + steps[i] * shape[i] for i in order)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    block = rng.permutation(int(np.prod(block_shape))).reshape(block_shape).astype(dtype)
    block = (block - block.size / 2) * np.dtype(dtype).type(2.0 / max(block.size, 1))  # distinct values in [-1, 1)
    index = tuple(slice(start[i], None, steps[i]) for i in order)
    back = tuple(int(i) for i in np.argsort(order))
    return block[index].transpose(back), dl.tensor(block)[index].permute(*back) if shape else dl.tensor(block)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
@given(data=st.data())
def test_unary(name: str, dtype: str, data: st.DataObject) -> None:
    ours, oracle = UNARY[name]
    a, x = data.draw(strided(data.draw(SHAPES), dtype))
    compare(ours(x), oracle(a.astype(np.float64)), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
@given(data=st.data())
def test_binary_broadcasts(name: str, dtype: str, data: st.DataObject) -> None:
    ours, oracle = BINARY[name]
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=5))
    (a, x), (b, y) = (data.draw(strided(shape, dtype)) for shape in shapes.input_shapes)
    compare(ours(x, y), oracle(a.astype(np.float64), b.astype(np.float64)), dtype)


@pytest.mark.parametrize("name", REDUCTIONS)
@given(data=st.data())
def test_reductions(name: str, data: st.DataObject) -> None:
    ours, oracle = REDUCTIONS[name]
    side = 0 if name in ("sum", "mean") else 1  # the maximum of nothing is an error, in NumPy too
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=side, max_side=9))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    if name == "mean" and shape[dim] == 0:
        shape = (*shape[: dim % len(shape)], 1, *shape[dim % len(shape) + 1 :])
    a, x = data.draw(strided(shape, "float32"))
    keep = data.draw(st.booleans())
    compare(ours(x, dim, keep), oracle(a.astype(np.float64), dim, keep), "float32", length=shape[dim])


@given(data=st.data())
def test_matmul(data: st.DataObject) -> None:
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(signature="(m?,k),(k,n?)->(m?,n?)", max_dims=2, min_side=0, max_side=7)
    )
    (a, x), (b, y) = (data.draw(strided(shape, "float32")) for shape in shapes.input_shapes)
    compare(x @ y, np.matmul(a.astype(np.float64), b.astype(np.float64)), "float32", length=a.shape[-1])


@given(data=st.data())
def test_indexing(data: st.DataObject) -> None:
    a, x = data.draw(strided(data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)), "float32"))
    index = data.draw(hnp.basic_indices(a.shape, allow_newaxis=True, allow_ellipsis=True).filter(forward_only))
    compare(x[index], a[index], "float32")


def forward_only(index: Any) -> bool:
    """Negative steps are an error, as in PyTorch: views have positive strides."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(part, slice) or part.step is None or part.step > 0 for part in parts)


@given(data=st.data())
def test_reshape_and_permute(data: st.DataObject) -> None:
    a, x = data.draw(strided(data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)), "float32"))
    order = data.draw(st.permutations(range(a.ndim)))
    compare(x.permute(*order), a.transpose(order), "float32")
    compare(x.reshape(a.size), a.reshape(a.size), "float32")
    compare(x.permute(*order).reshape(a.size), a.transpose(order).reshape(a.size), "float32")
    if a.size:
        split = data.draw(st.sampled_from([d for d in range(1, a.size + 1) if a.size % d == 0]))
        compare(x.reshape(split, -1), a.reshape(split, -1), "float32")


@given(data=st.data())
def test_cat_and_stack(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    sides = data.draw(st.lists(SIDE, min_size=1, max_size=3))
    at = dim % len(shape)
    drawn = [data.draw(strided((*shape[:at], side, *shape[at + 1 :]), "float32")) for side in sides]
    compare(dl.cat([x for _, x in drawn], dim), np.concatenate([a for a, _ in drawn], dim), "float32")
    same = [data.draw(strided(shape, "float32")) for _ in sides]
    compare(dl.stack([x for _, x in same], dim), np.stack([a for a, _ in same], dim), "float32")


def compare(y: Any, expected: np.ndarray, dtype: str, length: int = 1) -> None:
    result, expected = y.numpy(), np.asarray(expected)
    if result.dtype.kind != "f":
        testing.assert_close(result.astype(np.int64), expected.astype(np.int64), 0, 0)
        return
    assert result.dtype == np.dtype(dtype)
    largest = max(float(np.abs(expected).max()) if expected.size else 0.0, 1.0)  # inputs are within [-1, 1)
    bound = np.finfo(dtype).eps * (4 + length) * largest
    testing.assert_close(result, expected, 0.0, bound, check_dtype=False)
