"""Hypothesis against NumPy: products, convolutions, pooling, resampling and normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .cases import distinct
from .properties import Drawn, Op, run_properties
from .test_conv2d import conv2d_oracle
from .test_conv_transpose import oracle as transposed_oracle
from .test_conv_transpose import row_oracle as transposed_row
from .test_grid_sample import affine_oracle, places
from .test_grid_sample import oracle as sampled
from .test_matmul import linear_oracle
from .test_norm import batch_norm_oracle
from .test_patches import fold_oracle, unfold_oracle
from .test_pool1d import flat as of_rows
from .test_pool1d import largest
from .test_pool2d import adaptive_oracle, avg_oracle, max_oracle
from .test_resample import oracle as resized
from .test_row_norm import normalised


def product(name: str, oracle: Callable, inputs: Callable, terms: int = 40) -> Op:
    return Op(name, oracle, inputs, terms, True)


def shaped(f: Callable[..., tuple], count: int = 3, side: int = 0):
    """Tensors whose shapes `f` makes of `count` sizes."""
    return lambda d: tuple(d.array(s) for s in f(*(d.number(side, 19) for _ in range(count))))


def stacked(d: Drawn):
    """Two operands of matmul: vectors, matrices, and stacks of them that broadcast."""
    m, k, n = (d.number(0, 19) for _ in range(3))
    lead, other = (s[:2] for s in (d.one((), (2,), (3, 2)), d.one((), (2,), (3, 1), (1, 2))))
    if d.number(0, 3) == 0:
        return d.array((k,)), d.array(d.one((k,), (k, n), (2, k, n)))
    return d.array((*lead, m, k)), d.array((*other, k, n)) if d.yes() else d.array((k,))


def weighted_sum(x, a, b, beta, alpha):
    return beta * x + alpha * (a @ b)


def summed(d: Drawn):
    m, k, n = (d.number(0, 19) for _ in range(3))
    x = d.one((m, n), (n,), (m, 1), ())
    return d.array(x), d.array((m, k)), d.array((k, n)), {"beta": d.quarter(-2, 2), "alpha": d.quarter(-2, 2)}


def linear(d: Drawn):
    k, n = d.number(0, 19), d.number(0, 19)
    more = (d.array((n,)),) if d.yes() else ()
    return d.array((*d.shape(0, 2), k)), d.array((n, k)), *more


OPS = [
    product("dl.matmul", np.matmul, stacked),
    product("dl.mm", np.matmul, shaped(lambda m, k, n: ((m, k), (k, n)))),
    product("dl.bmm", np.matmul, shaped(lambda b, m, k, n: ((b, m, k), (b, k, n)), 4)),
    product("dl.mv", np.matmul, shaped(lambda m, k: ((m, k), (k,)), 2)),
    product("dl.dot", np.dot, shaped(lambda k: ((k,), (k,)), 1)),
    product("dl.outer", np.outer, shaped(lambda m, n: ((m,), (n,)), 2)),
    product("dl.addmm", weighted_sum, summed),
    product("F.linear", linear_oracle, linear),
]


# ---- Windows.
def windowed(rows: bool, transposed: bool):
    def inputs(d: Drawn):
        groups, per_in, per_out = d.one(1, 1, 2, 3), d.number(1, 5), d.number(1, 5)
        axes = 1 if rows else 2
        stride, dilation = d.number(1, 3), d.number(1, 2)
        kernel = [d.number(1, 4) for _ in range(axes)]
        padding = d.number(0, 2)
        image = [dilation * (k - 1) + 1 + 2 * padding * transposed + d.number(0, 5) for k in kernel]
        channels = groups * per_in
        w = (channels, per_out, *kernel) if transposed else (groups * per_out, per_in, *kernel)
        kw = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if transposed:
            kw["output_padding"] = d.number(0, max(stride, dilation) - 1)
        more = (d.array((groups * per_out,)),) if d.yes() else ()
        return d.array((d.number(0, 2), channels, *image)), d.array(w), *more, kw

    return inputs


def conv_row(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    wide = {"stride": (1, stride), "padding": (0, padding), "dilation": (1, dilation), "groups": groups}
    return conv2d_oracle(x[:, :, None], w[:, :, None], b, **wide)[:, :, 0]


def pooled(rows: bool, average: bool):
    def inputs(d: Drawn):
        k, axes = d.number(1, 4), 1 if rows else 2
        kw: dict[str, Any] = {"kernel_size": k, "stride": d.number(1, 3), "padding": d.number(0, k // 2)}
        kw["ceil_mode"] = d.yes()
        kw |= {"count_include_pad": d.yes()} if average else {"dilation": d.number(1, 2)}
        least = kw.get("dilation", 1) * (k - 1) + 1
        lead = (d.number(1, 2), d.number(1, 19)) if d.yes() else (d.number(1, 9),)
        image = tuple(least + d.number(0, 6) for _ in range(axes))
        return d.array((*lead, *image), distinct), kw

    return inputs


def adapted(rows: bool):
    def inputs(d: Drawn):
        image = tuple(d.number(1, 12) for _ in range(1 if rows else 2))
        size = d.number(1, 7) if rows or d.yes() else (d.number(1, 7), d.one(None, d.number(1, 7)))
        return d.array((d.number(0, 2), d.number(1, 19), *image), distinct), {"output_size": size}

    return inputs


def patches(d: Drawn):
    k, dilation, padding = (d.number(1, 3), d.number(1, 3)), d.number(1, 2), d.number(0, 2)
    image = tuple(dilation * (n - 1) + 1 + d.number(0, 5) for n in k)
    kw = {"kernel_size": k, "dilation": dilation, "padding": padding, "stride": d.number(1, 3)}
    return d.array((d.number(1, 2), d.number(1, 4), *image)), kw


def folded(d: Drawn):
    x, kw = patches(d)
    return d.array(unfold_oracle(np.zeros(x.shape), **kw).shape), {"output_size": x.shape[2:], **kw}


def resize(d: Drawn):
    rows, mode = d.yes(), d.one("nearest", "nearest-exact", "linear")
    image = tuple(d.number(1, 9) for _ in range(1 if rows else 2))
    kw: dict[str, Any] = {"mode": "bilinear" if mode == "linear" and not rows else mode}
    if d.yes():
        kw["size"] = d.number(1, 12) if d.yes() else tuple(d.number(1, 12) for _ in image)
    else:
        kw["scale_factor"] = 1 + d.number(0, 8) / 4
    if mode == "linear":
        kw["align_corners"] = d.yes()
    return d.array((d.number(1, 2), d.number(1, 19), *image)), kw


def looked_up(d: Drawn):
    n, kw = d.number(1, 2), {"mode": d.one("bilinear", "nearest"), "align_corners": d.yes()}
    kw["padding_mode"] = d.one("zeros", "border", "reflection")
    x = d.array((n, d.number(1, 19), d.one(4, 5), d.one(4, 5)))
    return x, d.array((n, d.number(1, 3), d.number(1, 3), 2), places), kw


def turned(d: Drawn):
    size = tuple(d.number(1, 9) for _ in range(4))
    return d.array((size[0], 2, 3)), {"size": size, "align_corners": d.yes()}


OPS += [
    product("F.conv1d", conv_row, windowed(True, False), 80),
    product("F.conv2d", conv2d_oracle, windowed(False, False), 80),
    product("F.conv_transpose1d", transposed_row, windowed(True, True), 80),
    product("F.conv_transpose2d", transposed_oracle, windowed(False, True), 80),
    Op("F.max_pool1d", of_rows(max_oracle), pooled(True, False), None),
    Op("F.max_pool2d", max_oracle, pooled(False, False), None),
    Op("F.avg_pool1d", of_rows(avg_oracle), pooled(True, True), 16),
    Op("F.avg_pool2d", avg_oracle, pooled(False, True), 16),
    Op("F.adaptive_max_pool1d", of_rows(largest), adapted(True), None),
    Op("F.adaptive_max_pool2d", largest, adapted(False), None),
    Op("F.adaptive_avg_pool1d", of_rows(adaptive_oracle), adapted(True), 16),
    Op("F.adaptive_avg_pool2d", adaptive_oracle, adapted(False), 144),
    Op("F.unfold", unfold_oracle, patches, None),
    Op("F.fold", fold_oracle, folded, 9, True),
    Op("F.interpolate", resized, resize, 16),
    Op("F.grid_sample", sampled, looked_up, 16),
    Op("F.affine_grid", affine_oracle, turned, 8, True),
]


# ---- Normalisation: eps is 1 here, so that rows of little spread do not magnify roundings without bound.
def channels(instance: bool = False):
    def inputs(d: Drawn):
        c = d.number(1, 19)
        shape = (d.number(2, 5), c, *(d.number(2, 6) for _ in range(d.number(int(instance), 2))))
        return d.array(shape), None, None, d.array((c,)), d.array((c,)), True, 0.1, 1.0

    return inputs


def batch(x, mean, var, w, b, training, momentum, eps):
    return batch_norm_oracle(x, w, b, eps=eps)


def instance(x, mean, var, w, b, training, momentum, eps):
    per_channel = (-1, *(1 for _ in x.shape[2:]))
    return normalised(x, tuple(range(2, x.ndim)), eps) * w.reshape(per_channel) + b.reshape(per_channel)


def rows(d: Drawn):
    shape = d.shape(1, side=1)
    last = shape[d.number(0, len(shape) - 1) :]
    return d.array(shape), last, d.array(last)


def layers(d: Drawn):
    x, last, w = rows(d)
    return x, last, w, d.array(last), 1.0


def grouped(d: Drawn):
    groups, each = d.number(1, 4), d.number(1, 4)
    c = groups * each
    shape = (d.number(1, 3), c, *(d.number(1, 6) for _ in range(d.number(0, 2))))
    return d.array(shape), groups, d.array((c,)), d.array((c,)), 1.0


def grouped_oracle(x, groups, w, b, eps):
    y = normalised(x.reshape(x.shape[0], groups, -1), 2, eps).reshape(x.shape)
    per_channel = (-1, *(1 for _ in x.shape[2:]))
    return y * w.reshape(per_channel) + b.reshape(per_channel)


def root_mean_square(x, last, w, eps):
    return x / np.sqrt((x * x).mean(tuple(range(-len(last), 0)), keepdims=True) + eps) * w


OPS += [
    Op("F.batch_norm", batch, channels(), 64),
    Op("F.instance_norm", instance, channels(True), 64),
    Op("F.group_norm", grouped_oracle, grouped, 64),
    Op("F.layer_norm", lambda x, last, w, b, eps: normalised(x, tuple(range(-len(last), 0)), eps) * w + b, layers, 64),
    Op("F.rms_norm", root_mean_square, lambda d: (*rows(d), 1.0), 64),
]  # fmt: skip
test_property = run_properties(OPS)
