"""Hypothesis against NumPy: reductions, statistics, scans, orders and sets, softmax and the losses of classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .cases import Draw, distinct, normal, positive
from .properties import EVERY, FLOATS, NUMBERS, Drawn, Op, run_properties
from .test_scan import largest, near_one, smallest
from .test_softmax_xent import log_softmax, nll, softmax, weighted_cross_entropy
from .test_sort import kth, middle, sort
from .test_statistics import log_sum_exp, numpy_norm


def axes(f: Callable) -> Callable:
    """NumPy's function under PyTorch's keywords."""
    return lambda x, dim=None, keepdim=False, **kw: f(x, axis=dim, keepdims=keepdim, **kw)


def over(draw: Draw = normal, side: int = 0, one: bool = False, **settings):
    """A tensor with `dim`: left out, one, or (unless `one`) several; and keywords drawn by `settings`."""

    def inputs(d: Drawn):
        shape = d.shape(side=side)
        kw = {k: f(d) for k, f in settings.items()} | {"keepdim": d.yes()}
        if shape and (one or d.yes()):
            kw["dim"] = d.dim(shape)
            if not one and d.yes():
                kw["dim"] = tuple(k for k in range(len(shape)) if d.yes()) or (0,)
        elif one:
            shape, kw["dim"] = (5,), 0
        return d.array(shape, draw), kw

    return inputs


def along(draw: Draw = normal, side: int = 0, low: int = 1):
    """A tensor and one of its dimensions."""

    def inputs(d: Drawn):
        shape = d.shape(low, side=side)
        return d.array(shape, draw), d.dim(shape)

    return inputs


def total(f: Callable) -> Callable:
    """Integers and bools are totalled in int64."""
    return lambda x, *a, **kw: f(x if x.dtype.kind == "f" else x.astype(np.int64), *a, **kw)


def some_nan(rng, shape):
    return np.where(rng.random(shape) < 0.3, np.nan, rng.standard_normal(shape))


def tied(rng, shape):
    return rng.integers(-4, 5, shape) / 2


def spread(f: Callable) -> Callable:
    return lambda x, dim=None, keepdim=False, correction=1: f(x, axis=dim, keepdims=keepdim, ddof=correction)


def correction(d: Drawn) -> int:
    return d.number(0, 1)


def pair(f: Callable, g: Callable) -> Callable:
    return lambda *a, **kw: (f(*a, **kw), g(*a, **kw))


def mean_too(f: Callable) -> Callable:
    return lambda x, correction, **kw: (spread(f)(x, correction=correction, **kw), axes(np.mean)(x, **kw))


def extreme(value: Callable, place: Callable) -> Callable:
    return lambda x, dim, keepdim: (value(x, dim, keepdims=keepdim), place(x, dim, keepdims=keepdim))


def count_nonzero(d: Drawn):
    x, kw = over(lambda rng, shape: rng.integers(0, 2, shape))(d)
    return x, {k: v for k, v in kw.items() if k == "dim"}


OPS = [
    Op("dl.sum", total(axes(np.sum)), over(), 64, True, EVERY),
    Op("dl.mean", axes(np.mean), over(side=1), 64, True),
    Op("dl.nansum", axes(np.nansum), over(some_nan), 64),
    Op("dl.nanmean", axes(lambda x, **kw: np.sum(np.where(np.isnan(x), 0, x), **kw) / np.sum(~np.isnan(x), **kw)),
       over(lambda r, s: np.where(distinct(r, s) > 1, np.nan, r.standard_normal(s)), side=2), 64),
    Op("dl.amax", axes(np.max), over(side=1), None, dtypes=EVERY),
    Op("dl.amin", axes(np.min), over(side=1), None, dtypes=EVERY),
    Op("dl.max", extreme(np.max, np.argmax), over(tied, 1, one=True), None, dtypes=FLOATS),
    Op("dl.min", extreme(np.min, np.argmin), over(tied, 1, one=True), None, dtypes=FLOATS),
    Op("dl.argmax", axes(np.argmax), over(side=1, one=True), None, dtypes=EVERY),
    Op("dl.argmin", axes(np.argmin), over(side=1, one=True), None, dtypes=EVERY),
    Op("dl.aminmax", axes(pair(np.min, np.max)), over(side=1, one=True), None, dtypes=EVERY),
    Op("dl.any", axes(np.any), over(), None, dtypes=EVERY),
    Op("dl.all", axes(np.all), over(), None, dtypes=EVERY),
    Op("dl.count_nonzero", lambda x, dim=None: np.asarray(np.count_nonzero(x, axis=dim), np.int64), count_nonzero, None,
       dtypes=FLOATS),
    Op("dl.prod", total(axes(np.prod)), over(near_one, one=True), 1400),
    Op("dl.var", spread(np.var), over(side=2, correction=correction), 64),
    Op("dl.std", spread(np.std), over(side=2, correction=correction), 64),
    Op("dl.var_mean", mean_too(np.var), over(side=2, correction=correction), 64),
    Op("dl.std_mean", mean_too(np.std), over(side=2, correction=correction), 64),
    Op("dl.norm", numpy_norm, over(positive, 1, p=lambda d: d.one(1, 2, 3, np.inf, -np.inf)), 64),
    Op("dl.logsumexp", log_sum_exp, over(side=1, one=True), 64),
]  # fmt: skip


def similar(d: Drawn):
    shape = d.shape(1, 3, side=1)
    return d.array(shape), d.array(shape), {"dim": d.dim(shape)}


def cosine(x, y, dim):
    return (x * y).sum(dim) / np.sqrt((x * x).sum(dim) * (y * y).sum(dim))


def distance(x, y, p, keepdim):
    return (np.abs(x - y + 1e-6) ** p).sum(-1, keepdims=keepdim) ** (1 / p)


def distances(d: Drawn):
    shape = d.shape(1, 3, side=1)
    return d.array(shape), d.array(shape), {"p": d.one(1, 2, 3), "keepdim": d.yes()}


def running(d: Drawn):
    return along(tied if d.dtype.startswith("float") else normal)(d)


def ordered(d: Drawn):
    shape = d.shape(1)
    return d.array(shape, tied if d.dtype.startswith("float") else normal), d.dim(shape), d.yes()


def counted(d: Drawn):
    shape = d.shape(1, side=1)
    dim = d.dim(shape)
    return d.array(shape, distinct), d.number(1, shape[dim]), dim, d.yes()


def differences(x, n, dim, prepend=None, append=None):
    more = {k: v for k, v in {"prepend": prepend, "append": append}.items() if v is not None}
    return np.diff(x, n, dim, **more)


OPS += [
    Op("F.cosine_similarity", cosine, similar, 64),
    Op("F.normalize", lambda x, dim: x / np.sqrt((x * x).sum(dim, keepdims=True)),
       lambda d: (x := d.array(d.shape(1, side=1), positive), {"dim": d.dim(x.shape)}), 64),
    Op("F.pairwise_distance", distance, distances, 64),
    Op("dl.softmax", softmax, along(), 64),
    Op("dl.log_softmax", log_softmax, along(), 64),
    Op("dl.cumsum", total(np.cumsum), along(), 400, dtypes=EVERY),
    Op("dl.cumprod", total(np.cumprod), along(near_one), 400),
    Op("dl.cummax", largest, running, None, dtypes=EVERY),
    Op("dl.cummin", smallest, running, None, dtypes=EVERY),
    Op("dl.diff", differences,
       lambda d: (x := d.array(d.shape(1, side=4)), d.number(0, 3), d.dim(x.shape)), 8, True, NUMBERS),
    Op("dl.sort", sort, ordered, None, dtypes=EVERY, more={"stable": True}),
    Op("dl.argsort", lambda *a: sort(*a)[1], ordered, None, dtypes=EVERY, more={"stable": True}),
    Op("dl.topk", lambda x, k, dim, most: tuple(np.take(a, range(k), dim) for a in sort(x, dim, most)), counted, None),
    Op("dl.kthvalue", kth, counted, None),
    Op("dl.median", middle, along(distinct, 1), None),
]  # fmt: skip


# ---- Sets.
def sought(d: Drawn):
    known = np.sort(d.array((d.number(0, 19),), tied))
    return known, d.array(d.shape(), tied), {"right": d.yes()}


def search(known, x, right):
    return np.searchsorted(known, x, "right" if right else "left").reshape(x.shape).astype(np.int64)


def inside(d: Drawn):
    dtype = d.dtype
    return d.array(d.shape(), dtype=dtype), d.array(d.shape(), dtype=dtype), {"invert": d.yes()}


def runs(x, return_inverse, return_counts):
    x = x.ravel()
    new = np.append(True, x[1:] != x[:-1])[: x.size].astype(bool)
    first = np.flatnonzero(new)
    found = [x[first], np.cumsum(new) - 1, np.diff(np.append(first, x.size))]
    return [a for a, wanted in zip(found, (True, return_inverse, return_counts), strict=True) if wanted]


def same_values(d: Drawn):
    return d.array((d.number(0, 40),)), {"return_inverse": d.yes(), "return_counts": d.yes()}


def counts(d: Drawn):
    n = d.number(1, 40)
    return d.index((n,), 9), d.array((n,)), d.number(0, 12)


OPS += [
    Op("dl.searchsorted", search, sought, None),
    Op("dl.bucketize", lambda x, known, right: search(known, x, right),
       lambda d: (lambda known, x, kw: (x, known, kw))(*sought(d)), None),
    Op("dl.isin", lambda x, known, invert: np.isin(x, known, invert=invert), inside, None, dtypes=NUMBERS),
    Op("dl.unique", lambda x, **kw: np.unique(x, **kw), same_values, None, dtypes=EVERY),
    Op("dl.unique_consecutive", runs, same_values, None, dtypes=EVERY),
    Op("dl.bincount", lambda x, w, least: np.bincount(x, w, least), counts, 40, True),
]  # fmt: skip


# ---- Losses of classes.
def labelled(reductions=("mean", "sum", "none"), log: bool = False):
    def inputs(d: Drawn):
        shape = d.one((d.number(1, 19),), (d.number(1, 19), d.number(1, 19)), (2, d.number(1, 9), 5), (1, 3, 4, 2))
        at = 0 if len(shape) == 1 else 1
        target = d.index(shape[:at] + shape[at + 1 :], shape[at])
        kw = {"reduction": d.one(*reductions)}
        if d.yes() and target.size and (target != target.flat[0]).any():
            kw["ignore_index"] = int(target.flat[0])
        if not log:
            kw["label_smoothing"] = d.number(0, 2) / 4
        return d.array(shape), target, d.array((shape[at],), positive), kw

    return inputs


OPS += [
    Op("F.cross_entropy", weighted_cross_entropy, labelled(), 64),
    Op("F.nll_loss", nll, labelled(log=True), 64),
]
test_property = run_properties(OPS)
