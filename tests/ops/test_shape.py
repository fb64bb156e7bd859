"""Views, and their gradients: what looks at the same memory in another shape, and what writes into it in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dlcore as dl

from .cases import ODD, Arg, Case, over, pairs
from .common import run_cases

MATRICES = ((1, 1), (5, 7), (0, 3), (67, 2))
IMAGES = ((2, 3, 5, 7), (1, 4, 1, 1), (2, 0, 3, 3))
SAME = [(s, s) for s in ODD] + [((5, 7), (7,)), ((2, 3, 5, 7), (3, 1, 1))]


def view(name: str, fn: Any, oracle: Any, *shapes: tuple[int, ...], **more: Any) -> Case:
    # views run no kernel, so the contiguous check is of the strides alone: read every element once, in order
    return Case(name, fn, over(*shapes), oracle, grad_length=2, **more)


def in_place(name: str, fn: Any, oracle: Any) -> Case:
    length = lambda *shapes: int(np.prod(shapes[0]))  # noqa: E731  the broadcast operand's gradient is a sum
    return Case(name, fn, pairs(*SAME), oracle, grad_length=length)


CASES = [
    view("reshape", lambda dl, F, x: x.reshape(-1), np.ravel, *ODD),
    view("reshape to a matrix", lambda dl, F, x: dl.reshape(x, (x.shape[0], -1)), lambda x: x.reshape(len(x), -1),
         (2, 3, 5, 7), (6, 1), (3, 4, 5)),
    view("view", lambda dl, F, x: x.view(7, -1), lambda x: x.reshape(7, -1), (7, 6), (14, 3), layouts=("contiguous",)),
    view("flatten", lambda dl, F, x: x.flatten(1), lambda x: x.reshape(len(x), -1), (2, 3, 5, 7), (4, 5), (3, 1, 2)),
    view("permute", lambda dl, F, x: x.permute(2, 0, 3, 1), lambda x: x.transpose(2, 0, 3, 1), *IMAGES),
    view("transpose", lambda dl, F, x: x.transpose(0, -1), lambda x: x.swapaxes(0, -1), *MATRICES, *IMAGES),
    view("T", lambda dl, F, x: x.T, np.transpose, *MATRICES),
    view("t", lambda dl, F, x: x.t(), np.transpose, *MATRICES),
    view("squeeze", lambda dl, F, x: x.squeeze(1), lambda x: x.squeeze(1), (5, 1), (2, 1, 3, 4)),
    view("squeeze all", lambda dl, F, x: x.squeeze(), np.squeeze, (1, 5, 1), (1,), (2, 3)),
    view("unsqueeze", lambda dl, F, x: x.unsqueeze(1), lambda x: np.expand_dims(x, 1), *ODD),
    view("unsqueeze last", lambda dl, F, x: x.unsqueeze(-1), lambda x: np.expand_dims(x, -1), *ODD),
    Case("expand", lambda dl, F, x: x.expand(4, 5, 7), over((5, 7), (1, 7), (5, 1), (1, 5, 1), (1,)),
         lambda x: np.broadcast_to(x, (4, 5, 7)), grad_length=140),
    view("x[1]", lambda dl, F, x: x[1], lambda x: x[1], (3,), (5, 7), (2, 3, 5, 7)),
    view("x[..., -1]", lambda dl, F, x: x[..., -1], lambda x: x[..., -1], (3,), (5, 7), (2, 3, 5, 7)),
    view("x[1:, ::2]", lambda dl, F, x: x[1:, ::2], lambda x: x[1:, ::2], (5, 7), (1, 3), (3, 8, 2), (2, 3, 5, 7)),
    view("x[:, None, 1:1]", lambda dl, F, x: x[:, None, 1:1], lambda x: x[:, None, 1:1], (5, 7)),
    view("x[:, 0] + x[:, 1]", lambda dl, F, x: x[:, 0] + x[:, 1], lambda x: x[:, 0] + x[:, 1], (5, 7), (3, 2)),
    view("float", lambda dl, F, x: x.float().double(), lambda x: x, (5, 7), dtypes=("float32",), out="float64"),
    in_place("add_", lambda dl, F, x, y: x.clone().add_(y, alpha=2), lambda x, y: x + 2 * y),
    in_place("sub_", lambda dl, F, x, y: x.clone().sub_(y), np.subtract),
    in_place("mul_", lambda dl, F, x, y: x.clone().mul_(y), np.multiply),
    in_place("div_", lambda dl, F, x, y: x.clone().div_(y * y + 1), lambda x, y: x / (y * y + 1)),
    Case("copy_", lambda dl, F, x, y: (x * 2).copy_(y), [(Arg(a, grad=False), Arg(b)) for a, b in SAME],
         lambda x, y: np.broadcast_to(y, x.shape), grad_length=lambda a, b: int(np.prod(a))),
    view("fill_", lambda dl, F, x: (x * 2).fill_(3.0) + x, lambda x: 3 + x, *ODD),
    view("zero_", lambda dl, F, x: (x * 2).zero_() + x, lambda x: x, *ODD),
]  # fmt: skip
test_op = run_cases(CASES)


@pytest.mark.parametrize("name", ["add_", "sub_", "mul_", "div_"])
def test_in_place_writes_into_the_memory_it_names(name: str) -> None:
    x = dl.tensor(np.arange(12.0).reshape(3, 4))
    expected = x.numpy().copy()
    getattr(x[1:, ::2], name)(2.0)
    part = expected[1:, ::2]
    part[...] = {"add_": part + 2, "sub_": part - 2, "mul_": part * 2, "div_": part / 2}[name]
    np.testing.assert_array_equal(x.numpy(), expected)


def test_views_share_memory_and_copies_do_not() -> None:
    x = dl.zeros(4, 6)
    for y in (x.view(24), x.reshape(2, 12), x.T, x[1:], x.unsqueeze(0), x.flatten(), x.expand(2, 4, 6)):
        assert np.shares_memory(x.numpy(), y.numpy())
    for y in (x.clone(), x.T.reshape(24), x.T.contiguous(), dl.cat([x]), x.double()):
        assert not np.shares_memory(x.numpy(), y.numpy())


def test_view_that_cannot_be_names_reshape() -> None:
    with pytest.raises(dl.ShapeError, match="reshape"):
        dl.zeros(3, 4).T.view(12)
