"""Metrics of a validation set: functions of (prediction, target), and how their values are put together exactly.

A plain function returns a batch's mean; batches are weighted by their samples, which is exact where the metric is a
mean over samples (accuracy, error_rate, top_k_accuracy, accuracy_thresh, fbeta, dice, mse, mae). What is not such a
mean (rmse, exp_rmspe, r2_score, auc_roc, foreground_accuracy) is `@whole`: computed once, over the whole set; fast.ai
v1 averages these over batches, which differs. A function of your own is averaged unless you mark it `@whole`.
Values are computed in float64 from the float32 predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any

import numpy as np

MetricFunc = Callable[[Any, Any], Any]


def whole(function: MetricFunc) -> MetricFunc:
    """Marks a metric that is to see the whole validation set at once.

    >>> @whole
    ... def largest_error(pred, target):
    ...     return float(abs(pred.numpy() - target.numpy()).max())
    """
    function.whole = True  # type: ignore[attr-defined]
    return function


def _np(x: Any) -> np.ndarray:
    a = x.detach().numpy() if hasattr(x, "detach") else np.asarray(x)
    return a.astype("f8") if a.dtype.kind == "f" else a


def _column(pred: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of one shape: a last dimension of 1 is dropped; nothing is broadcast."""
    p, t = _np(pred), _np(target)
    if p.ndim == t.ndim + 1 and p.shape[-1] == 1:
        p = p[..., 0]
    elif t.ndim == p.ndim + 1 and t.shape[-1] == 1:
        t = t[..., 0]
    if p.shape != t.shape:
        raise ValueError(f"metric: predictions of shape {p.shape} against targets of {t.shape}")
    return p, t


def accuracy(pred: Any, target: Any) -> float:
    """The fraction of rows of `pred` (n, classes) whose largest entry is at `target` (n,); also (n, classes, h, w)."""
    return float((pred.argmax(1).numpy() == target.numpy()).mean())


def error_rate(pred: Any, target: Any) -> float:
    """1 - accuracy."""
    return 1 - accuracy(pred, target)


def top_k_accuracy(pred: Any, target: Any, k: int = 5) -> float:
    """The fraction of rows whose target is among the k largest entries (of equal ones, those of lower index)."""
    best = np.argsort(-_np(pred), axis=1, kind="stable")[:, :k]
    return float((best == _np(target)[:, None]).any(1).mean())


def accuracy_thresh(pred: Any, target: Any, thresh: float = 0.5, sigmoid: bool = True) -> float:
    """Over all entries of an n-hot prediction: the fraction on the target's side of `thresh`; logits with `sigmoid`."""
    p = _sigmoid(_np(pred)) if sigmoid else _np(pred)
    return float(((p > thresh) == (_np(target) > 0.5)).mean())


def fbeta(
    pred: Any, target: Any, thresh: float = 0.2, beta: float = 2.0, eps: float = 1e-9, sigmoid: bool = True
) -> float:
    """The mean over samples of F-beta of n-hot predictions (n, c): precision and recall of each sample's classes.

    >>> import dlcore as dl
    >>> round(fbeta(dl.tensor([[1.0, 1.0, 0.0, 0.0]]), dl.tensor([[1.0, 0.0, 1.0, 1.0]]), sigmoid=False), 6)
    0.357143
    """
    p = (_sigmoid(_np(pred)) if sigmoid else _np(pred)) > thresh
    t = _np(target) > 0.5
    hits = (p & t).sum(1)
    precision, recall = hits / (p.sum(1) + eps), hits / (t.sum(1) + eps)
    square = beta * beta
    return float((precision * recall / (square * precision + recall + eps) * (1 + square)).mean())


def dice(pred: Any, target: Any) -> float:
    """The mean over samples of 2|A∩B| / (|A|+|B|) for pictures of two classes: pred (n, 2, h, w); 1 where both are
    empty. Targets are 0 or 1, (n, h, w)."""
    a, b = pred.argmax(1).numpy(), target.numpy()
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    both, sizes = (a * b).sum(1), a.sum(1) + b.sum(1)
    return float(np.where(sizes == 0, 1.0, 2 * both / np.maximum(sizes, 1)).mean())


@whole
def foreground_accuracy(pred: Any, target: Any, void_code: int = 0) -> float:
    """Accuracy of pixels whose target is not `void_code` (CamVid's metric), over all pixels of the set."""
    t = target.numpy()
    kept = t != void_code
    return float((pred.argmax(1).numpy() == t)[kept].mean()) if kept.any() else float("nan")


