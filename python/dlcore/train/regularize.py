"""Callbacks that change what is learnt from: mixup, label smoothing; and batch norms that stand still."""

from __future__ import annotations

from typing import Any

import numpy as np

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn

from .callback import Callback, Run
from .groups import BATCH_NORMS
from .losses import sample_losses


class MixUp(Callback):
    """Trains on sums of two samples, λ of one and 1 - λ of another of its batch, and their losses likewise; λ is drawn
    for each sample from Beta(alpha, alpha), the larger part first. Only floating inputs can be mixed.

    The draws belong to (seed, batch of the fit), so a fit resumes with them. (Zhang et al., "mixup: beyond empirical
    risk minimization", ICLR 2018; per sample and with λ ≥ ½, as fast.ai has it.)

    >>> from dlcore.train import MixUp
    >>> MixUp(alpha=0.4).alpha
    0.4
    """

    order = 1  # behind what chooses the loss

    def __init__(self, alpha: float = 0.4, seed: int = 0):
        if not alpha > 0:
            raise ValueError(f"MixUp: alpha must be above 0, not {alpha}")
        self.alpha, self.seed = alpha, seed

    def on_train_begin(self, run: Run) -> None:
        self.base = run.loss_func

    def on_batch_begin(self, run: Run) -> None:
        for x in run.inputs:
            if not x.dtype.is_floating_point:
                raise TypeError(f"MixUp: inputs of {x.dtype} cannot be mixed")
        n = run.target.shape[0]
        random = np.random.RandomState([self.seed % 2**32, run.iteration])  # a stream that NumPy has promised to keep
        part = random.beta(self.alpha, self.alpha, n)
        part = np.maximum(part, 1 - part).astype(np.float32)
        other = dl.from_numpy(random.permutation(n))
        run.inputs = tuple(_mixed(x, x[other], part) for x in run.inputs)
        second, base = run.target[other], self.base

        def loss(pred: Any, target: Any) -> Any:
            first, rest = sample_losses(base, pred, target), sample_losses(base, pred, second)
            lam = dl.from_numpy(part).to(first.dtype)
            return (first * lam + rest * (1 - lam)).mean()

        run.loss_func = loss


def _mixed(x: Any, other: Any, part: np.ndarray) -> Any:
    lam = dl.from_numpy(part).to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
    return x * lam + other * (1 - lam)


class LabelSmoothing(Callback):
    """Trains with cross-entropy whose target is 1 - eps for the class and eps spread over all; validation stays plain.

    (Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7.) ValueError for another loss.
    """

    def __init__(self, eps: float = 0.1):
        if not 0 <= eps <= 1:
            raise ValueError(f"LabelSmoothing: eps must be in [0, 1], not {eps}")
        self.eps = eps

    def on_train_begin(self, run: Run) -> None:
        if run.learn.loss_func is not F.cross_entropy and not isinstance(run.learn.loss_func, nn.CrossEntropyLoss):
            raise ValueError("LabelSmoothing: needs the loss F.cross_entropy")
        eps = self.eps

        def smoothed(pred: Any, target: Any, *, reduction: str = "mean") -> Any:
            return F.cross_entropy(pred, target, reduction=reduction, label_smoothing=eps)

        run.loss_func = smoothed


class BnFreeze(Callback):
    """Keeps the statistics of frozen batch norms: those whose weight is not trained run in eval mode.

    Without it frozen layers still take each batch's statistics and move their running ones, as in fast.ai and Keras 2.
    """

    def on_epoch_begin(self, run: Run) -> None:
        for m in run.learn.model.modules():
            if isinstance(m, BATCH_NORMS) and m.weight is not None and not m.weight.requires_grad:
                m.eval()
