"""Parts, repeats, order and triangles, with their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl

from .cases import Case, over
from .common import run_cases

MATRICES = ((5, 7), (7, 5), (1, 1), (0, 3), (2, 3, 5, 7))


def moves(name: str, fn: Any, oracle: Any, *shapes: tuple[int, ...], **more: Any) -> Case:
    return Case(name, fn, over(*(shapes or MATRICES)), oracle, grad_length=12, **more)


def total(parts: Any) -> Any:
    """One tensor of several parts in which each counts differently."""
    return sum(part * (i + 2) for i, part in enumerate(parts))


CASES = [
    moves("narrow", lambda dl, F, x: dl.narrow(x, 1, 1, 2), lambda x: x[:, 1:3], (5, 7), (0, 3), (2, 3, 5, 7)),
    moves("split", lambda dl, F, x: dl.cat(x.split(2, 1)[::-1], 1), lambda x: np.concatenate(
        [x[:, i : i + 2] for i in range(0, x.shape[1], 2)][::-1], 1), (5, 7), (1, 2), (2, 3, 5, 7)),
    moves("split by sizes", lambda dl, F, x: dl.split(x, [1, 0, 4], 0)[2], lambda x: x[1:], (5, 7), (5,)),
    moves("chunk", lambda dl, F, x: total(x.chunk(2)), lambda x: 2 * x[: len(x) // 2] + 3 * x[len(x) // 2 :],
          (6, 3), (2, 3, 5)),
    moves("unbind", lambda dl, F, x: total(x.unbind(1)),
          lambda x: np.tensordot(np.arange(2, 2 + x.shape[1]), x, (0, 1)), (5, 7), (2, 3, 5, 7), length=7),
    moves("select", lambda dl, F, x: dl.select(x, 1, -1), lambda x: x[:, -1], (5, 7), (2, 3, 5, 7)),
    moves("diagonal", lambda dl, F, x: x.diagonal(1, -1, 0), lambda x: x.diagonal(1, -1, 0)),
    moves("diag of a matrix", lambda dl, F, x: dl.diag(x, -2), lambda x: np.diag(x, -2), (5, 7), (7, 5), (2, 2)),
    moves("diag of a vector", lambda dl, F, x: x.diag(2), lambda x: np.diag(x, 2), (5,), (1,)),
    moves("repeat", lambda dl, F, x: x.repeat(2, 1, 3), lambda x: np.tile(x, (2, 1, 3)), (5, 7), (3,), (1, 2)),
    moves("repeat once", lambda dl, F, x: x.repeat(1, 1), np.copy, (5, 7)),
    moves("tile", lambda dl, F, x: dl.tile(x, (2,)), lambda x: np.tile(x, (2,)), (5, 7), (3,), (2, 3, 2)),
    moves("flip", lambda dl, F, x: x.flip(0, -1), lambda x: np.flip(x, (0, -1))),
    moves("flip one", lambda dl, F, x: dl.flip(x, (0,)), lambda x: np.flip(x, 0)),
    moves("roll", lambda dl, F, x: dl.roll(x, (2, -1), (0, 1)), lambda x: np.roll(x, (2, -1), (0, 1))),
    moves("roll flat", lambda dl, F, x: x.roll(3), lambda x: np.roll(x, 3)),
    moves("roll by nothing", lambda dl, F, x: x.roll(0, 1), np.copy),
    moves("movedim", lambda dl, F, x: x.movedim((0, -1), (-1, 1)), lambda x: np.moveaxis(x, (0, -1), (-1, 1)),
          (2, 3, 5, 7), (2, 3, 4)),
    moves("tril", lambda dl, F, x: x.tril(1), lambda x: np.tril(x, 1)),
    moves("triu", lambda dl, F, x: dl.triu(x, -1), lambda x: np.triu(x, -1)),
    moves("unflatten", lambda dl, F, x: dl.unflatten(x, 1, (2, -1)), lambda x: x.reshape(len(x), 2, -1),
          (5, 4), (3, 2)),
    moves("expand_as and view_as", lambda dl, F, x: x.expand_as(dl.zeros(3, 5, 7)).view_as(dl.zeros(3, 5, 7)),
          lambda x: np.broadcast_to(x, (3, 5, 7)), (5, 7)),
    moves("swapaxes", lambda dl, F, x: x.swapaxes(0, 1), lambda x: x.swapaxes(0, 1)),
]  # fmt: skip
test_op = run_cases(CASES)


def test_parts_are_views_and_turned_ones_are_not():
    x = dl.zeros(4, 6)
    for y in (*x.split(2), *x.chunk(3, 1), *x.unbind(), x.diagonal(), x.narrow(1, 2, 3), x.movedim(0, 1)):
        assert np.shares_memory(x.numpy(), y.numpy())
    x.diagonal().fill_(7.0)
    np.testing.assert_array_equal(x.numpy(), 7 * np.eye(4, 6))
    for y in (x.flip(0), x.roll(0, 0), x.repeat(1, 1), x.tril()):
        assert not np.shares_memory(x.numpy(), y.numpy())


def test_a_flipped_image_keeps_its_layout():
    x = dl.tensor(np.random.default_rng(0).standard_normal((2, 5, 4, 3))).permute(0, 3, 1, 2)
    assert x.flip(3).stride() == x.stride() and x.flip(0).stride() == x.stride()


def test_every_dtype(isa):
    for dtype in (dl.bool, dl.uint8, dl.int32, dl.int64, dl.float16, dl.float32, dl.float64):
        x = dl.arange(6).to(dtype).view(2, 3)
        for y, expected in ((x.flip(1), x.numpy()[:, ::-1]), (x.roll(1), np.roll(x.numpy(), 1))):
            assert y.dtype == dtype
            np.testing.assert_array_equal(y.numpy(), expected)
        if dtype != dl.float16:
            np.testing.assert_array_equal(x.tril().numpy(), np.tril(x.numpy()))


def test_empty_parts():
    assert [p.shape for p in dl.zeros(0, 3).split(2)] == [(0, 3)]
    assert [p.shape for p in dl.zeros(0, 3).chunk(2)] == [(0, 3), (0, 3)]
    assert dl.zeros(0, 3).unbind() == () and dl.zeros(2, 3).diagonal(5).shape == (0,)
    assert dl.zeros(2).repeat(0).shape == (0,) and dl.diag(dl.zeros(0)).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: x.split([1, 2]),
            dl.ShapeError,
            r"split: sizes \[1, 2\] do not add up to 4, the size",
        ),
        (lambda x: x.split(0), ValueError, "split: needs a positive size"),
        (lambda x: x.chunk(0), ValueError, "chunk: needs at least one"),
        (lambda x: x.narrow(0, 3, 2), IndexError, "narrow: 2 entries from 3 do not lie in dimension 0 of size 4"),
        (lambda x: x.select(0, 4), IndexError, "index 4 is out of range"),
        (lambda x: x.repeat(2), dl.ShapeError, r"repeat: needs a count .* shape \(4, 6\), got \(2,\)"),
        (lambda x: x.flip(0, 0), dl.ShapeError, "flip: a dimension is named twice"),
        (lambda x: x.flip(2), IndexError, "flip: dim 2 is out of range"),
        (lambda x: x.roll((1, 2), 0), ValueError, "roll: 2 shifts for 1 dims"),
        (lambda x: x.diagonal(0, 1, 1), dl.ShapeError, "diagonal: needs two dimensions"),
        (lambda x: x[0].diagonal(), dl.ShapeError, r"diagonal: needs at least 2 dimensions, got shape \(6,\)"),
        (lambda x: dl.diag(x.view(2, 3, 4)), dl.ShapeError, r"diag: needs a vector or a matrix, got shape \(2, 3, 4\)"),
        (lambda x: x[0].tril(), dl.ShapeError, r"tril: needs a matrix or a batch of them, got shape \(6,\)"),
        (lambda x: x.movedim((0, 1), 0), dl.ShapeError, "movedim: 2 sources for 1 destinations"),
    ],
)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=text):
        call(dl.zeros(4, 6))
