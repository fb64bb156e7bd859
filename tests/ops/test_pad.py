"""pad: numbers and edges, on one and on several dimensions, and cropping; every dtype; layouts; refusals."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Case, over
from .common import make, run_cases

NUMPY = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad_oracle(x, pad, mode="constant", value=0):
    pairs = [(0, 0)] * (x.ndim - len(pad) // 2) + [tuple(pad[i : i + 2]) for i in range(0, len(pad), 2)][::-1]
    grow = [(max(a, 0), max(b, 0)) for a, b in pairs]
    crop = tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, x.shape, strict=True))
    if mode in ("constant", "circular"):
        x = x[crop]
        return np.pad(x, grow, constant_values=value) if mode == "constant" else np.pad(x, grow, "wrap")
    y = np.pad(x, grow, NUMPY[mode])
    return y[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, y.shape, strict=True))]


def case(mode, pad, *shapes, **more):
    attrs = {"pad": pad, "mode": mode, **more}
    return Case(
        f"pad {mode} {pad}",
        lambda dl, F, x, **kw: F.pad(x, **kw),
        over(*shapes),
        oracle=pad_oracle,
        attrs=attrs,
        dtypes=("float32", "float64", "int64") if mode in ("constant", "circular") else ("float32", "float64"),
        rows=("copy",),
        ulps=0,
        grad_length=80,
    )


IMAGES = (2, 3, 5, 7), (1, 17, 4, 6), (0, 3, 5, 5)
CASES = (
    [
        case("constant", (1, 2), (5,), (2, 3), (2, 3, 5, 7), (0, 4), value=3),
        case("constant", (1, 0, -1, 2), *IMAGES),
        case("constant", (-1, -2), (5,), (2, 3)),
        case("constant", (0, 0), (5,), (2, 3)),
        case("constant", (0, 1, 2, 0, 1, 1, 0, 2), (2, 3, 2, 1)),
    ]
    + [case(mode, (2, 1), (2, 5), (2, 3, 7)) for mode in NUMPY]
    + [case(mode, (2, 1, 0, 3), *IMAGES) for mode in NUMPY]
    + [case(mode, (-1, 2, 2, -2), *IMAGES) for mode in NUMPY]
    + [case(mode, (0, 0, -1, 0), *IMAGES) for mode in NUMPY]
)
test_op = run_cases(CASES)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("mode", ["constant", *NUMPY])
def test_every_dtype(mode, dtype):
    x = np.arange(20).reshape(4, 5).astype(dtype)
    y = F.pad(dl.tensor(x), (2, 1, 1, 3), mode)
    assert y.numpy().dtype == x.dtype
    np.testing.assert_array_equal(y.numpy(), pad_oracle(x, (2, 1, 1, 3), mode))


@pytest.mark.parametrize("shape", [(3, 511, 170), (3, 513, 171)])
def test_small_and_large_ones_have_the_same_border(shape):
    """From 2^18 elements on the border alone is filled."""
    x = np.random.default_rng(0).standard_normal(shape).astype("f4")
    y = F.pad(dl.tensor(x), (2, 1, -3, 5, 0, 1), value=7.0)
    np.testing.assert_array_equal(y.numpy(), pad_oracle(x, (2, 1, -3, 5, 0, 1), value=7.0))


@pytest.mark.parametrize("mode", ["constant", *NUMPY])
def test_channels_last_stays_channels_last(mode):
    x = make(np.random.default_rng(0).standard_normal((2, 8, 5, 6)).astype("f4"), "channels_last").requires_grad_()
    y = F.pad(x, (1, 2, 2, 1), mode)
    assert y.array.is_channels_last and not y.array.is_contiguous
    (y * y).sum().backward()
    assert x.grad.array.is_channels_last


@pytest.mark.parametrize("pad", [(0, 0), (-1, 0), (0, -2, -1, 0)])
def test_a_result_without_a_border_is_its_own_memory(pad):
    x = dl.ones(3, 4)
    F.pad(x, pad).fill_(2.0)
    assert x.sum().item() == 12


@pytest.mark.parametrize(
    ("pad", "mode", "message"),
    [
        ((1,), "constant", r"needs pairs \(before, after\) for at most 2 dimensions"),
        ((1,) * 6, "constant", "for at most 2 dimensions"),
        ((-2, -2), "constant", "leaves nothing of dimension 1 of size 3"),
        ((3, 0), "reflect", "adds at most 2 elements to dimension 1 of size 3"),
        ((0, 4), "circular", "adds at most 3 elements"),
        ((-1, 3), "circular", "adds at most 2 elements"),
    ],
)
def test_what_does_not_fit(pad, mode, message):
    with pytest.raises(dl.ShapeError, match=message):
        F.pad(dl.ones(2, 3), pad, mode)


def test_what_makes_no_sense():
    with pytest.raises(ValueError, match="mode must be"):
        F.pad(dl.ones(2, 3), (1, 1), "symmetric")
    with pytest.raises(ValueError, match="goes with"):
        F.pad(dl.ones(2, 3), (1, 1), "reflect", 2.0)