def mse(pred: Any, target: Any) -> float:
    """The mean squared difference, in float64; (n, 1) against (n,) drops the 1, other shapes must be equal."""
    p, t = _column(pred, target)
    return float(((p - t) ** 2).mean())


def mae(pred: Any, target: Any) -> float:
    """The mean absolute difference."""
    p, t = _column(pred, target)
    return float(np.abs(p - t).mean())


@whole
def rmse(pred: Any, target: Any) -> float:
    """The root of the mean squared difference, over the whole set."""
    return mse(pred, target) ** 0.5


@whole
def exp_rmspe(pred: Any, target: Any) -> float:
    """Root mean square percentage error of logarithms, √mean(((eᵗ - eᵖ) / eᵗ)²): Rossmann's, over the whole set."""
    p, t = _column(pred, target)
    return float(np.sqrt(((1 - np.exp(p - t)) ** 2).mean()))


@whole
def r2_score(pred: Any, target: Any) -> float:
    """1 - Σ(t - p)² / Σ(t - mean t)², over the whole set; NaN for targets that are all equal."""
    p, t = _column(pred, target)
    spread = ((t - t.mean()) ** 2).sum()
    return float(1 - ((t - p) ** 2).sum() / spread) if spread else float("nan")


@whole
def auc_roc(pred: Any, target: Any) -> float:
    """The area under the ROC curve of two classes: the chance that a positive sample scores above a negative one,
    ties half. `pred`: (n,), (n, 1), or (n, 2) logits, whose difference is the score. NaN without both classes."""
    p, t = _np(pred), _np(target).reshape(-1) > 0.5
    score = p[:, 1] - p[:, 0] if p.ndim == 2 and p.shape[1] == 2 else p.reshape(-1)
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    rank = (ends - (counts - 1) / 2)[place]  # from 1, ties share the middle
    n, positive = len(t), int(t.sum())
    if positive in (0, n):
        return float("nan")
    return float((rank[t].sum() - positive * (positive + 1) / 2) / (positive * (n - positive)))


def confusion_matrix(pred: Any, target: Any, classes: int | None = None) -> np.ndarray:
    """Counts [actual, predicted] of rows of `pred` (n, classes), or of predicted indices (n,).

    >>> import dlcore as dl
    >>> confusion_matrix(dl.tensor([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]), dl.tensor([0, 1, 1])).tolist()
    [[1, 0], [1, 1]]
    """
    p, t = _np(pred), _np(target).reshape(-1)
    n = classes or (p.shape[1] if p.ndim > 1 else int(max(p.max(initial=-1), t.max(initial=-1))) + 1)
    found = (p.argmax(1) if p.ndim > 1 else p).reshape(-1)
    return np.bincount(t.astype(np.int64) * n + found.astype(np.int64), minlength=n * n).reshape(n, n)


def with_options(metric: MetricFunc, **options: Any) -> MetricFunc:
    """`metric` with other defaults, under its own name: `with_options(fbeta, thresh=.5)`; `@whole` stays."""
    return update_wrapper(partial(metric, **options), metric)


class Tally:
    """Values of several metrics over the batches of one pass."""

    def __init__(self, metrics: Sequence[MetricFunc]):
        self.metrics = metrics
        self.samples = 0
        self.sums = [0.0] * len(metrics)
        self.kept: list[tuple[Any, Any]] = []
        self._whole = [getattr(m, "whole", False) for m in metrics]

    def add(self, pred: Any, target: Any, size: int) -> None:
        self.samples += size
        for i, metric in enumerate(self.metrics):
            if not self._whole[i]:
                self.sums[i] += size * float(metric(pred, target))
        if any(self._whole):
            self.kept.append((pred, target))

    def values(self) -> list[float]:
        if not self.samples:
            return [float("nan")] * len(self.metrics)
        if not self.kept:
            return [s / self.samples for s in self.sums]
        import dlcore as dl

        pred, target = (dl.cat(list(part)) for part in zip(*self.kept, strict=True))
        return [
            float(metric(pred, target)) if is_whole else s / self.samples
            for metric, is_whole, s in zip(self.metrics, self._whole, self.sums, strict=True)
        ]


def name_of(metric: Any) -> str:
    """What the table calls it: its `name`, or `__name__`."""
    while isinstance(metric, partial) and not hasattr(metric, "__name__"):
        metric = metric.func
    return str(getattr(metric, "name", None) or getattr(metric, "__name__", type(metric).__name__))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))
