"""Hypothesis against NumPy: selections, gathers and scatters, and what rearranges the pixels of an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .properties import EVERY, NUMBERS, Drawn, Op, run_properties
from .test_index import add, put
from .test_index import take as taken
from .test_pad import pad_oracle
from .test_patches import shuffle_oracle, unshuffle_oracle
from .test_properties_moves import move, tensor


def masked(d: Drawn):
    whole, small = d.broadcast(2)
    return d.array(whole), d.array(small, dtype="bool")


def chosen(d: Drawn):
    x, mask = masked(d)
    return x, mask, d.number(0, 1)


def gathered(source: bool, repeats: bool = True):
    """x, dim, an index no larger than x beside dim, and perhaps a source of at least the index's size."""

    def inputs(d: Drawn):
        shape = d.shape(1, side=1)
        at = d.number(0, len(shape) - 1)
        size = tuple(d.number(0, 19 if k == at and repeats else n) for k, n in enumerate(shape))
        index = d.index(size, shape[at])
        more = (d.array(tuple(n + d.number(0, 1) for n in size)),) if source else ()
        return d.array(shape), at - len(shape) if d.yes() else at, index, *more

    return inputs


def slices(source: str = ""):
    """x, dim, a 1-d index, and perhaps slices of a source, or a number."""

    def inputs(d: Drawn):
        shape = d.shape(1, 3, side=1)
        at = d.number(0, len(shape) - 1)
        index = d.index((d.number(0, 19),), shape[at])
        if source == "slices":
            return d.array(shape), at, index, d.array((*shape[:at], len(index), *shape[at + 1 :]))
        return (d.array(shape), at, index, d.number(0, 1)) if source else (d.array(shape), at, index)

    return inputs


def by_slice(f: Callable) -> Callable:
    """`f` of a copy whose dimension `dim` is first."""

    def oracle(x, dim, index, source):
        y = x.copy()
        f(np.moveaxis(y, dim, 0), index, np.moveaxis(source, dim, 0) if isinstance(source, np.ndarray) else source)
        return y

    return oracle


def set_each(y, index, source):
    for k, i in enumerate(index):
        y[i] = source[k]


def placed(d: Drawn):
    shape, n = d.shape(2, side=1), d.number(0, 19)
    places = d.index((n,), shape[0]), d.index((n,), shape[1])
    return d.array(shape), places, d.array((n, *shape[2:])), True


def accumulated(x, places, values, accumulate):
    y = x.copy()
    np.add.at(y, places, values)
    return y


def padded(d: Drawn):
    shape = d.shape(1, side=3)
    pads = tuple(d.number(-1, 2) for _ in range(2 * d.number(1, len(shape))))
    return d.array(shape), pads, d.one("constant", "reflect", "replicate", "circular")


def both(name: str, oracle: Callable, inputs: Callable, *rest: Any, **more: Any) -> list[Op]:
    return [Op(f"dl.{name}", oracle, inputs, *rest, **more), Op(f"Tensor.{name}_", oracle, inputs, *rest, **more)]


def shuffled(up: bool):
    def inputs(d: Drawn):
        r, (c, h, w) = d.number(1, 3), (d.number(1, 3), d.number(1, 4), d.number(1, 4))
        shape = (c * r * r, h, w) if up else (c, h * r, w * r)
        return d.array((*d.shape(0, 1), *shape)), r

    return inputs


OPS = [
    move("dl.masked_select", lambda x, m: x[np.broadcast_to(m, x.shape)], masked),
    *both("masked_fill", lambda x, m, v: np.where(m, np.asarray(v).astype(x.dtype), x), chosen, None, dtypes=EVERY),
    move("dl.argwhere", np.argwhere, tensor(1)),
    move("dl.nonzero", np.argwhere, tensor(1)),
    move("dl.take", np.take, lambda d: (x := d.array(d.shape(side=1)), d.index(d.shape(), x.size))),
    move("dl.take_along_dim", np.take_along_axis, lambda d: (
        lambda x, dim, i: (x, d.index((*x.shape[: dim % x.ndim], 5, *x.shape[dim % x.ndim + 1 :]), x.shape[dim]), dim)
        )(*gathered(False)(d))),
    move("dl.gather", lambda x, dim, i: taken(x, i, dim), gathered(False)),
    *both("scatter", lambda x, dim, i, src: put(x, i, src, dim), gathered(True), None, dtypes=EVERY),
    *both("scatter_add", lambda x, dim, i, src: add(x, i, src, dim), gathered(True), 400, True, dtypes=NUMBERS),
    move("dl.index_select", lambda x, dim, i: np.take(x, i, dim), slices()),
    *both("index_add", by_slice(np.add.at), slices("slices"), 40, True, dtypes=NUMBERS),
    *both("index_copy", by_slice(set_each), slices("slices"), None, dtypes=EVERY),
    *both("index_fill", by_slice(lambda y, i, v: y.__setitem__(i, v)), slices("number"), None, dtypes=EVERY),
    *both("index_put", accumulated, placed, 40, True, dtypes=NUMBERS),
    Op("F.one_hot", lambda i, n: np.eye(n, dtype=np.int64)[i], lambda d: (
        d.index(d.shape(0, 3), 7), 7 + d.number(0, 3)), None),
    Op("F.embedding", lambda i, w: w[i], lambda d: (
        w := d.array(d.shape(2, 2, 1)), d.index(d.shape(0, 3), len(w)))[::-1], None),
    Op("F.pad", pad_oracle, padded, None, dtypes=NUMBERS),
    move("F.pixel_shuffle", shuffle_oracle, shuffled(True)),
    move("F.pixel_unshuffle", unshuffle_oracle, shuffled(False)),
]  # fmt: skip
test_property = run_properties(OPS)
