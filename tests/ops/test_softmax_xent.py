"""softmax, log_softmax, cross_entropy: rows and columns, goldens, labels that are wrong."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from .cases import BIG, ODD, Arg, Case, index, over, t
from .common import run_cases, threads


def softmax(x, dim):
    if x.size == 0:
        return x
    e = np.exp(x - x.max(axis=dim, keepdims=True))
    return e / e.sum(axis=dim, keepdims=True)


def log_softmax(x, dim):
    if x.size == 0:
        return x
    z = x - x.max(axis=dim, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=dim, keepdims=True))


def cross_entropy(x, target, reduction="mean"):
    d = 0 if x.ndim == 1 else 1
    picked = np.take_along_axis(log_softmax(x, d), np.expand_dims(target, d), d)
    loss = -np.squeeze(picked, d)
    return {"none": loss, "sum": loss.sum(), "mean": loss.sum() / max(loss.size, 1)}[reduction]


def zeros(*shape):
    return dl.tensor(np.zeros(shape, np.float32))


def labelled(n, c, *rest):
    return t(n, c, *rest), index(n, *rest, high=c)


LOGITS = [labelled(1, 1), labelled(4, 10), labelled(67, 3), labelled(3, 67), labelled(33, 1031), labelled(2, 5, 7)]
LOGITS += [labelled(2, 3, 5, 67), labelled(1, 4, 1, 1), (t(7), index(high=7))]
RANKS = [s for s in ODD if len(s) > 1] + [(3, 70, 5), (2, 1, 3), (5, 130)]

CASES = [
    Case("softmax last", lambda m, F, x: F.softmax(x, dim=-1), over(*ODD, BIG), lambda x: softmax(x, -1),
         rows=("softmax_fwd", "softmax_bwd"), scale="max", length=4),
    Case("softmax dim 0", lambda m, F, x: F.softmax(x, dim=0), over(*RANKS, BIG), lambda x: softmax(x, 0),
         rows=("softmax_fwd", "softmax_bwd"), scale="max", length=4),
    Case("softmax dim 1", lambda m, F, x: F.softmax(x, dim=1), over(*RANKS), lambda x: softmax(x, 1),
         rows=("softmax_fwd", "softmax_bwd"), scale="max", length=4),
    Case("log_softmax last", lambda m, F, x: F.log_softmax(x, dim=-1), over(*ODD, BIG), lambda x: log_softmax(x, -1),
         rows=("log_softmax_fwd", "log_softmax_bwd"), scale="max", length=4),
    Case("log_softmax dim 1", lambda m, F, x: F.log_softmax(x, dim=1), over(*RANKS), lambda x: log_softmax(x, 1),
         rows=("log_softmax_fwd", "log_softmax_bwd"), scale="max", length=4),
    *(
        Case(f"cross_entropy {how}", lambda m, F, x, y, how=how: F.cross_entropy(x, y, reduction=how), LOGITS,
             lambda x, y, how=how: cross_entropy(x, y, how), rows=("cross_entropy_fwd", "cross_entropy_bwd"),
             scale="max", length=4)
        for how in ("mean", "sum", "none")
    ),
    Case("cross_entropy of int32 targets", lambda m, F, x, y: F.cross_entropy(x, y),
         [(t(5, 4), Arg((5,), lambda rng, s: rng.integers(0, 4, s), "int32", False))], cross_entropy,
         scale="max", torch_oracle=False),  # PyTorch takes int64 and uint8 only
]  # fmt: skip

test_op = run_cases(CASES)


def test_goldens():
    x = dl.tensor([[1.0, 2.0, 3.0]], dtype=dl.float64, requires_grad=True)
    exact = [0.090030573, 0.244728471, 0.665240956]
    testing.assert_close(F.softmax(x, 1), np.float64([exact]), 0, 5e-10)
    for label, loss in enumerate((2.407605964, 1.407605964, 0.407605964)):
        assert abs(F.cross_entropy(x, dl.tensor([label])).item() - loss) < 5e-10
    F.cross_entropy(x, dl.tensor([2])).backward(dl.tensor(1.0, dtype=dl.float64))
    testing.assert_close(x.grad, np.float64([[0.090030573, 0.244728471, -0.334759044]]), 0, 5e-10)


@pytest.mark.parametrize("shape", [(64, 10), (300, 1000), (7, 19, 400)])
def test_bits_do_not_depend_on_threads(shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(np.float32)
    y = rng.integers(0, shape[1], (shape[0], *shape[2:]))

    def run():
        a = dl.tensor(x, requires_grad=True)
        loss = F.cross_entropy(a, dl.tensor(y))
        loss.backward(dl.tensor(1.0))
        b = dl.tensor(x, requires_grad=True)
        p = F.softmax(b, 1)
        p.backward(dl.tensor(x))
        return [v.numpy().tobytes() for v in (loss.detach(), a.grad, p.detach(), b.grad)]

    with threads(1):
        first = run()
    for n in (2, 3, 4, 7):
        with threads(n):
            assert run() == first, n


def test_large_logits_stay_exact():
    x = dl.tensor(np.float32([[10000.0, 10001.0], [-1e30, 0.0]]), requires_grad=True)
    loss = F.cross_entropy(x, dl.tensor([0, 1]), reduction="none")
    testing.assert_close(loss.detach(), np.float32([1.3132616, 0.0]), 1e-6, 0)
    loss.backward(dl.tensor(np.float32([1.0, 1.0])))
    testing.assert_close(x.grad, np.float32([[-0.7310586, 0.7310586], [0.0, 0.0]]), 1e-6, 0)
    testing.assert_close(F.softmax(dl.tensor(np.float32([[1e30, -1e30]])), 1),
                         np.float32([[1.0, 0.0]]))  # fmt: skip


def test_nan_logit_makes_its_row_nan():
    x = np.zeros((3, 5), np.float32)
    x[1, 2] = np.nan
    p = F.softmax(dl.tensor(x), 1).numpy()
    assert np.isnan(p[1]).all() and not np.isnan(p[[0, 2]]).any()
    assert np.isnan(F.softmax(dl.tensor(x.T.copy()), 0).numpy()[:, 1]).all()
    assert np.isnan(F.cross_entropy(dl.tensor(x), dl.tensor([0, 0, 0])).item())
    assert np.isnan(F.softmax(dl.tensor(np.full((1, 3), -np.inf, np.float32)), 1).numpy()).all()


def test_empty_batch():
    x, y = zeros(0, 3), dl.tensor(np.zeros(0, np.int64))
    assert np.isnan(F.cross_entropy(x, y).item())
    assert F.cross_entropy(x, y, reduction="sum").item() == 0.0
    assert F.cross_entropy(x, y, reduction="none").shape == (0,)


@pytest.mark.parametrize(
    ("target", "where"), [([0, 1, 2, 12], r"target\[3\] is 12"), ([0, -1, 2, 9], r"target\[1\] is -1")]
)
def test_label_out_of_range(target, where):
    with pytest.raises(IndexError, match=where + r" but there are 10 classes \(0 to 9\)"):
        F.cross_entropy(zeros(4, 10), dl.tensor(target))


def test_label_out_of_range_in_a_map():
    y = np.zeros((2, 3, 4), np.int64)
    y[1, 2, 0] = 5
    with pytest.raises(IndexError, match=r"target\[1,2,0\] is 5 but there are 5 classes"):
        F.cross_entropy(zeros(2, 5, 3, 4), dl.tensor(y))


def test_wrong_arguments():
    x = zeros(4, 10)
    with pytest.raises(dl.ShapeError, match=r"squeeze\(1\).*input=\(4,10\) target=\(4,1\)"):
        F.cross_entropy(x, dl.tensor(np.zeros((4, 1), np.int64)))
    with pytest.raises(dl.ShapeError, match=r"target=\(5,\)"):
        F.cross_entropy(x, dl.tensor(np.zeros(5, np.int64)))
    with pytest.raises(dl.DTypeError, match="target must hold integers"):
        F.cross_entropy(x, zeros(4))
    with pytest.raises(dl.DTypeError, match="float32 or float64"):
        F.cross_entropy(dl.tensor([[1, 2]]), dl.tensor([0]))
    with pytest.raises(dl.DTypeError, match="softmax: needs a float32 or float64"):
        F.softmax(dl.tensor([1, 2]), 0)
    with pytest.raises(IndexError, match="dim 2 is out of range"):
        F.softmax(x, 2)
    with pytest.raises(ValueError, match="reduction must be"):
        F.cross_entropy(x, dl.tensor([0, 0, 0, 0]), reduction="average")
