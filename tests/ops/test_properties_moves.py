"""Hypothesis against NumPy: shapes and views, parts and copies, all to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .properties import EVERY, Drawn, Op, run_properties


def move(name: str, oracle: Callable, inputs: Callable, **more: Any) -> Op:
    return Op(name, oracle, inputs, None, dtypes=EVERY, **more)


def tensor(low: int = 0, high: int = 4, side: int = 0):
    return lambda d: (d.array(d.shape(low, high, side)),)


def with_dim(f: Callable[[Drawn, int], tuple] = lambda d, n: (), side: int = 0, low: int = 1):
    """A tensor, one of its dimensions, and what `f` draws for the size of that."""

    def inputs(d: Drawn):
        shape = d.shape(low, side=side)
        dim = d.dim(shape)
        return d.array(shape), dim, *f(d, shape[dim])

    return inputs


def dims_of(d: Drawn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Some dimensions in some order, some of them counted from the end."""
    order = d.data.draw(st.permutations(range(len(shape))))
    return tuple(k - len(shape) if d.yes() else k for k in order[: d.number(0, len(shape))])


def named(f: Callable = lambda d, dims: (dims,)):
    def inputs(d: Drawn):
        shape = d.shape()
        return d.array(shape), *f(d, dims_of(d, shape))

    return inputs


def reshaped(d: Drawn):
    shape = d.shape(side=1)
    parts = list(d.data.draw(st.permutations([*shape, 1])))
    if d.yes():
        parts[d.number(0, len(parts) - 1)] = -1
    return d.array(shape), tuple(parts)


def viewed(d: Drawn):
    x, shape = reshaped(d)
    return np.ascontiguousarray(x).reshape(x.shape), shape


def ones_in(d: Drawn):
    shape = tuple(d.one(1, n) for n in d.shape(1))
    return d.array(shape), d.dim(shape)


def grown(d: Drawn):
    whole, small = d.broadcast(2)
    return d.array(small), whole


def grown_as(d: Drawn):
    x, whole = grown(d)
    return x, d.array(whole)


def parts(d: Drawn):
    shape = d.shape(1)
    dim = d.dim(shape)
    cuts = sorted(d.number(0, shape[dim]) for _ in range(d.number(0, 3)))
    return d.array(shape), [b - a for a, b in zip([0, *cuts], [*cuts, shape[dim]], strict=True)], dim


def joined(stack: bool):
    def inputs(d: Drawn):
        shape = d.shape(0 if stack else 1, 3)
        dim = d.number(0, len(shape) if stack else len(shape) - 1)
        other = lambda: shape if stack else (*shape[:dim], d.number(0, 9), *shape[dim + 1 :])  # noqa: E731
        return [d.array(shape), *(d.array(other()) for _ in range(d.number(0, 3)))], dim

    return inputs


def counts(d: Drawn):
    shape = d.shape(0, 3)
    return d.array(shape), tuple(d.number(0, 3) for _ in range(len(shape) + d.number(0, 1)))


def turned(d: Drawn):
    shape = d.shape(2)
    first, second = d.data.draw(st.permutations(range(len(shape))))[:2]
    return d.array(shape), d.number(-4, 4), first, second - len(shape)


def triangle(d: Drawn):
    return d.array(d.shape(2)), d.number(-5, 5)


def rolled(d: Drawn):
    shape = d.shape()
    dims = dims_of(d, shape) if shape else ()
    return (
        (d.array(shape), d.number(-5, 5)) if not dims else (d.array(shape), tuple(d.number(-9, 9) for _ in dims), dims)
    )


def unfolded(d: Drawn, n: int) -> tuple[int, int]:
    return d.number(1, n), d.number(1, 4)


def windows(x, dim, size, step):
    return np.moveaxis(np.lib.stride_tricks.sliding_window_view(x, size, dim), dim % x.ndim, 0)[::step].copy()


def flattened(x, first, last):
    return x.reshape(*x.shape[:first], -1 if x.size else int(np.prod(x.shape[first : last + 1])), *x.shape[last + 1 :])


