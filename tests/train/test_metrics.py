"""Each metric against plain NumPy in float64, and the bookkeeping over uneven batches."""

import math

import numpy as np
import pytest

import dlcore as dl
from dlcore.data import TensorDataset
from dlcore.train import DataBunch, accuracy, mse, whole
from dlcore.train import metrics as M

from .common import learner

RANDOM = np.random.RandomState(0)
LOGITS, LABELS = RANDOM.randn(37, 6).astype(np.float32), RANDOM.randint(0, 6, 37)
RAW, HOT = RANDOM.randn(23, 5).astype(np.float32), (RANDOM.rand(23, 5) > 0.6).astype(np.float32)
P, T = RANDOM.randn(2, 1000).astype(np.float32)


def t(*arrays):
    return tuple(dl.tensor(a) for a in arrays)


def test_accuracy_and_its_kin():
    pred = dl.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert accuracy(pred, dl.tensor([1, 0, 0, 0])) == 0.75 and M.error_rate(pred, dl.tensor([1, 0, 0, 0])) == 0.25
    hits = [label in np.argsort(-row)[:3] for row, label in zip(LOGITS, LABELS, strict=True)]
    assert M.top_k_accuracy(*t(LOGITS, LABELS), k=3) == np.mean(hits)
    assert M.top_k_accuracy(*t(LOGITS, LABELS), k=1) == accuracy(*t(LOGITS, LABELS))
    pictures, codes = RANDOM.randn(2, 3, 4, 5).astype(np.float32), RANDOM.randint(0, 3, (2, 4, 5))
    assert accuracy(*t(pictures, codes)) == (pictures.argmax(1) == codes).mean()
    kept = codes != 1
    assert M.foreground_accuracy(*t(pictures, codes), void_code=1) == (pictures.argmax(1) == codes)[kept].mean()


def test_of_several_labels_at_once():
    probs = 1 / (1 + np.exp(-RAW.astype("f8")))
    assert M.accuracy_thresh(*t(RAW, HOT)) == ((probs > 0.5) == (HOT > 0.5)).mean()
    assert M.accuracy_thresh(*t(RAW, HOT), thresh=0.2) == ((probs > 0.2) == (HOT > 0.5)).mean()
    assert M.accuracy_thresh(*t(RAW, HOT), sigmoid=False) == ((RAW > 0.5) == (HOT > 0.5)).mean()
    scores = []
    for row, hot in zip(probs > 0.2, HOT > 0.5, strict=True):
        hit = (row & hot).sum()
        p, r = hit / (row.sum() + 1e-9), hit / (hot.sum() + 1e-9)
        scores.append(p * r / (4 * p + r + 1e-9) * 5)
    assert M.fbeta(*t(RAW, HOT)) == pytest.approx(np.mean(scores), rel=1e-12)
    assert M.fbeta(dl.tensor([[1.0, 1, 0, 0]]), dl.tensor([[1.0, 0, 1, 1]]), sigmoid=False) == pytest.approx(
        0.357143, abs=5e-7
    )


def test_dice():
    pred = np.zeros((3, 2, 2, 2), np.float32)
    pred[:, 1] = [[[1, -1], [1, -1]], [[-1, -1], [-1, -1]], [[1, 1], [1, 1]]]
    target = np.array([[[1, 1], [0, 0]], [[0, 0], [0, 0]], [[1, 1], [1, 1]]])
    assert M.dice(*t(pred, target)) == pytest.approx((0.5 + 1 + 1) / 3)


def test_of_numbers():
    p, q = P.astype("f8"), T.astype("f8")
    assert mse(*t(P, T)) == pytest.approx(((p - q) ** 2).mean(), rel=1e-14)
    assert M.mae(*t(P, T)) == pytest.approx(np.abs(p - q).mean(), rel=1e-14)
    assert M.rmse(*t(P, T)) == pytest.approx(((p - q) ** 2).mean() ** 0.5, rel=1e-14)
    assert M.exp_rmspe(*t(P, T)) == pytest.approx((((np.exp(q) - np.exp(p)) / np.exp(q)) ** 2).mean() ** 0.5, rel=1e-12)
    assert M.r2_score(*t(P, T)) == pytest.approx(1 - ((p - q) ** 2).sum() / ((q - q.mean()) ** 2).sum(), rel=1e-12)
    assert mse(*t(P[:, None], T)) == mse(*t(P, T))
    assert mse(dl.tensor([1.0, 2.0], requires_grad=True), dl.tensor([1.0, 4.0])) == 2.0
    for metric in (mse, M.mae, M.rmse, M.exp_rmspe, M.r2_score):
        with pytest.raises(ValueError, match=r"shape \(2, 3\) against targets of \(3,\)"):
            metric(dl.zeros(2, 3), dl.zeros(3))


