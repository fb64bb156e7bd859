"""matmul and linear: every rank, broadcast batches, transposed views, zero sizes; and their messages."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

from .cases import Case, pairs, t
from .common import run_cases

ROWS = ("gemm", "gemm_pack", "gemm_sum", "column_sums")


def linear_oracle(x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
    y = x @ w.T
    return y if b is None else y + b


CASES = [
    Case("dot", lambda dl, F, a, b: dl.dot(a, b), [(t(n), t(n)) for n in (0, 1, 67)], np.dot, length=67, scale="abs"),
    Case("outer", lambda dl, F, a, b: a.outer(b), [(t(5), t(7)), (t(0), t(3))], np.outer, length=7),
    Case("mv", lambda dl, F, a, b: a.mv(b), [(t(5, 7), t(7))], np.matmul, length=7, scale="abs"),
    Case("mm", lambda dl, F, a, b: dl.mm(a, b), [(t(5, 7), t(7, 3))], np.matmul, length=7, scale="abs"),
    Case("bmm", lambda dl, F, a, b: dl.bmm(a, b), [(t(2, 5, 7), t(2, 7, 3))], np.matmul, length=7, scale="abs"),
    Case(
        "addmm",
        lambda dl, F, c, a, b: dl.addmm(c, a, b, beta=2, alpha=3),
        [(t(3), t(5, 7), t(7, 3))],
        lambda c, a, b: 2 * c + 3 * a @ b,
        length=24,
        scale="abs",
    ),
    Case(
        "matmul",
        lambda dl, F, a, b: dl.matmul(a, b),
        pairs(
            ((3, 4), (4, 5)),
            ((1, 1), (1, 1)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((4, 3), (3, 0)),
            ((67, 33), (33, 49)),
            ((2, 4, 3), (3, 5)),  # folded rows
            ((2, 4, 3), (2, 3, 5)),
            ((2, 1, 4, 3), (3, 3, 2)),  # broadcast on both sides
            ((4, 3), (2, 3, 5)),
            ((0, 4, 3), (3, 5)),
            ((1, 2, 3), (0, 3, 4)),
        ),
        oracle=np.matmul,
        rows=ROWS[:2],
        length=lambda a, b: a[-1],
        scale="abs",
    ),
    Case(
        "matmul large enough for tiles",
        lambda dl, F, a, b: dl.matmul(a, b),
        pairs(((2100, 255), (255, 301))),
        oracle=np.matmul,
        rows=ROWS[:2],
        length=lambda a, b: a[-1],
        scale="abs",
    ),
    Case(
        "matmul vectors",
        lambda dl, F, a, b: a @ b,
        pairs(((7,), (7,)), ((7,), (7, 5)), ((5, 7), (7,)), ((7,), (2, 7, 3)), ((2, 3, 7), (7,)), ((0,), (0,))),
        oracle=np.matmul,
        rows=ROWS[:1],
        length=lambda a, b: a[-1],
        scale="abs",
    ),
    Case(
        "matmul split along k",
        lambda dl, F, a, b: a.matmul(b),
        pairs(((9, 40011), (40011, 17))),
        oracle=np.matmul,
        rows=ROWS[:3],
        length=lambda a, b: a[-1],
        scale="abs",
    ),
    Case(
        "linear",
        lambda dl, F, x, w, b: F.linear(x, w, b),
        [
            (t(*x, i), t(o, i), t(o))
            for x, i, o in [((3,), 5, 4), ((1,), 1, 1), ((), 6, 3), ((2, 3), 17, 10), ((0,), 5, 4), ((1,), 300, 50)]
        ],
        oracle=linear_oracle,
        rows=(*ROWS[:2], "column_sums"),
        length=lambda x, w, b: x[-1] + 1,
        scale="abs",
    ),
    Case(
        "linear without bias",
        lambda dl, F, x, w: F.linear(x, w),
        [(t(600, 20), t(33, 20)), (t(4, 0), t(3, 0))],
        oracle=linear_oracle,
        rows=ROWS[:2],
        length=lambda x, w: x[-1],
        scale="abs",
    ),
]
test_op = run_cases(CASES)


def test_gradients_come_in_their_operand_s_layout() -> None:
    w = dl.tensor(np.ones((3, 4), np.float32)).array.transpose(0, 1)
    x, y = dl.Tensor(w, requires_grad=True), dl.tensor(np.ones((3, 5), np.float32), requires_grad=True)
    dl.matmul(x, y).backward(dl.tensor(np.ones((4, 5), np.float32)))
    assert x.grad.stride() == x.stride() and y.grad.stride() == y.stride()


def test_transposed_operands_are_not_copied() -> None:
    a, b = (dl.Tensor(dl.tensor(np.ones(s, np.float32)).array.transpose(0, 1)) for s in ((8, 40), (30, 8)))
    before = dl._C.layout_copies()
    dl.matmul(a, b)
    assert dl._C.layout_copies() == before


def test_not_a_number_and_infinity_propagate() -> None:
    a = np.ones((20, 30), np.float32)
    a[3, 4], a[5, 6] = np.nan, np.inf
    y = (dl.tensor(a) @ dl.tensor(np.zeros((30, 40), np.float32))).numpy()
    assert np.isnan(y[[3, 5]]).all() and not np.isnan(np.delete(y, [3, 5], 0)).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z: dl.matmul(z(3, 4), z(5, 6)), r"shapes \(3,4\) and \(5,6\).*last size of a, 4.*second-to-last size"),
        (lambda z: dl.matmul(z(3, 4), z(5, 4)), "transpose one of them"),
        (lambda z: dl.matmul(z(3, 4), z(3)), "only size of b, 3"),
        (lambda z: dl.matmul(z(), z(3)), "at least one dimension"),
        (lambda z: dl.matmul(z(2, 3, 4), z(3, 4, 5)), "do not broadcast"),
        (lambda z: F.linear(z(3, 4), z(5, 6)), r"in_features=6; x=\(3,4\) weight=\(5,6\)"),
        (lambda z: F.linear(z(3, 4, 4), z(5, 16)), "flatten"),
        (lambda z: F.linear(z(3, 4), z(5, 4), z(4)), r"bias must be \(out,\)=\(5,\), got \(4,\)"),
        (lambda z: F.linear(z(3, 4), z(4)), r"weight must be \(out, in\)"),
    ],
)
def test_shape_errors_say_what_is_wrong(call, message) -> None:
    with pytest.raises(dl.ShapeError, match=message):
        call(lambda *shape: dl.tensor(np.zeros(shape, np.float32)))


def test_mixed_dtypes_raise() -> None:
    a, b = dl.tensor(np.zeros((2, 2), np.float32)), dl.tensor(np.zeros((2, 2)))
    with pytest.raises(dl.DTypeError, match="float32 .* float64"):
        dl.matmul(a, b)
    with pytest.raises(dl.DTypeError, match="int64"):
        dl.matmul(dl.tensor(np.zeros((2, 2), np.int64)), dl.tensor(np.zeros((2, 2), np.int64)))


@pytest.mark.parametrize("name", ["dot", "outer", "mv", "mm", "bmm"])
def test_products_of_one_rank_name_matmul(name: str) -> None:
    with pytest.raises(dl.ShapeError, match=rf"{name}: needs . and . dimensions, got \(2, 2, 2, 2\) .*; see matmul"):
        getattr(dl, name)(dl.zeros(2, 2, 2, 2), dl.zeros(2))


def test_linear_of_a_view_without_columns():
    """Its strides fold into no matrix, and being empty it is contiguous all the same."""
    x = dl.zeros(8, 4, 3).transpose(0, 1)[:, :, :0]
    assert F.linear(x, dl.zeros(5, 0), dl.ones(5)).tolist() == np.ones((4, 8, 5)).tolist()
