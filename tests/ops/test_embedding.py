"""embedding: look-ups, the dense gradient with repeats and padding, indices that are wrong."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from .cases import Arg, Case, index, t
from .common import run_cases, threads


def lookup(ids, weight):
    return weight[ids]


INPUTS = [
    (index(4, high=5), t(5, 3)),
    (index(high=5), t(5, 7)),
    (index(0, high=5), t(5, 7)),
    (index(3, 5, high=2), t(2, 67)),
    (index(2, 3, 4, high=9), t(9, 1)),
    (index(700, high=3), t(3, 130)),
    (index(40, high=1031), t(1031, 33)),
    (index(3, high=4), t(4, 0)),
    (index(300, high=3), t(3, 36)),
]
NARROW = [(Arg((6,), lambda rng, s: rng.integers(0, 4, s), "int32", False), t(4, 5))]
ROWS = ("embedding_fwd", "embedding_bwd")

CASES = [
    Case("embedding", lambda m, F, ids, w: F.embedding(ids, w), INPUTS, lookup, rows=ROWS,
         grad_length=lambda ids, w: 64 + int(np.prod(ids)) // 64),
    Case("embedding of int32", lambda m, F, ids, w: F.embedding(ids, w), NARROW, lookup, rows=ROWS),
    Case("embedding with padding", lambda m, F, ids, w: F.embedding(ids, w, padding_idx=-1), [INPUTS[0]], lookup,
         grad=False),  # by the definition of padding the gradient is not the derivative: tested below
]  # fmt: skip

test_op = run_cases(CASES)


@pytest.mark.parametrize("padding", [1, -3])
def test_padding_row_gets_no_gradient(padding):
    w = dl.tensor(np.ones((4, 2), np.float32), requires_grad=True)
    y = F.embedding(dl.tensor([0, 1, 1, 3, 0]), w, padding_idx=padding)
    y.backward(dl.tensor(np.ones((5, 2), np.float32)))
    testing.assert_close(w.grad, np.float32([[2, 2], [0, 0], [0, 0], [1, 1]]))


ISAS = sorted({k["isa"] for k in testing.kernels() if k["op"] == "embedding_bwd" and k["device"] == "cpu"})


@pytest.mark.parametrize("isa", ISAS)
def test_a_large_table_is_cleared_but_for_its_rows(isa):
    rows, width = 31513, 67  # 8.4 MB: cleared past the caches; rows begin at every remainder of a vector
    ids = np.array([0, 1, 1, 77, 78, 20000, rows - 2, 77])
    g = np.random.default_rng(0).standard_normal((8, width)).astype(np.float32)
    expected = np.zeros((rows, width), np.float32)
    np.add.at(expected, ids, g)
    with testing.isa(isa), testing.poison():
        w = dl.zeros(rows, width).requires_grad_()
        F.embedding(dl.tensor(ids), w).backward(dl.tensor(g))
    testing.assert_close(w.grad, expected)


def test_bits_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    ids, table = rng.integers(0, 500, (64, 70)) ** 2 % 3000, rng.standard_normal((3000, 100)).astype(np.float32)
    g = rng.standard_normal((64, 70, 100)).astype(np.float32)

    def run():
        w = dl.tensor(table, requires_grad=True)
        y = F.embedding(dl.tensor(ids), w)
        y.backward(dl.tensor(g))
        return y.detach().numpy().tobytes(), w.grad.numpy().tobytes()

    with threads(1):
        first = run()
    for n in (2, 3, 4, 7):
        with threads(n):
            assert run() == first, n


@pytest.mark.parametrize(
    ("ids", "where"), [([[0, 1], [7, 9]], r"indices\[1,0\] is 7"), ([0, -1], r"indices\[1\] is -1")]
)
def test_index_out_of_range(ids, where):
    with pytest.raises(IndexError, match=f"embedding: {where} but there are 5 rows"):
        F.embedding(dl.tensor(ids), dl.tensor(np.zeros((5, 2), np.float32)))


def test_wrong_arguments():
    w = dl.tensor(np.zeros((5, 2), np.float32))
    with pytest.raises(dl.DTypeError, match="indices must hold integers .*got float32 .*convert with .long"):
        F.embedding(dl.tensor([1.0]), w)
    with pytest.raises(dl.DTypeError, match=r"the order is embedding\(indices, weight\)"):
        F.embedding(w, dl.tensor([[1]]))
    with pytest.raises(dl.ShapeError, match=r"weight must be \(rows, width\), got \(5,\)"):
        F.embedding(dl.tensor([1]), dl.tensor(np.zeros(5, np.float32)))
    with pytest.raises(IndexError, match="padding_idx 5 is outside a table of 5 rows"):
        F.embedding(dl.tensor([1]), w, padding_idx=5)