def test_the_area_under_the_curve_counts_pairs():
    score, label = np.round(RANDOM.randn(60), 1).astype(np.float32), RANDOM.randint(0, 2, 60)
    pairs = [(a > b) + 0.5 * (a == b) for a in score[label == 1] for b in score[label == 0]]
    assert M.auc_roc(*t(score, label)) == pytest.approx(np.mean(pairs), rel=1e-12)
    assert M.auc_roc(*t(np.stack([-score, score], 1), label)) == pytest.approx(np.mean(pairs), rel=1e-12)
    assert math.isnan(M.auc_roc(*t(score, np.ones(60, int))))


def test_confusion_matrix():
    got = M.confusion_matrix(*t(LOGITS, LABELS))
    for actual in range(6):
        for predicted in range(6):
            assert got[actual, predicted] == ((LABELS == actual) & (LOGITS.argmax(1) == predicted)).sum()
    assert M.confusion_matrix(dl.tensor([1, 1]), dl.tensor([0, 1]), classes=3).tolist() == [
        [0, 1, 0],
        [0, 1, 0],
        [0] * 3,
    ]


def fixed(pred, target, **options):
    """A learner whose model gives back what it is given."""
    from dlcore import nn

    data = TensorDataset(pred, target)
    return learner(DataBunch.create(data, data, bs=16, **options), nn.Sequential(nn.Identity(), nn.Linear(1, 1))[:1])


def test_uneven_batches_weigh_by_their_samples():
    """37 samples in batches of 16, 16 and 5."""
    own = [accuracy, M.error_rate, M.with_options(M.top_k_accuracy, k=2)]
    values = fixed(LOGITS, LABELS).validate(metrics=own)[1:]
    assert values == pytest.approx([metric(*t(LOGITS, LABELS)) for metric in own], rel=1e-12)
    several = [M.fbeta, M.accuracy_thresh]
    values = fixed(RAW, HOT, label="multicategory").validate(metrics=several)[1:]
    assert values == pytest.approx([metric(*t(RAW, HOT)) for metric in several], rel=1e-12)


def test_what_is_no_mean_over_samples_is_computed_over_the_whole_set():
    """fast.ai v1 averages these over batches, which gives other numbers."""
    metrics = [M.rmse, M.exp_rmspe, M.r2_score, mse]
    values = fixed(P[:37], T[:37]).validate(metrics=metrics)[1:]
    assert values == pytest.approx([metric(*t(P[:37], T[:37])) for metric in metrics], rel=1e-12)
    batches = [M.rmse(*t(P[i : min(i + 16, 37)], T[i : min(i + 16, 37)])) for i in (0, 16, 32)]
    assert abs(values[0] - np.average(batches, weights=[16, 16, 5])) > 1e-4


def test_a_metric_of_one_s_own():
    @whole
    def worst(pred, target):
        return float(abs(pred.numpy() - target.numpy()).max())

    def size(pred, target):
        return len(target)

    values = fixed(P[:37], T[:37]).validate(metrics=[worst, size])[1:]
    assert values[0] == np.abs(P[:37] - T[:37]).max()
    assert values[1] == pytest.approx((16 * 16 + 16 * 16 + 5 * 5) / 37)


def test_names_and_options():
    strict = M.with_options(M.fbeta, thresh=0.5)
    assert M.name_of(strict) == "fbeta" and M.name_of(accuracy) == "accuracy"
    assert strict(*t(RAW, HOT)) == M.fbeta(*t(RAW, HOT), thresh=0.5) != M.fbeta(*t(RAW, HOT))
    assert M.with_options(M.foreground_accuracy, void_code=3).whole
