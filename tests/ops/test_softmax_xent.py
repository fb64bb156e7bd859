"""softmax, log_softmax, cross_entropy: rows and columns, goldens, labels that are wrong."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing
from dlcore.nn import functional as F

from .cases import BIG, ODD, Arg, Case, index, over, positive, t, unit
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


def weighted_cross_entropy(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """Szegedy et al. (2016) with class weights, as PyTorch arranges them."""
    d = 0 if x.ndim == 1 else 1
    classes = x.shape[d]
    w = np.ones(classes) if weight is None else weight
    nll = -np.moveaxis(log_softmax(x, d), d, -1)
    counts = target != ignore_index
    label = np.where(counts, target, 0)
    own = np.squeeze(np.take_along_axis(nll, label[..., None], -1), -1) * w[label]
    loss = np.where(counts, (1 - label_smoothing) * own + label_smoothing / classes * (nll * w).sum(-1), 0)
    total = np.where(counts, w[label], 0).sum()
    return {"none": loss, "sum": loss.sum(), "mean": loss.sum() / total}[reduction]


def soft_cross_entropy(x, target, weight=None, label_smoothing=0.0, reduction="mean"):
    d = 0 if x.ndim == 1 else 1
    q = target * (1 - label_smoothing) + label_smoothing / x.shape[d]
    w = np.ones(x.shape[d]) if weight is None else weight
    loss = -np.moveaxis(log_softmax(x, d) * q, d, -1) @ w
    return {"none": loss, "sum": loss.sum(), "mean": loss.sum() / loss.size}[reduction]


def nll(x, target, weight=None, ignore_index=-100, reduction="mean"):
    d = 0 if x.ndim == 1 else 1
    w = np.ones(x.shape[d]) if weight is None else weight
    counts = target != ignore_index
    label = np.where(counts, target, 0)
    loss = np.where(counts, -np.squeeze(np.take_along_axis(x, np.expand_dims(label, d), d), d) * w[label], 0)
    return {"none": loss, "sum": loss.sum(), "mean": loss.sum() / np.where(counts, w[label], 0).sum()}[reduction]


def zeros(*shape):
    return dl.tensor(np.zeros(shape, np.float32))


def labelled(n, c, *rest):
    return t(n, c, *rest), index(n, *rest, high=c)


LOGITS = [labelled(1, 1), labelled(4, 10), labelled(67, 3), labelled(3, 67), labelled(33, 1031), labelled(2, 5, 7)]
LOGITS += [labelled(2, 3, 5, 67), labelled(1, 4, 1, 1), (t(7), index(high=7))]
WIDE = ((5, 136), (2, 1036))  # whole vectors: more than a CUDA warp takes at once, more than a block does
LOGITS += [labelled(*s) for s in WIDE]
RANKS = [s for s in ODD if len(s) > 1] + [(3, 70, 5), (2, 1, 3), (5, 130)]


def some_ignored(high):
    return lambda rng, shape: np.where(np.arange(int(np.prod(shape))).reshape(shape) % 3 == 1, -100,
                                       rng.integers(0, high, shape))  # fmt: skip


def with_options(n, c, *rest):
    labels = Arg((n, *rest), some_ignored(c), "int64", False)
    return t(n, c, *rest), labels, t(c, draw=positive, grad=False)


WEIGHTED = [with_options(5, 3), with_options(4, 67), with_options(2, 5, 7), with_options(2, 3, 5, 67)]
WEIGHTED += [with_options(*s) for s in WIDE]
SOFT = [(t(*s), t(*s, draw=unit), t(s[1], draw=positive, grad=False)) for s in ((4, 5), (3, 67), (2, 3, 5, 7))]
# One number's gradient is made in the forward pass: losses of each row, and second walks, have a kernel of their own.
XENT_ROWS = {how: ("cross_entropy_fwd", *(("cross_entropy_bwd",) if how == "none" else ())) for how in
             ("mean", "sum", "none")}  # fmt: skip

CASES = [
    *(
        Case(f"cross_entropy weighted, smoothed {smoothing} {how}",
             lambda m, F, x, y, w, **kw: F.cross_entropy(x, y, w, **kw), WEIGHTED, weighted_cross_entropy,
             attrs={"label_smoothing": smoothing, "reduction": how}, rows=XENT_ROWS[how], scale="max", length=8)
        for how in ("mean", "sum", "none")
        for smoothing in (0.0, 0.1)
    ),
    Case("cross_entropy smoothed", lambda m, F, x, y: F.cross_entropy(x, y, label_smoothing=0.3), LOGITS,
         lambda x, y: weighted_cross_entropy(x, y, label_smoothing=0.3), rows=("cross_entropy_fwd",), scale="max",
         length=8),
    *(
        Case(f"cross_entropy of probabilities {how}", lambda m, F, x, y, w, **kw: F.cross_entropy(x, y, w, **kw), SOFT,
             soft_cross_entropy, attrs={"reduction": how, "label_smoothing": 0.1}, rows=("log_softmax_fwd",),
             scale="max", length=20)
        for how in ("mean", "none")
    ),
    *(
        Case(f"nll_loss {how}", lambda m, F, x, y, w, **kw: F.nll_loss(x, y, w, **kw), WEIGHTED, nll,
             attrs={"reduction": how}, scale="max", length=8)
        for how in ("mean", "sum", "none")
    ),
    Case("nll_loss without weights", lambda m, F, x, y: F.nll_loss(x, y), [labelled(4, 5), (t(7), index(high=7))], nll,
         scale="max", length=8),
    Case("softmax last", lambda m, F, x: F.softmax(x, dim=-1), over(*ODD, BIG, *WIDE), lambda x: softmax(x, -1),
         rows=("softmax_fwd", "softmax_bwd"), scale="max", length=4),
    Case("softmax dim 0", lambda m, F, x: F.softmax(x, dim=0), over(*RANKS, BIG), lambda x: softmax(x, 0),
         rows=("softmax_fwd", "softmax_bwd"), scale="max", length=4),
    Case("softmax dim 1", lambda m, F, x: F.softmax(x, dim=1), over(*RANKS), lambda x: softmax(x, 1),
         rows=("softmax_fwd", "softmax_bwd"), scale="max", length=4),
    Case("log_softmax last", lambda m, F, x: F.log_softmax(x, dim=-1), over(*ODD, BIG, *WIDE),
         lambda x: log_softmax(x, -1), rows=("log_softmax_fwd", "log_softmax_bwd"), scale="max", length=4),
    Case("log_softmax dim 1", lambda m, F, x: F.log_softmax(x, dim=1), over(*RANKS), lambda x: log_softmax(x, 1),
         rows=("log_softmax_fwd", "log_softmax_bwd"), scale="max", length=4),
    *(
        Case(f"cross_entropy {how}", lambda m, F, x, y, how=how: F.cross_entropy(x, y, reduction=how), LOGITS,
             lambda x, y, how=how: cross_entropy(x, y, how), rows=XENT_ROWS[how], scale="max", length=4)
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


def test_ignored_targets_count_for_nothing(isa):
    """Not even where their logits are not finite; a mean of none of them is NaN, and gives no gradient."""
    x = np.ones((3, 4), np.float32)
    x[1] = np.nan
    a = dl.tensor(x, requires_grad=True)
    loss = F.cross_entropy(a, dl.tensor([2, -100, 0]))
    np.testing.assert_allclose(loss.item(), np.log(4), rtol=1e-6)
    assert F.cross_entropy(a, dl.tensor([2, 3, 0]), ignore_index=3).item() == loss.item()
    b = dl.tensor(np.ones((2, 4), np.float32), requires_grad=True)
    none = F.cross_entropy(b, dl.tensor([-100, -100]))
    none.backward()
    assert np.isnan(none.item()) and not b.grad.numpy().any()
    assert F.cross_entropy(b, dl.tensor([-100, -100]), reduction="sum").item() == 0


def test_smoothing_golden():
    """softmax([1, 2, 3]) = .090, .245, .665: 0.9 of the loss of target 2 and 0.1 of the mean of all three."""
    loss = F.cross_entropy(dl.tensor([[1.0, 2.0, 3.0]]), dl.tensor([2]), label_smoothing=0.1)
    mean = (2.407605964 + 1.407605964 + 0.407605964) / 3
    np.testing.assert_allclose(loss.item(), 0.9 * 0.407605964 + 0.1 * mean, rtol=1e-6)


def test_modules_pass_their_options_on():
    x, y = dl.tensor(np.float32([[1, 2, 3], [0, 1, 0]])), dl.tensor([2, 0])
    w = dl.tensor(np.float32([1, 2, 3]))
    loss = dl.nn.CrossEntropyLoss(w, ignore_index=0, label_smoothing=0.1, reduction="sum")
    assert list(loss.state_dict()) == ["weight"]
    wanted = F.cross_entropy(x, y, w, ignore_index=0, label_smoothing=0.1, reduction="sum")
    assert loss(x, y).item() == wanted.item()
    log_p = F.log_softmax(x, 1)
    wanted = F.nll_loss(log_p, y, w, ignore_index=2, reduction="sum")
    assert dl.nn.NLLLoss(w, ignore_index=2, reduction="sum")(log_p, y).item() == wanted.item()


WRONG_OPTIONS = [
    (lambda x, y: F.cross_entropy(x, y, zeros(2)), r"one float32 per class, \(3,\), but is float32 of shape \(2,\)"),
    (lambda x, y: F.cross_entropy(x, y, label_smoothing=1.5), "label_smoothing is from 0 to 1, got 1.5"),
    (lambda x, y: F.cross_entropy(x, y, zeros(3).requires_grad_()), "weight gets no gradient"),
    (lambda x, y: F.cross_entropy(x, y, ignore_index=0), r"target\[1\] is -100 but there are 3 classes"),
    (lambda x, y: F.cross_entropy(x, zeros(2)), "probabilities have input's shape"),
    (lambda x, y: F.nll_loss(x, zeros(3)), r"nll_loss: target must be input's shape without .* \(2,\), but is \(3,\)"),
]


@pytest.mark.parametrize(("call", "text"), WRONG_OPTIONS, ids=[text[:30] for _, text in WRONG_OPTIONS])
def test_wrong_options_explain_themselves(call, text):
    with pytest.raises((ValueError, TypeError, IndexError), match=text):
        call(zeros(2, 3), dl.tensor([0, -100]))