def spans(d: Drawn):
    shape = d.shape(1)
    first = d.number(0, len(shape) - 1)
    return d.array(shape), first, d.number(first, len(shape) - 1)


def pieces(x, size, dim):
    n = x.shape[dim]
    return np.split(x, range(size, max(n, 1), size), dim)


def swapped(d: Drawn):
    shape = d.shape(1)
    return d.array(shape), d.dim(shape), d.dim(shape)


def unflattened(d: Drawn):
    shape, k = d.shape(1, 3), d.number(1, 4)
    at = d.number(0, len(shape) - 1)
    return d.array((*shape[:at], shape[at] * k, *shape[at + 1 :])), at, (shape[at], k)


OPS = [
    *(move(f"Tensor.{n}", np.array, tensor()) for n in ("clone", "contiguous")),
    move("dl.reshape", np.reshape, reshaped),
    move("Tensor.view", np.reshape, viewed),
    move("Tensor.view_as", lambda x, y: x.reshape(y.shape),
         lambda d: (x := np.ascontiguousarray(d.array(d.shape(1))), d.array(x.shape[::-1]))),
    move("dl.flatten", flattened, spans),
    move("dl.unflatten", lambda x, dim, sizes: x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :]), unflattened),
    move("dl.permute", np.transpose, lambda d: (
        x := d.array(d.shape()), tuple(d.data.draw(st.permutations(range(x.ndim)))))),
    move("dl.transpose", np.swapaxes, swapped),
    move("dl.movedim", np.moveaxis, swapped),
    move("dl.t", np.transpose, tensor(0, 2)),
    move("Tensor.T", np.transpose, tensor()),
    move("dl.squeeze", lambda x, dim: np.squeeze(x, dim) if x.shape[dim] == 1 else x, ones_in),
    move("dl.unsqueeze", np.expand_dims, lambda d: (x := d.array(d.shape()), d.number(-x.ndim - 1, x.ndim))),
    move("Tensor.expand", np.broadcast_to, grown),
    move("Tensor.expand_as", lambda x, y: np.broadcast_to(x, y.shape), grown_as),
    move("dl.narrow", lambda x, dim, at, n: np.take(x, range(at, at + n), dim),
         with_dim(lambda d, n: (at := d.number(0, n), d.number(0, n - at)))),
    move("dl.select", lambda x, dim, at: np.take(x, at, dim), with_dim(lambda d, n: (d.number(-n, n - 1),), 1)),
    move("dl.split", lambda x, sizes, dim: np.split(x, np.cumsum(sizes)[:-1], dim), parts),
    move("dl.chunk", lambda x, n, dim: pieces(x, -(-x.shape[dim] // n), dim),
         lambda d: (lambda x, dim, n: (x, n, dim))(*with_dim(lambda d, n: (d.number(1, 5),), 1)(d))),
    move("dl.unbind", lambda x, dim: [y.squeeze(dim) for y in np.split(x, x.shape[dim], dim)], with_dim(side=1)),
    move("dl.diagonal", np.diagonal, turned),
    move("dl.diag", np.diag, lambda d: (d.array(d.shape(1, 2)), d.number(-5, 5))),
    move("Tensor.unfold", lambda x, dim, size, step: np.moveaxis(windows(x, dim, size, step), 0, dim % x.ndim),
         with_dim(unfolded, 1)),
    move("dl.cat", np.concatenate, joined(False)),
    move("dl.stack", np.stack, joined(True)),
    move("dl.tile", np.tile, counts),
    move("Tensor.repeat", np.tile, counts),
    move("dl.flip", np.flip, named()),
    move("dl.roll", np.roll, rolled),
    move("dl.tril", np.tril, triangle),
    move("dl.triu", np.triu, triangle),
]  # fmt: skip
CONVERSIONS = {"float": "f4", "long": "i8", "int": "i4", "bool": "?"}
OPS += [
    Op(f"Tensor.{name}", lambda x, to=to: x.astype("f8" if to == "f4" else to), tensor(), None,
       dtypes=[k for k in EVERY if k != "float64"] if to == "f4" else EVERY)
    for name, to in CONVERSIONS.items()
]  # fmt: skip
test_property = run_properties(OPS)
